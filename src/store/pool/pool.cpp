// The store of a pool: a key's server is found, and asked. Own thread only.
#include "store/pool/pool.hpp"

#include <freshet/time.hpp>

#include "call/call.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "store/every_store.hpp"
#include "store/pool/placement/placement.hpp"
#include "store/pool/server.hpp"

#include <algorithm>
#include <cstddef>

namespace freshet {

namespace {

class memcached final : public store, private ticker {
public:
    memcached(shard& home, memcached_options options, std::unique_ptr<resolver> own, resolver* by,
              std::shared_ptr<const servers_set_aside> aside);
    ~memcached() override;

    bool submit(call& c) override;

private:
    bool submit_keyless(call& c);
    bool submit_by_name(call& c);
    bool is_aside(std::size_t server) const noexcept { return aside_ != nullptr && aside_->is_aside(server); }
    void tick(steady::time_point now) override;
    void wake();

    shard& home_;
    memcached_options options_;
    std::unique_ptr<resolver> own_resolver_;
    std::unique_ptr<placement> placement_;
    std::vector<std::unique_ptr<pool_server>> servers_;
    std::unique_ptr<store> every_server_;
    std::shared_ptr<const servers_set_aside> aside_;
    bool ticking_{false};
};

memcached::memcached(shard& home, memcached_options options, std::unique_ptr<resolver> own, resolver* by,
                     std::shared_ptr<const servers_set_aside> aside)
    : home_(home),
      options_(std::move(options)),
      own_resolver_(std::move(own)),
      placement_(make_placement(options_.hash, options_.servers, options_.hash_tag)),
      aside_(std::move(aside)) {
    std::vector<store*> all;
    for (const server_address& s : options_.servers) {
        servers_.push_back(
            std::make_unique<pool_server>(home, options_, s, by != nullptr ? *by : *own_resolver_, [this] { wake(); }));
        all.push_back(servers_.back().get());
    }
    every_server_ = make_every_store(home, all, all);
    wake();
}

memcached::~memcached() {
    for (const auto& s : servers_) s->stop();  // who is answered may ask another one of them
    if (ticking_) home_.remove(*this);
}

bool memcached::submit(call& c) {
    const request& r = c.request;
    if (r.command == command::flush_all || r.command == command::stats) return submit_keyless(c);
    if (r.no_room) {
        c.reply.fail(errc::busy, effect::not_done, "the server");
        return true;
    }
    if (r.too_large && r.keep_item) {
        c.reply.outcome = outcome::too_large;
        return true;
    }
    const std::size_t at = placement_->server_of(r.key);
    pool_server& server = *servers_[at];
    if (is_aside(at)) return server.leave(c);
    if (server.submit(c)) return true;
    if (!ticking_) wake();
    return false;
}

bool memcached::submit_keyless(call& c) {
    const bool stats = c.request.command == command::stats;
    if (!stats || (c.request.key != "servers" && c.request.key != "settings" && c.request.key != "queues")) {
        wake();
        return stats || c.request.key.empty() ? every_server_->submit(c) : submit_by_name(c);
    }
    c.reply.outcome = outcome::text;
    if (c.request.key == "servers") {
        for (std::size_t at = 0; at < servers_.size(); ++at) servers_[at]->describe(c.reply.value, is_aside(at));
    }
    c.reply.value.append("END\r\n");
    return true;
}

bool memcached::submit_by_name(call& c) {
    const auto found =
        std::find_if(servers_.begin(), servers_.end(), [&](const auto& s) { return s->name() == c.request.key; });
    if (found != servers_.end()) return (*found)->submit(c);
    c.reply.fail(errc::unreachable, effect::not_done, "the server");
    return true;
}

/// While anybody waits for a server, the time is looked at.
void memcached::wake() {
    if (ticking_) return;
    ticking_ = true;
    home_.add(*this);
}

void memcached::tick(steady::time_point now) {
    bool waits = false;
    for (const auto& s : servers_) {
        s->tick(now);
        waits = waits || s->waits();
    }
    if (waits) return;
    ticking_ = false;
    home_.remove(*this);
}

}  // namespace

std::unique_ptr<store> make_memcached_store(shard& home, const memcached_options& options,
                                            std::shared_ptr<const servers_set_aside> aside) {
    return std::make_unique<memcached>(home, options, system_resolver(home), nullptr, std::move(aside));
}

std::unique_ptr<store> make_memcached_store(shard& home, const memcached_options& options, resolver& by) {
    return std::make_unique<memcached>(home, options, nullptr, &by, nullptr);
}

}  // namespace freshet
