// A change on its way into a store: what the rules of version/apply.hpp want to know and to have done, one call after
// the other.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "call/sub_call.hpp"
#include "store/store.hpp"
#include "version/apply.hpp"
#include "version/change_message.hpp"

#include <optional>

namespace freshet {

/// The flags of an item that stands for a deleted key, which has no value: the three letters of "gone". So it is known
/// before it is stale, too.
constexpr std::uint32_t tombstone_flags = 0xF0676F6E;

/// The item stands for a key that was deleted.
inline bool is_tombstone(const reply& a) noexcept {
    return a.outcome == outcome::hit && a.size == 0 && a.flags == tombstone_flags;
}

/// The version that `me`, or a get that asks for it, has found; 0: the key is absent. Nothing: the store has failed.
std::optional<version> version_found(const reply& a) noexcept;

/// Asks for a key's version, without being an access.
void look_for_version(sub_call& c, std::string_view key);

/// It expires at once, so that it deletes the key.
inline bool is_over(const told_change& c) noexcept {
    return c.item_expires != wall::time_point{} && c.item_expires <= wall::now();
}

/// What a step is in memcached's commands. `seen`: the version that it is about, where it is about one.
void ask_step(sub_call& c, applying_step what, const told_change& change, version seen, seconds tombstone);

/// One at a time; own thread of a shard.
class applying : private step {
public:
    enum class state : std::uint8_t { idle, under_way, done, failed };

    /// Views of `what` lead to memory that stays until it is over. What the store has from `end` on is no version.
    /// `expected`: it is probably there. True: it is over already, see is().
    bool begin(shard& home, store& to, const told_change& what, seconds tombstone, version end, bool expected = false);
    state is() const noexcept { return state_; }
    bool was_too_large() const noexcept { return too_large_; }
    wall::time_point written() const noexcept { return time_of(what_.what.version); }
    /// Of state::done: a set that is older than tombstones become, which was applied as a delete.
    bool was_too_late() const noexcept { return rules_ && rules_->result() == freshet::applied::too_old; }
    /// Of state::failed.
    const failure& store_failure() const noexcept { return why_; }

    std::size_t kept_bytes() const noexcept { return asked_.kept_bytes(); }
    void release_memory() noexcept { asked_.release_memory(); }

protected:
    applying() = default;
    ~applying() = default;
    /// It is over, later than in begin().
    virtual void on_applied() = 0;

private:
    bool on_reply(call&) override;
    bool go_on();
    bool take_answer(applying_step asked);
    bool is_outlived() const noexcept;

    store* to_{nullptr};
    told_change what_{};
    seconds tombstone_{};
    version end_{version_end};
    std::optional<application> rules_{};
    sub_call asked_;
    applying_step asked_for_{applying_step::look};
    state state_{state::idle};
    bool asking_{false}, submitting_{false}, too_large_{false};
    failure why_{};
};

}  // namespace freshet
