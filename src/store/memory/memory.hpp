// The memory store's commands, each under one stripe's lock. The semantics are memcached's.
#pragma once

#include <freshet/time.hpp>

#include "call/call.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "store/memory/memory_store.hpp"
#include "store/memory/stripe.hpp"
#include "store/statistics.hpp"
#include "store/store.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

class memory final : public memory_store {
public:
    explicit memory(const memory_options& options);

    bool submit(call& c) override;
    bool watch(watcher& w) override;
    bool unwatch(watcher& w) override;
    void flush_all(steady::time_point now, seconds delay) override;
    void add_statistics(std::vector<statistic>& to, std::string_view group, steady::time_point now) override;
    void reset_statistics() override;
    std::size_t bytes_used() const override;
    void take_kept_changes(const kept_change& tell) override;
    bool has_kept(std::string_view key) override;

private:
    /// What a command works on: its stripe, locked, and the item of its key or null.
    struct place {
        stripe& in;
        std::uint32_t hash;
        std::uint32_t now;
        stored_item* item;
    };

    void answer_keyless(call& c);
    void get(place& at, const request& r, reply& a);
    void store(place& at, const request& r, reply& a);
    void remove(place& at, const request& r, reply& a);
    void arithmetic(place& at, const request& r, reply& a);
    void inspect(place& at, reply& a);
    void touch(place& at, const request& r, reply& a);

    static std::optional<outcome> objection(const stored_item* old, const request& r, bool& stale) noexcept;
    bool fits(std::size_t key_size, std::uint32_t flags, std::size_t value_size) const noexcept;
    static bool write_counter(place& at, const request& r, reply& a);
    static stored_item* write(place& at, std::string_view key, std::string_view value);
    static void accessed(place& at) noexcept;
    static void describe(place& at, reply& a) noexcept;
    std::uint64_t next_cas(const request& r) noexcept { return r.assign ? r.assign_cas : next_cas(); }
    std::uint64_t next_cas() noexcept { return cas_.fetch_add(1, std::memory_order_relaxed) + 1; }
    std::uint32_t expiry_before(const place& at, const request& r, bool created, std::uint32_t base,
                                unsigned flag) const noexcept;
    /// What is over is shown as memcached shows it: below zero, in 32 bits without a sign.
    static std::int64_t ttl(std::uint32_t expires, std::uint32_t now) noexcept {
        return expires == 0 ? -1 : std::int64_t{expires - now};
    }
    std::uint32_t seconds_at(steady::time_point t) const noexcept;
    std::uint32_t expiry(std::int64_t exptime, std::uint32_t now) const noexcept;
    stripe& stripe_of(std::size_t hash) noexcept { return *stripes_[(hash >> 40) & (stripes_.size() - 1)]; }
    void flush_if_due(stripe& s, std::uint32_t now);

    memory_options options_;
    steady::time_point epoch_;  ///< the store's clock began here, two seconds before the process
    std::int64_t epoch_wall_;   ///< the same moment in seconds since 1970
    std::atomic<std::uint64_t> cas_{0};
    std::vector<std::unique_ptr<stripe>> stripes_;  ///< a power of two
};

}  // namespace freshet
