// Who is told when a key may have got a value.
#include "store/memory/memory.hpp"

#include "store/store.hpp"

namespace freshet {

bool memory::watch(watcher& w) {
    const std::size_t hash = std::hash<std::string_view>{}(w.key);
    stripe& s = stripe_of(hash);
    w.hash = static_cast<std::uint32_t>(hash);
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
