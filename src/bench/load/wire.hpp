// What is said to a server with queues, and how its replies are read. No sockets.
#pragma once

#include <freshet/config.hpp>

#include "bench/load/contents.hpp"
#include "bench/options.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace freshet::load {

enum class queue_reply : std::uint8_t {
    partial,  ///< not whole yet
    good,
    nothing,  ///< the queue has none to give
    error,    ///< said so by the server
};

struct queue_answer {
    queue_reply what{queue_reply::partial};
    std::size_t size{0};
    std::uint64_t number{0};  ///< of a delivery: what settles it
    std::string_view text{};  ///< the body, or the words of the error
};

class wire {
public:
    virtual ~wire() = default;
    virtual void append_publish(std::string& to, std::uint64_t message) const = 0;
    virtual void append_receive(std::string& to) const = 0;
    virtual void append_settle(std::string& to, std::uint64_t number) const = 0;
    /// Of the reply at the beginning of the bytes. Throw wrong_reply where it is no answer to such a question.
    virtual queue_answer read_published(std::string_view bytes) const = 0;
    virtual queue_answer read_delivery(std::string_view bytes) const = 0;
    virtual queue_answer read_settled(std::string_view bytes) const = 0;
};

using wire_maker = std::function<std::unique_ptr<wire>(const queue_options&, const contents&)>;

/// The memcached protocol: set KEY, gets KEY/open, delete KEY/NUMBER. The contents must outlive it.
std::unique_ptr<wire> make_memcached_wire(const queue_options& options, const contents& bodies);

/// For wires. The line at the beginning with its end, which is "\r\n"; empty: it is not whole yet.
std::string_view line_of(std::string_view bytes);
/// The number at the beginning. Throws wrong_reply.
std::uint64_t number_at(std::string_view bytes);
[[noreturn]] void refuse_reply(std::string_view line, const char* to_what);

}  // namespace freshet::load
