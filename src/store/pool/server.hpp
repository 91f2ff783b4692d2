// One server of a pool: its connection, and what happens when that fails. Own thread only.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "call/call.hpp"
#include "shard/resolver.hpp"
#include "shard/shard.hpp"
#include "shard/socket_address.hpp"
#include "store/pool/address.hpp"
#include "store/pool/connection.hpp"
#include "store/pool/server_stage.hpp"
#include "store/store.hpp"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace freshet {

/// Up until `failures_max` failures in a row; then down: its calls are answered at once, and after growing pauses it is
/// asked whether it answers again. One that greets is on trial: it has calls again, and is up or down by what becomes
/// of the first.
class pool_server final : public store, private connection_owner {
public:
    /// `wake` is called when somebody begins to wait without having been submitted: tick() is needed.
    pool_server(shard& home, const memcached_options& options, const server_address& address, resolver& by,
                std::function<void()> wake);
    ~pool_server() override;

    bool submit(call& c) override;
    /// Answers as one that is down does; true.
    bool leave(call& c);
    const std::string& name() const noexcept { return name_; }
    /// Answers all that wait, and from now on every call.
    void stop();
    /// Ends what waits for longer than the options allow.
    void tick(steady::time_point now);
    /// Somebody waits for this server: tick() is needed.
    bool waits() const noexcept;
    /// "STORE:SERVER:state up" and more, as this shard sees it.
    void describe(bytes& to, bool aside) const;

private:
    void greeted(connection& from) override;
    void answered(connection& from) override;
    void lost(connection& which, errc why, const std::string& reason, bool idle) override;

    void begin();
    void look_up(void (pool_server::*then)(resolved));
    void found(resolved there);
    void open();
    void refresh();
    void moved(resolved there);
    const char* state() const noexcept;
    void note_version(const connection& of);
    errc why_down() const noexcept;
    void fail(errc why, const std::string& reason);
    void go_down(const std::string& reason);
    const char* fate_of_gets() const noexcept { return options_.miss_on_error ? "miss" : "fail"; }
    void after(milliseconds time, void (pool_server::*then)());
    void happened(server_event e) noexcept { stage_ = next_stage(stage_, e); }
    bool is_down() const noexcept { return stage_ == server_stage::down || stage_ == server_stage::probing; }
    /// Down, or on trial: no call has been answered since it was down.
    bool has_failed_too_often() const noexcept { return failures_ >= options_.failures_max; }
    bool is_stopped() const noexcept { return stage_ == server_stage::stopped; }
    bool is_name() const noexcept { return literal_.size == 0; }

    shard& home_;
    const memcached_options& options_;
    server_address address_;
    resolver& resolver_;
    std::function<void()> wake_;
    std::string name_;     ///< "10.0.0.1:11211"
    std::string subject_;  ///< "server 10.0.0.1:11211"
    socket_address literal_;
    std::vector<socket_address> addresses_{};  ///< that the name had when it was last looked up
    bool addresses_known_{false};              ///< since the last failure
    connection* current_{nullptr};             ///< the reactor's once it has ended
    std::vector<connection*>
        retired_{};  ///< of an address that the name no longer has: they answer what they were asked
    std::shared_ptr<pool_server*> self_;  ///< for handlers that may come too late
    boost::asio::steady_timer timer_;
    std::minstd_rand random_{std::random_device{}()};

    server_stage stage_{server_stage::idle};
    unsigned failures_{0};  ///< in a row: no call was answered in between
    milliseconds pause_{0};
    steady::time_point down_since_{};
    errc last_failure_{errc::unreachable};
    std::string last_reason_{};
    std::string version_{};
    bool explicit_cas_{false};
    bool has_greeted_{false};  ///< once, and could be used
    std::uint64_t failures_total_{0};
    std::uint64_t connections_total_{0};
};

}  // namespace freshet
