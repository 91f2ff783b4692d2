// One errand at a time writes a key, so that a thousand writes of one key do not fight for it. Of the sets and deletes
// that wait meanwhile the newest is applied, and the others with it.
#include "route/announce/announce_store.hpp"

namespace freshet {

/// False: it goes on when it has the key.
bool announce_store::take_key(errand& e) {
    if (e.key_hook.is_linked()) return true;
    const auto [holder, is_free] = key_holders_.insert(e);
    if (!is_free) holder->key_waiters.push_back(e);
    return is_free;
}

/// `applied`: the store has its version, or a newer one.
void announce_store::release_key(errand& e, bool applied) {
    if (!e.key_hook.is_linked()) return;
    e.key_hook.unlink();
    if (applied) end_superseded(e);
    if (!e.key_waiters.empty()) {
        errand* next = &e.key_waiters.front();
        if (next->is_told()) {
            for (errand& other : e.key_waiters) {
                if (other.is_told() && other.given > next->given) next = &other;
            }
        }
        next->key_wait_hook.unlink();
        next->key_waiters.splice(next->key_waiters.end(), e.key_waiters);
        key_holders_.insert(*next);
        ready_.push_back(*next);
    }
    start_ready();
}

/// What waits to be applied over an older version than the store has now.
void announce_store::end_superseded(errand& by) {
    for (auto at = by.key_waiters.begin(); at != by.key_waiters.end();) {
        errand& e = *at++;
        if (!e.is_told() || e.given > by.given) continue;
        e.key_wait_hook.unlink();
        e.rules.take(writing_event::done);
        ready_.push_back(e);
    }
}

}  // namespace freshet
