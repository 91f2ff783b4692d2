// One pipelined connection to a memcached server: calls in, their answers in the same order. When it ends, each call
// that waits is told whether its command can have arrived. Own thread only.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "call/call.hpp"
#include "shard/intake.hpp"
#include "shard/output.hpp"
#include "shard/reactor.hpp"
#include "shard/shard.hpp"
#include "shard/socket_address.hpp"
#include "store/pool/meta_codec.hpp"
#include "store/pool/pending_ring.hpp"

#include <string>

namespace freshet {

class connection;

/// Who uses a connection.
class connection_owner {
public:
    /// What it says at the beginning is a memcached server's, and it takes calls.
    virtual void greeted(connection& from) = 0;
    /// At least one call has had a good answer.
    virtual void answered(connection& from) = 0;
    /// It has ended and disposes of itself; its calls are answered behind this. `idle`: nobody waited for anything.
    virtual void lost(connection& which, errc why, const std::string& reason, bool idle) = 0;

protected:
    ~connection_owner() = default;
};

class connection final : public endpoint {
public:
    /// `subject` names the server in failures ("server 10.0.0.1:11211") and outlives every call.
    connection(shard& home, const memcached_options& options, std::string_view subject, connection_owner& owner);
    ~connection() override;

    /// Begins to connect. Until then, and until the server has answered the greeting, calls wait. It may be lost before
    /// this returns.
    void open(const socket_address& to);
    /// True: answered now, that it is busy. False: later.
    bool submit(call& c);
    /// Ends it: every call that waits is answered.
    void cut(errc why, const std::string& reason);

    bool is_open() const noexcept { return descriptor_ >= 0; }
    const socket_address& peer() const noexcept { return peer_; }
    bool waits() const noexcept { return greeting_ != greeting::done || !ring_.empty(); }
    std::size_t waiting() const noexcept { return ring_.size(); }
    /// Since when somebody waits, if anybody does.
    steady::time_point waits_since() const noexcept;
    /// What the server said of itself; empty: nothing yet.
    const std::string& version() const noexcept { return version_; }
    bool knows_explicit_cas() const noexcept { return explicit_cas_; }

    void readable() override;
    void flush() override;
    void dead() override;

private:
    /// Each connection begins with `mg ... E1`, which only servers from 1.6.27 on take, and `version`.
    enum class greeting : std::uint8_t { probe, version, done };

    /// What its end is told as, when the socket fails.
    errc broken() const noexcept { return greeting_ != greeting::done ? errc::unreachable : errc::connection_lost; }
    void greet();
    void watch(bool write);
    void read_answers();
    bool read_greeting();
    bool take_greeting(std::string_view line);

    shard& home_;
    const memcached_options& options_;
    std::string_view subject_;
    connection_owner& owner_;
    socket_address peer_{};
    int descriptor_{-1};
    bool ended_{false};
    bool watching_write_{true};
    greeting greeting_{greeting::probe};
    bool explicit_cas_{false};
    steady::time_point begun_;
    std::string version_{};
    intake input_;
    answer_reader reader_{};
    output out_{};
    std::size_t greeted_{0};  ///< bytes of the greeting that were sent
    std::uint64_t asked_{0};  ///< bytes of calls, with those of out_
    std::uint64_t sent_{0};
    pending_ring ring_{};
};

/// Tells the call that it failed, as the options say: a get may be told as a miss.
void answer_failed(call& c, const memcached_options& options, errc why, effect happened, std::string_view subject);

}  // namespace freshet
