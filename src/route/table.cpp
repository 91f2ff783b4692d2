#include "route/table.hpp"

#include "protocol/reply.hpp"
#include "protocol/request.hpp"

#include <algorithm>
#include <stdexcept>

namespace freshet {

void route_table::add(std::string prefix, store& target) {
    constexpr unsigned of_who_asks = 1;
    if (of_who_asks + target.steps() > call::steps_max)
        throw std::length_error("a way to a store has more steps than a call has room for");
    entries_.push_back({std::move(prefix), &target});
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const entry& a, const entry& b) { return a.prefix.size() > b.prefix.size(); });
}

/// What stands in front of others goes before them.
route_table::~route_table() {
    while (!kept_.empty()) kept_.pop_back();
}

unsigned route_table::steps() const noexcept {
    unsigned most = 0;
    for (const entry& e : entries_) most = std::max(most, e.target->steps());
    return most;
}

store* route_table::find(std::string_view key) const noexcept {
    for (const entry& e : entries_) {
        if (key.starts_with(e.prefix)) return e.target;
    }
    return nullptr;
}

bool route_table::submit(call& c) {
    const bool keyless = c.request.command == command::flush_all || c.request.command == command::stats;
    store* const target = keyless ? every_store_ : find(c.request.key);
    if (target != nullptr) return target->submit(c);
    if (keyless) {
        c.reply.outcome = outcome::text;
        c.reply.value.append(c.request.command == command::stats ? "END\r\n" : "OK\r\n");
        return true;
    }
    c.reply.refuse("no route leads anywhere for this key");
    return true;
}

bool route_table::watch(watcher& w) {
    store* const target = find(w.key);
    return target != nullptr && target->watch(w);
}

bool route_table::unwatch(watcher& w) {
    store* const target = find(w.key);
    return target == nullptr || target->unwatch(w);
}

store& route_table::keep(std::unique_ptr<store> s) {
    kept_.push_back(std::move(s));
    return *kept_.back();
}

}  // namespace freshet
