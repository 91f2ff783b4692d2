// `freshet bench queue` for a stream of Redis: XADD, XREADGROUP, XACK; the peer of the journal. The stream's group is
// there before the run.
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
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>

namespace {

using namespace freshet::load;

constexpr std::string_view group = "workers";

std::string command(std::initializer_list<std::string_view> words) {
    std::string to = fmt::format("*{}\r\n", words.size());
    for (const std::string_view word : words) to += fmt::format("${}\r\n{}\r\n", word.size(), word);
    return to;
}

/// An id is milliseconds and a number within them: "1700000000000-7".
constexpr unsigned within_bits = 20;
constexpr std::uint64_t within_max = (std::uint64_t{1} << within_bits) - 1;

/// Reads replies piece by piece; `is_whole()` is false where one is not all there yet.
class reader {
public:
    explicit reader(std::string_view bytes) : rest_(bytes), size_(bytes.size()) {}

    bool is_whole() const { return is_whole_; }
    std::size_t used() const { return size_ - rest_.size(); }
    std::string_view line() {
        const std::string_view found = is_whole_ ? line_of(rest_) : std::string_view{};
        is_whole_ = !found.empty();
        rest_.remove_prefix(found.size());
        return found;
    }
    /// The whole reply where it is a string: "$LENGTH", then it.
    std::string_view string() {
        const std::string_view head = line();
        if (!is_whole_) return {};
        if (!head.starts_with('$')) refuse_reply(head, "a command of which a string is awaited");
        const std::uint64_t length = number_at(head.substr(1));
        is_whole_ = rest_.size() >= length + 2;
        if (!is_whole_) return {};
        const std::string_view found = rest_.substr(0, length);
        rest_.remove_prefix(length + 2);
        return found;
    }
    void expect(std::string_view wanted) {
        const std::string_view head = line();
        if (is_whole_ && head != wanted) refuse_reply(head, "a command of which an array is awaited");
    }

private:
    std::string_view rest_;
    std::size_t size_;
    bool is_whole_{true};
};

class stream_wire final : public wire {
public:
    stream_wire(const std::string& stream, const contents& bodies)
        : bodies_(bodies),
          publish_(fmt::format("*5\r\n$4\r\nXADD\r\n${}\r\n{}\r\n$1\r\n*\r\n$1\r\nb\r\n${}\r\n", stream.size(), stream,
                               bodies.value_bytes())),
          receive_(command({"XREADGROUP", "GROUP", group, "freshet", "COUNT", "1", "STREAMS", stream, ">"})),
          settle_(fmt::format("*4\r\n$4\r\nXACK\r\n${}\r\n{}\r\n${}\r\n{}\r\n", stream.size(), stream, group.size(),
                              group)) {}

    void append_publish(std::string& to, std::uint64_t message) const override {
        to += publish_;
        bodies_.append_value(to, message);
        to += "\r\n";
    }
    void append_receive(std::string& to) const override { to += receive_; }
    void append_settle(std::string& to, std::uint64_t number) const override {
        std::string id;
        append_number(id, number >> within_bits);
        id += '-';
        append_number(id, number & within_max);
        to += settle_;
        to += '$';
        append_number(to, id.size());
        to += "\r\n" + id + "\r\n";
    }

    queue_answer read_published(std::string_view bytes) const override {
        if (const auto error = read_error(bytes)) return *error;
        reader r(bytes);
        r.string();
        return good(r);
    }
    queue_answer read_settled(std::string_view bytes) const override {
        if (const auto error = read_error(bytes)) return *error;
        reader r(bytes);
        const std::string_view line = r.line();
        if (r.is_whole() && line != ":1\r\n") refuse_reply(line, "an XACK");
        return good(r);
    }
    queue_answer read_delivery(std::string_view bytes) const override {
        if (const auto error = read_error(bytes)) return *error;
        constexpr std::string_view nothing = "*-1\r\n";
        if (bytes.starts_with(nothing)) return {queue_reply::nothing, nothing.size()};
        reader r(bytes);
        r.expect("*1\r\n");  // of one stream:
        r.expect("*2\r\n");  // its name and
        r.string();
        r.expect("*1\r\n");  // one message:
        r.expect("*2\r\n");  // its id and
        const std::string_view id = r.string();
        r.expect("*2\r\n");  // a name and the body
        r.string();
        const std::string_view body = r.string();
        queue_answer answer = good(r);
        if (answer.what != queue_reply::good) return answer;
        const std::uint64_t within = number_at(id.substr(id.find('-') + 1));
        if (within > within_max) refuse_reply(id, "an XREADGROUP of this bench: so many messages in a millisecond");
        answer.number = (number_at(id) << within_bits) | within;
        answer.text = body;
        return answer;
    }

private:
    static std::optional<queue_answer> read_error(std::string_view bytes) {
        if (!bytes.starts_with('-')) return std::nullopt;
        const std::string_view line = line_of(bytes);
        if (line.empty()) return queue_answer{};
        return queue_answer{queue_reply::error, line.size(), 0, line.substr(0, line.size() - 2)};
    }
    static queue_answer good(const reader& r) {
        if (!r.is_whole()) return {};
        return {queue_reply::good, r.used()};
    }

    const contents& bodies_;
    std::string publish_, receive_, settle_;
};

}  // namespace

int main(int argc, char** argv) {
    queue_options options;
    CLI::App app("freshet bench queue for a stream of Redis with the group \"workers\"");
    freshet::add_queue_load_options(app, options);
    CLI11_PARSE(app, argc, argv);
    try {
        return drive_queue(options, [](const queue_options& o, const contents& bodies) {
            return std::make_unique<stream_wire>(o.key, bodies);
        });
    } catch (const std::exception& e) {
        std::fprintf(stderr, "freshet: %s\n", e.what());
        return 1;
    }
}
