// One thread of the load on a cache: its connections, and the requests it draws for them.
#pragma once

#include "bench/live.hpp"
#include "bench/load/endpoint.hpp"
#include "bench/load/loop.hpp"
#include "bench/load/pipeline.hpp"
#include "bench/load/random.hpp"
#include "bench/load/ring.hpp"
#include "bench/options.hpp"
#include "protocol/form.hpp"

#include <atomic>
#include <deque>
#include <limits>
#include <optional>

namespace freshet::load {

/// What all threads share and none changes.
struct traffic {
    cache_options options;
    endpoint server;
    contents of;
    dialect said;
    std::optional<zipf_source> zipf;

    traffic(const cache_options& o, endpoint s)
        : options(o), server(std::move(s)), of(o.key_bytes, o.value_bytes), said(make_dialect(o.protocol, of)) {
        if (o.zipf_exponent > 0) zipf.emplace(static_cast<std::uint32_t>(o.keys), o.zipf_exponent);
    }
};

/// One part of a run, for one thread.
struct phase {
    std::uint64_t requests{std::numeric_limits<std::uint64_t>::max()};
    std::int64_t end_ns{std::numeric_limits<std::int64_t>::max()};
    std::optional<std::uint64_t> fill_from{};  ///< sets of these keys, not what is drawn
    double interval_ns{0};                     ///< between commands of an open loop; 0: a closed one
    double first_ns{0};                        ///< when the first is due
    double requests_a_command{1};
};

class worker final : public connection_user {
public:
    /// Opens its connections. Throws a sentence.
    worker(const traffic& t, std::size_t number, live_line& live, const std::atomic<bool>& stop);

    /// Returns when all is answered, or an interrupt came, or `stop` was set. Throws wrong_reply, and a sentence
    /// where nothing ends the phase and the server stays away.
    tally drive(const phase& p);

    std::size_t on_bytes(connection& c, std::string_view bytes, std::int64_t now) override;
    void on_lost(connection& c, loss how) override;
    void on_open(connection& c, std::int64_t now) override;

private:
    struct client : connection {
        client(const dialect& said, const contents& of) : asked(said, of) {}

        pipeline asked;
        std::vector<std::uint64_t> missed{};  ///< keys to be set next
        bool is_busy{false};                  ///< waits for replies
        bool is_idle{false};                  ///< among those that wait for what is due
    };

    bool stopped() const;
    void hand_over(client& c, std::int64_t now);
    void send_pipeline(client& c, std::size_t commands, std::int64_t now);
    std::uint64_t ask_command(client& c, std::int64_t begin_ns);
    std::optional<std::uint64_t> draw_set(client& c);
    std::uint64_t draw_key();
    void send_due(std::int64_t now);
    std::int64_t wait_ns(std::int64_t now) const;
    void end_sending(std::int64_t now);
    void check_progress(std::int64_t now);
    void tell_live(std::int64_t now);

    const traffic& traffic_;
    live_line& live_;
    const std::atomic<bool>& stop_;
    random_source random_;
    std::uint64_t next_one_hit_;
    std::deque<client> clients_{};
    loop loop_;
    phase phase_{};
    tally tally_{};
    std::uint64_t left_{0};                       ///< requests still to be sent
    std::uint64_t fill_next_{0};                  ///< next key of a fill
    std::vector<std::uint64_t> to_fill_again_{};  ///< keys whose sets were not answered
    std::size_t busy_{0};                         ///< connections that wait for replies
    ring<client*> idle_{};                        ///< of an open loop
    double due_ns_{0};                            ///< when the next command of an open loop is to be sent
    std::int64_t progress_ns_{0};
    std::uint64_t attempts_before_{0};
    histogram times_told_{};  ///< to the live line
    std::uint64_t errors_told_{0};
    std::int64_t told_ns_{0};
};

}  // namespace freshet::load
