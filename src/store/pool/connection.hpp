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
    /// Answers calls that have waited for `timeout`, but for the one whose answer or command is on its way, and ends
    /// the connection when that one stands still or takes longer than `transfer_max`. Costs the same however many wait.
    void tick(steady::time_point now);
    /// Ends it: every call that waits is answered.
    void cut(errc why, const std::string& reason);

    bool is_open() const noexcept { return descriptor_ >= 0; }
    const socket_address& peer() const noexcept { return peer_; }
    /// An answer is owed, though maybe to nobody who still waits for it.
    bool waits() const noexcept { return greeting_ != greeting::done || !ring_.empty(); }
    std::size_t waiting() const noexcept { return ring_.size(); }
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
    bool receive();
    void receive_all();
    void read_answers();
    bool read_greeting();
    bool read_greeting_line();
    bool take_greeting(std::string_view line);
    void cut_after(std::string_view said);
    void forget_what_is_under_way();
    bool front_flows() const noexcept;
    bool front_is_late() const noexcept { return looked_at_ > ring_.popped(); }
    void look_at_taken(steady::time_point now);
    bool has_late(steady::time_point now) const noexcept;
    const char* standstill(steady::time_point now) const noexcept;
    steady::time_point front_due_since() const noexcept;
    void give_up_late(steady::time_point now);

    shard& home_;
    const memcached_options& options_;
    std::string_view subject_;
    connection_owner& owner_;
    socket_address peer_{};
    int descriptor_{-1};
    bool ended_{false};
    bool half_asked_{false};  ///< there was no memory for the rest: nothing of it is sent
    bool watching_write_{true};
    greeting greeting_{greeting::probe};
    bool explicit_cas_{false};
    steady::time_point begun_;
    steady::time_point moved_{};      ///< when something came last, or went of the first command that waits
    steady::time_point useful_{};     ///< when a call was answered in time last
    steady::time_point way_free_{};   ///< when what took long was over: from then on the next ones are due
    bool slow_front_{false};          ///< the first that waits is late, and on its way
    bool command_on_its_way_{false};  ///< of the first that waits, at the last tick
    std::string version_{};
    intake input_;
    answer_reader reader_{};
    output out_{};
    std::size_t greeted_{0};  ///< bytes of the greeting that were sent
    std::uint64_t asked_{0};  ///< bytes of calls, with those of out_
    std::uint64_t sent_{0};
    std::uint64_t taken_{0};      ///< of them, what the server's socket is known to have
    std::uint64_t looked_at_{0};  ///< of all that the ring ever had: those that were late, and answered if need be
    pending_ring ring_{};
};

/// Tells the call that it failed, as the options say: a get may be told as a miss.
void answer_failed(call& c, const memcached_options& options, errc why, effect happened, std::string_view subject);

}  // namespace freshet
