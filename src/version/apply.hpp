// How a change comes into a store that others write to as well: what to ask of the store next, from what it has
// answered. Idempotent: the newest change stays, however often and in whatever order they are applied. No store, no
// time.
#pragma once

#include "version/change.hpp"
#include "version/version.hpp"

#include <cstdint>
#include <optional>

namespace freshet {

/// One thing to ask about the key. V is the change's version, S the one that was seen. In meta commands of memcached:
enum class applying_step : std::uint8_t {
    look,          ///< me: its version, or that it is absent
    put_over,      ///< ms CS EV: the value, over S only
    put_anew,      ///< ms ME EV: the value, if it is absent
    bury,          ///< md CS I x EV T: S becomes a tombstone
    mark,          ///< ms ME EV T, empty: a tombstone that has yet to become stale, if it is absent
    bury_mark,     ///< md CV I EV T: that tombstone is stale
    remove_older,  ///< md CS: S goes
};

enum class applying_answer : std::uint8_t {
    done,     ///< HD
    changed,  ///< EX: it has another version than S
    absent,   ///< NF, or a look found nothing
    present,  ///< NS, or a look found a version
};

enum class applied : std::uint8_t {
    yes,
    not_newer,  ///< the store has this version or a newer one
    too_old,    ///< a set older than the tombstones that would tell of a delete: it was applied as one
};

class application {
public:
    /// What a look finds from `end` on is no version: the change goes over it. `expected`: it is probably there, and so
    /// it is looked at first.
    explicit application(const change& what, version end = version_end, bool expected = false) noexcept;

    /// What to ask now. Nothing: it is over. `outlived`: the change is older than tombstones become, or soon will be;
    /// it is said anew for each step, since an application may last.
    std::optional<applying_step> step(bool outlived) noexcept;
    /// S of step().
    version seen() const noexcept { return seen_; }
    /// The store has answered step(). `found`: the version that a look has found.
    void take(applying_answer a, version found = 0) noexcept;
    /// How it has ended.
    applied result() const noexcept { return result_; }

private:
    bool is_set() const noexcept { return what_.kind == change_kind::set; }
    void looked(applying_answer a, version found) noexcept;
    void go_on(applying_step next) noexcept { step_ = next; }
    void end(applied how) noexcept;

    change what_;
    version end_;
    bool outlived_{false};
    applying_step step_{applying_step::look};
    version seen_{0};
    bool over_{false};
    applied result_{applied::yes};
};

}  // namespace freshet
