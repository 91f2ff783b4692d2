// A route is a key prefix and the store a client's command meets there, before it is answered. The longest prefix wins.
#pragma once

#include <freshet/queue.hpp>
#include <freshet/store.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

/// Of one shard. Own thread only.
class route_table : public store {
public:
    /// `target` lives as long as the table.
    void add(std::string prefix, store& target);
    /// The store behind the longest prefix of `key`, or null.
    store* find(std::string_view key) const noexcept;
    /// Who answers flush_all and stats, which have no key; it lives as long as the table.
    void every_store(store& target) noexcept { every_store_ = &target; }
    /// To the route's store; a key without a route is refused.
    bool submit(call& c) override;
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

/// Where a route's queue comes from: one, or one for each name behind the prefix.
class queue_source {
public:
    virtual ~queue_source() = default;
    /// The queue that `rest` of a key names (what stands behind the prefix); `rest` loses the name. Null: none of that
    /// name, or `why` says what is wrong: errc::refused for a name that cannot be one.
    virtual queue* find(std::string_view& rest, bool make, failure& why) = 0;
};

std::unique_ptr<queue_source> one_queue(queue& q);
/// The queue that the rest of the key names: one of `known`, wherever it is kept, or one of the journal, made if need
/// be. `known` lives as long as the source.
std::unique_ptr<queue_source> any_queue(journal& j, const std::map<std::string, queue*, std::less<>>& known);

struct task_options {
    bool close_on_lost_noreply{
        true};  ///< a noreply publish that fails closes the connection; it is counted and logged in any case
};

/// set publishes, get receives: the memcached protocol as a door to queues. Own thread only.
std::unique_ptr<store> make_task_store(shard& home, std::size_t prefix_size, std::unique_ptr<queue_source> source,
                                       task_options options);

/// A get that misses in `behind` waits up to `wait` for the value.
std::unique_ptr<store> make_wait_store(shard& home, store& behind, milliseconds wait);

}  // namespace freshet
