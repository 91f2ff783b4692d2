// Connections of a client to one server, each with a number of requests under way; and the talk they hold.
#pragma once

#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "protocol/ask.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace freshet::demonstration {

/// After it values are gone that nobody could remove.
inline constexpr std::chrono::seconds value_ttl{600};

/// Where a conversation puts a command.
class asking {
public:
    void get(std::string_view key);
    void set(std::string_view key, std::string_view value);
    void remove(std::string_view key);

    bytes written{};
    request asked{};  ///< the last one, without its key and value
};

class conversation {
public:
    virtual ~conversation() = default;

    /// Appends one command and says what it is about. False: there is nothing to ask now.
    virtual bool ask(asking& to, std::uint32_t& subject) = 0;
    /// `took`: from when it was asked until its answer had been received.
    virtual void answered(std::uint32_t subject, const reply& answer, std::chrono::nanoseconds took) = 0;
    /// True: what is still under way is of no interest any more.
    virtual bool over() const { return false; }
    /// True: it will have something to ask in a moment, also when nothing is under way now.
    virtual bool later() const { return false; }
};

struct crowd {
    std::size_t connections;
    std::size_t depth;  ///< requests under way on each

    std::size_t concurrency() const noexcept { return connections * depth; }
};

struct party {
    conversation& talk;
    const std::string& socket_path;
    crowd of;
};

/// The line with which the server at that socket answers the command; empty: it does not.
std::string ask_line(const std::string& socket_path, const std::string& command);

/// Holds them side by side until there is nothing left to ask and to be answered, or one is over; the time that took.
/// Throws std::runtime_error where a server goes away.
std::chrono::nanoseconds hold(std::span<const party> parties);
std::chrono::nanoseconds hold(conversation& talk, const std::string& socket_path, crowd of);

}  // namespace freshet::demonstration
