// Who is told when a key may have got a value.
#include "store/memory/memory.hpp"

#include "store/store.hpp"

namespace freshet {

bool memory::watch(watcher& w) {
    stripe& s = stripe_of(std::hash<std::string_view>{}(w.key));
    const std::lock_guard lock(s.mutex);
    s.watchers.push_back(&w);
    return true;
}

bool memory::unwatch(watcher& w) {
    stripe& s = stripe_of(std::hash<std::string_view>{}(w.key));
    const std::lock_guard lock(s.mutex);
    return std::erase(s.watchers, &w) != 0;
}

void memory::tell_watchers(stripe& s, std::string_view key) noexcept {
    std::erase_if(s.watchers, [&](watcher* w) {
        if (w->key != key) return false;
        w->home->post(*w);
        return true;
    });
}

}  // namespace freshet
