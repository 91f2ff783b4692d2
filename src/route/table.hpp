// A route is a key prefix and the store a client's command meets there, before it is answered. The longest prefix wins.
#pragma once

#include "call/call.hpp"
#include "store/store.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

/// Of one shard. Own thread only.
class route_table : public store {
public:
    ~route_table() override;
    /// `target` lives as long as the table. Throws std::length_error where a call has not room for its steps.
    void add(std::string prefix, store& target);
    /// The store behind the longest prefix of `key`, or null.
    store* find(std::string_view key) const noexcept;
    /// Who answers flush_all and stats, which have no key; it lives as long as the table.
    void every_store(store& target) noexcept { every_store_ = &target; }
    /// To the route's store; a key without a route is refused.
    bool submit(call& c) override;
    unsigned steps() const noexcept override;
    bool watch(watcher& w) override;
    bool unwatch(watcher& w) override;
    /// Keeps a store that the table's targets are made of.
    store& keep(std::unique_ptr<store> s);

private:
    struct entry {
        std::string prefix;
        store* target;
    };
    std::vector<entry> entries_;  ///< longest first
    store* every_store_{nullptr};
    std::vector<std::unique_ptr<store>> kept_;
};

}  // namespace freshet
