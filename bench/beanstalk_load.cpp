// `freshet bench queue` for a server that speaks beanstalkd's protocol: the peer of the journal.
#include <freshet/config.hpp>

#include "bench/bench.hpp"
#include "bench/command.hpp"
#include "bench/tally.hpp"

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <cstdio>
#include <exception>

namespace {

using namespace freshet::load;

constexpr std::string_view inserted = "INSERTED ", reserved = "RESERVED ";

class beanstalk_wire final : public wire {
public:
    explicit beanstalk_wire(const contents& bodies)
        : bodies_(bodies), publish_(fmt::format("put 0 0 120 {}\r\n", bodies.value_bytes())) {}

    void append_publish(std::string& to, std::uint64_t message) const override {
        to += publish_;
        bodies_.append_value(to, message);
        to += "\r\n";
    }
    void append_receive(std::string& to) const override { to += "reserve-with-timeout 0\r\n"; }
    void append_settle(std::string& to, std::uint64_t number) const override {
        to += "delete ";
        append_number(to, number);
        to += "\r\n";
    }

    queue_answer read_published(std::string_view bytes) const override { return read_line(bytes, inserted); }
    queue_answer read_settled(std::string_view bytes) const override { return read_line(bytes, "DELETED\r\n"); }
    queue_answer read_delivery(std::string_view bytes) const override {
        const std::string_view line = line_of(bytes);
        if (line == "TIMED_OUT\r\n") return {queue_reply::nothing, line.size()};
        queue_answer answer = read_line(bytes, reserved);
        if (answer.what != queue_reply::good) return answer;
        answer.size += bodies_.value_bytes() + 2;
        if (bytes.size() < answer.size) return {};
        answer.number = number_at(line.substr(reserved.size()));
        answer.text = bytes.substr(line.size(), bodies_.value_bytes());
        return answer;
    }

private:
    static queue_answer read_line(std::string_view bytes, std::string_view beginning) {
        const std::string_view line = line_of(bytes);
        if (line.empty()) return {};
        if (line.starts_with(beginning)) return {queue_reply::good, line.size()};
        return {queue_reply::error, line.size(), 0, line.substr(0, line.size() - 2)};
    }

    const contents& bodies_;
    std::string publish_;
};

}  // namespace

int main(int argc, char** argv) {
    queue_options options;
    CLI::App app("freshet bench queue for beanstalkd");
    freshet::add_queue_load_options(app, options);
    CLI11_PARSE(app, argc, argv);
    try {
        return drive_queue(options, [](const queue_options&, const contents& bodies) {
            return std::make_unique<beanstalk_wire>(bodies);
        });
    } catch (const std::exception& e) {
        std::fprintf(stderr, "freshet: %s\n", e.what());
        return 1;
    }
}
