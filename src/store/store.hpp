// A store answers calls. On the path: session -> protocol -> route -> store -> reply. A store knows neither routes nor
// flows.
#pragma once

#include "call/call.hpp"
#include "call/step.hpp"
#include "shard/operation.hpp"

#include <boost/intrusive/set_hook.hpp>

#include <cstdint>
#include <string>

namespace freshet {

/// Woken when a key may have got a value. Lent to the store from watch() until finish() or a true unwatch().
struct watcher : operation, boost::intrusive::set_base_hook<> {
    std::string key;
    std::uint32_t hash{0};  ///< the store's own
};

/// Anything that answers a call.
class store {
public:
    virtual ~store() = default;

    /// True: answered now, in c.reply. False: c.complete() runs later, once, on c.home.
    /// Views of the request (but the key) are not read after it returns.
    [[nodiscard]] virtual bool submit(call& c) = 0;

    /// So many steps are pushed at most on a call that is submitted here, on its way through whatever stands behind.
    virtual unsigned steps() const noexcept { return 0; }

    /// Tells `w` once, by w.home->post(w), when a value is stored under w.key. False: this store cannot.
    virtual bool watch(watcher& w) {
        (void)w;
        return false;
    }
    /// True: `w` is the caller's again and will not be finished. False: finish() is on its way.
    virtual bool unwatch(watcher& w) {
        (void)w;
        return true;
    }
};

/// Submits the call and tells `who` when it is answered, now or later.
inline void start(store& s, call& c, step& who) {
    c.push(who);
    if (s.submit(c)) c.complete();
}

}  // namespace freshet
