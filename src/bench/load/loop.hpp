// Connections of a load generator and the one loop they share: a receive and a send each a turn, no allocation in
// steady state. A connection that is cut is opened again.
#pragma once

#include "bench/load/endpoint.hpp"
#include "shard/operation.hpp"

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace freshet::load {

class connection {
public:
    std::string out{};         ///< what is to be sent; its user appends
    bool awaits_reply{false};  ///< its user says so: silence is then a failure
    std::int64_t heard_ns{0};  ///< when something came last, or the user began to wait

    bool is_open() const { return state_ == state::open; }
    bool can_send() const { return is_open() && !wants_write_; }

private:
    friend class loop;
    enum class state : std::uint8_t { closed, connecting, open };

    owned_descriptor socket_{};
    state state_{state::closed};
    bool wants_write_{false};
    std::size_t sent_{0};          ///< of `out`
    std::string rest_{};           ///< the unfinished reply at the end of the last receive
    std::int64_t next_try_ns_{0};  ///< where closed
    std::int64_t back_off_ns_{0};
};

enum class loss : std::uint8_t { cut, no_reply };

class connection_user {
public:
    virtual ~connection_user() = default;

    /// How many of the bytes it has used up; the rest comes again with what follows it.
    virtual std::size_t on_bytes(connection& c, std::string_view bytes, std::int64_t now_ns) = 0;
    /// What was to be sent or was awaited will not be.
    virtual void on_lost(connection& c, loss how) = 0;
    /// It is open again, after a loss.
    virtual void on_open(connection& c, std::int64_t now_ns) = 0;
};

class loop {
public:
    /// `patience`: with a reply, and with a connection that is opened again.
    loop(connection_user& user, const endpoint& server, std::chrono::nanoseconds patience);

    /// Connects. The connection must stay where it is. Throws a sentence.
    void add(connection& c);

    /// Sends what it can; the rest follows in later turns.
    void flush(connection& c);

    /// Waits until something arrives, at most so long, and tells the user.
    void turn(std::int64_t limit_ns);

    /// Attempts to open a connection again that did not succeed.
    std::uint64_t failed_attempts() const { return failed_attempts_; }

private:
    void on_event(connection& c, std::uint32_t happened);
    void opened(connection& c);
    void receive(connection& c);
    void lose(connection& c, loss how);
    void look_after(std::int64_t now);
    void open_again(connection& c, std::int64_t now);
    void try_later(connection& c);
    void want_write(connection& c, bool wanted);
    void watch(int operation, connection& c, std::uint32_t events) const;

    connection_user& user_;
    const endpoint& server_;
    std::int64_t patience_ns_;
    owned_descriptor epoll_;
    std::vector<connection*> all_{};
    std::array<epoll_event, 1024> events_{};
    std::vector<char> buffer_;
    std::int64_t looked_after_ns_{0};
    std::uint64_t failed_attempts_{0};
};

/// As many descriptors as the system allows. Throws a sentence if that is too few.
void allow_connections(std::size_t connections);

}  // namespace freshet::load
