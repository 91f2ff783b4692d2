// What a server asks of its surroundings, made of one held_store per shard.
#pragma once

#include "route/table.hpp"
#include "server/server.hpp"
#include "shard/shard.hpp"
#include "support/held_store.hpp"

#include <memory>
#include <vector>

namespace freshet::test {

class test_host final : public server_host {
public:
    struct part {
        shard* home;
        held_store* store;
    };

    std::unique_ptr<route_table> make_routes(shard& home) override {
        auto table = std::make_unique<route_table>();
        auto store = std::make_unique<held_store>();
        parts.push_back({&home, store.get()});
        table->add("", table->keep(std::move(store)));
        return table;
    }
    /// Waits until the stores hold so many calls.
    void wait_for_held(std::size_t count) {
        for (std::size_t held = 0; held < count;) {
            held = 0;
            for (const part& p : parts) p.home->run_and_wait([&] { held += p.store->held.size(); });
        }
    }
    void release_all() {
        for (const part& p : parts) p.home->run_and_wait([&] { p.store->release_all(); });
    }
    void release_newest() {
        part& p = parts.front();
        p.home->run_and_wait([&] { p.store->release_newest(); });
    }

    std::vector<part> parts;
};

}  // namespace freshet::test
