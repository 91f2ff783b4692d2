#include "bench/load/wire.hpp"

#include <freshet/error.hpp>

#include "base/escape.hpp"
#include "base/whole_number.hpp"
#include "bench/load/reply_line.hpp"
#include "bench/tally.hpp"

#include <fmt/format.h>

namespace freshet::load {

namespace {

constexpr std::string_view after_body = "\r\nEND\r\n";

queue_answer error_of(std::string_view line) {
    return {queue_reply::error, line.size(), 0, line.substr(0, line.size() - 2)};
}

/// A reply of one line: `good`, or an error, of which `bad` is one.
queue_answer read_line(std::string_view bytes, std::string_view good, std::string_view bad, const char* to_what) {
    const std::string_view line = line_of(bytes);
    if (line.empty()) return {};
    if (line == good) return {queue_reply::good, line.size()};
    if (is_error(line) || line == bad) return error_of(line);
    refuse_reply(line, to_what);
}

class memcached_wire final : public wire {
public:
    memcached_wire(const std::string& key, const contents& bodies)
        : bodies_(bodies),
          publish_(fmt::format("set {} 0 0 {}\r\n", key, bodies.value_bytes())),
          receive_(fmt::format("gets {}/open\r\n", key)),
          settle_(fmt::format("delete {}/", key)),
          delivery_(fmt::format("VALUE {}/open ", key)) {}

    void append_publish(std::string& to, std::uint64_t message) const override {
        to += publish_;
        bodies_.append_value(to, message);
        to += "\r\n";
    }
    void append_receive(std::string& to) const override { to += receive_; }
    void append_settle(std::string& to, std::uint64_t number) const override {
        to += settle_;
        append_number(to, number);
        to += "\r\n";
    }

    queue_answer read_published(std::string_view bytes) const override {
        return read_line(bytes, "STORED\r\n", "NOT_STORED\r\n", "a set");
    }
    queue_answer read_settled(std::string_view bytes) const override {
        return read_line(bytes, "DELETED\r\n", "NOT_FOUND\r\n", "a delete");
    }
    queue_answer read_delivery(std::string_view bytes) const override {
        const std::string_view line = line_of(bytes);
        if (line.empty()) return {};
        if (line == end_line) return {queue_reply::nothing, line.size()};
        if (is_error(line)) return error_of(line);
        if (!line.starts_with(delivery_)) refuse_reply(line, "a gets");
        // FLAGS BYTES NUMBER: another client's message may have any
        const std::string_view numbers = line.substr(delivery_.size());
        const std::size_t size_at = numbers.find(' ') + 1, number_at_ = numbers.find(' ', size_at) + 1;
        if (size_at == 0 || number_at_ == 0) refuse_reply(line, "a gets");
        const std::uint64_t size = number_at(numbers.substr(size_at));
        if (size > bodies_.value_bytes()) refuse_reply(line, "a gets: the message is none of this run");
        if (bytes.size() < line.size() + size + after_body.size()) return {};
        if (bytes.substr(line.size() + size, after_body.size()) != after_body)
            refuse_reply(line, "a gets: it does not end as it should");
        return {queue_reply::good, line.size() + size + after_body.size(), number_at(numbers.substr(number_at_)),
                bytes.substr(line.size(), size)};
    }

private:
    const contents& bodies_;
    std::string publish_, receive_, settle_, delivery_;
};

}  // namespace

std::unique_ptr<wire> make_memcached_wire(const queue_options& options, const contents& bodies) {
    return std::make_unique<memcached_wire>(options.key, bodies);
}

std::string_view line_of(std::string_view bytes) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
        if (bytes.size() > line_max) refuse_reply(bytes.substr(0, line_max), "anything: it has no end");
        return {};
    }
    if (end == 0 || bytes[end - 1] != '\r') refuse_reply(bytes.substr(0, end), "anything: its line ends wrongly");
    return bytes.substr(0, end + 1);
}

std::uint64_t number_at(std::string_view bytes) {
    const auto number = take_whole_number<std::uint64_t>(bytes);
    if (!number) refuse_reply(bytes, "anything: it has no number where one belongs");
    return *number;
}

void refuse_reply(std::string_view line, const char* to_what) {
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    throw wrong_reply(fmt::format("the reply {} does not fit {}", in_quotes(line), to_what));
}

}  // namespace freshet::load
