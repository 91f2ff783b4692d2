// Who is told when a key may have got a value.
#include "store/memory/memory.hpp"

#include "store/store.hpp"

namespace freshet {

bool memory::watch(watcher& w) {
    stripe& s = stripe_of(std::hash<std::string_view>{}(w.key));
    const std::lock_guard lock(s.mutex);
    s.watchers.add(w);
    return true;
}

bool memory::unwatch(watcher& w) {
    stripe& s = stripe_of(std::hash<std::string_view>{}(w.key));
    const std::lock_guard lock(s.mutex);
    return s.watchers.remove(w);
}

}  // namespace freshet
