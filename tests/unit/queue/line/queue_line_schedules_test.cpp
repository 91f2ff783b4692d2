// Whatever happens to a line, in whatever order: a model says of each message what may become of it.
#include "queue/line/queue_line.hpp"

#include <freshet/config.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "queue/operations.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_source.hpp"
#include "support/schedules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet::test {
namespace {

/// A message, as the line's user knows it.
struct known_message {
    enum class standing : std::uint8_t { there, leased, leaving };

    freshet::message message;
    standing is{standing::there};
    bool open{false};            ///< the last delivery of it can be settled
    bool counted{false};         ///< its attempt is in `used`
    bool handed{false};          ///< at least once
    bool removed{false};         ///< leaving, and counted no more
    bool too_old{false};         ///< leaving, as the line found
    bool due{false};             ///< its date has come once
    unsigned used{0};            ///< attempts
    steady::time_point until{};  ///< of its lease, or of its pause
    unsigned attempt() const { return used + (counted ? 0 : 1); }
};
using standing = known_message::standing;

class line_world final : public world {
public:
    explicit line_world(random_source& r)
        : options_{.max_attempts = static_cast<unsigned>(r.below(4)),
                   .ack_timeout = seconds(10),
                   .length_max = 20,
                   .bytes_max = 60,
                   .ordered = r.below(4) == 0},
          line_(source_, "thumbs", options_) {}

    void step(random_source& r);
    void end();

private:
    enum class fate : std::uint8_t { acknowledged, dead, again };
    /// In the transaction that is being made.
    struct leaving {
        std::uint64_t number;
        fate what;
        milliseconds pause{0};
        bool asked{false};  ///< somebody has it, and hears of it
        bool found{false};  ///< by the line: too old to be handed out
    };

    void publish(random_source& r);
    void take(random_source& r);
    void settle(random_source& r);
    void commit(random_source& r);
    void expire(random_source& r);
    void forget(random_source& r);
    void pass_time(random_source& r) { pass(some_time(r, 6'000)); }
    void step_date(random_source& r);

    void take_one(bool exhausted_too, bool settle_at_once);
    void take_exhausted();
    void leave(queue_line::entry& e, leaving what);
    void apply(const leaving& one, bool done);
    void pass(milliseconds time);
    void count();

    bool is_held_up(std::uint64_t number) const;
    bool has_time_come(const known_message& m) const;
    bool is_ready(std::uint64_t number, const known_message& m, bool exhausted_too) const;
    bool is_exhausted(const known_message& m) const {
        return options_.max_attempts != 0 && m.used >= options_.max_attempts;
    }
    bool is_expired(const known_message& m) const {
        return m.message.expires != wall::time_point{} && m.message.expires <= now().date;
    }
    moment now() const { return clock_.now(); }

    queue_options options_;
    manual_clock clock_;
    memory_source source_;
    queue_line line_;
    std::map<std::uint64_t, known_message> known_;  ///< that were published and are not over
    std::set<std::uint64_t> over_;
    std::vector<std::pair<std::uint64_t, message>> publications_;  ///< of the transaction
    std::vector<leaving> leaving_;                                 ///< the same
    std::uint64_t mark_{0};
    steady::time_point looked_{now().since_start};  ///< the line, last
    bool ticked_{true};                             ///< no time has passed since
};

void line_world::step(random_source& r) {
    static constexpr std::array<happening<line_world>, 8> all{{
        {6, &line_world::publish},
        {8, &line_world::take},
        {8, &line_world::settle},
        {8, &line_world::commit},
        {1, &line_world::expire},
        {1, &line_world::forget},
        {5, &line_world::pass_time},
        {1, &line_world::step_date},
    }};
    draw_and_do(*this, all, r);
    count();
}

void line_world::publish(random_source& r) {
    message m;
    m.body = std::string(1 + r.below(4), 'x');
    if (r.below(2) == 0) m.key = r.below(2) == 0 ? "a" : "b";
    if (r.below(4) == 0) m.not_before = now().date + some_time(r, 8'000);
    if (r.below(4) == 0) m.expires = now().date + some_time(r, 20'000);
    std::uint64_t length = publications_.size(), bytes = 0;
    for (const auto& [number, one] : publications_) bytes += queue_line::size_of(one);
    for (const auto& [number, one] : known_) {
        if (one.removed) continue;
        ++length;
        bytes += queue_line::size_of(one.message);
    }
    const std::uint64_t number = line_.take_number(), size = queue_line::size_of(m);
    say("publish {} key '{}' {}{}", number, m.key, m.not_before != wall::time_point{} ? "for later " : "",
        m.expires != wall::time_point{} ? "expires" : "");
    const bool fits = length < options_.length_max && bytes + size <= options_.bytes_max;
    demand(line_.reserve(size).has_value() != fits, "{} messages, {} bytes, {} more: {}", length, bytes, size,
           fits ? "there was room" : "there was no room");
    if (fits) publications_.emplace_back(number, std::move(m));
}

/// Earlier ones of its key, or any if the queue is ordered, are not over. There the line does not wait for dead
/// letters.
bool line_world::is_held_up(std::uint64_t number) const {
    const std::string& key = known_.at(number).message.key;
    return std::any_of(known_.begin(), known_.find(number), [&](const auto& before) {
        const auto& [other, m] = before;
        return (options_.ordered && !m.too_old) || (!key.empty() && m.message.key == key);
    });
}

bool line_world::has_time_come(const known_message& m) const {
    return m.is == standing::there && m.until <= now().since_start && (m.due || m.message.not_before <= now().date);
}

/// For certain: a date that was there and is no more may count or not. In an ordered queue a later one may hold it up,
/// which was handed out while this was on its way to the dead letters, and came back from there.
bool line_world::is_ready(std::uint64_t number, const known_message& m, bool exhausted_too) const {
    const auto holds_up = [this](const auto& one) {
        const known_message& other = one.second;
        return other.is == standing::there ? other.until > now().since_start : !other.too_old;
    };
    if (options_.ordered && std::any_of(known_.begin(), known_.end(), holds_up)) return false;
    return has_time_come(m) && m.message.not_before <= now().date && !is_expired(m) &&
           (exhausted_too || !is_exhausted(m)) && !is_held_up(number);
}

void line_world::take(random_source& r) {
    const bool exhausted_too = r.below(6) == 0, settle_at_once = r.below(6) == 0;
    for (auto left = 1 + r.below(4); left != 0; --left) take_one(exhausted_too, settle_at_once);
}

void line_world::take_one(bool exhausted_too, bool settle_at_once) {
    delivery d;
    queue_line::entry* const e = line_.take(d, exhausted_too, now());
    take_exhausted();
    const auto first = std::find_if(known_.begin(), known_.end(),
                                    [&](const auto& one) { return is_ready(one.first, one.second, exhausted_too); });
    if (e == nullptr) {
        say("take: none{}", line_.stalled() ? " yet" : "");
        demand(!ticked_ || line_.stalled() || first == known_.end(), "{} is ready and not handed out", first->first);
        return;
    }
    say("take: {} attempt {}", d.number, d.message.attempt);
    const auto found = known_.find(d.number);
    demand(found != known_.end(), "{} is not there", d.number);
    known_message& m = found->second;
    demand(m.is == standing::there, "{} was handed out twice", d.number);
    demand(has_time_come(m), "the time of {} has not come", d.number);
    demand(!is_held_up(d.number), "{} was handed out before an earlier one of its key was over", d.number);
    demand(!ticked_ || first == known_.end() || d.number <= first->first, "{} was handed out before its turn",
           d.number);
    demand(!is_expired(m), "{} had expired", d.number);
    demand(exhausted_too || !is_exhausted(m), "{} was handed out {} times", d.number, m.used + 1);
    demand(d.number <= mark_, "{} was handed out, and a crash would not know it", d.number);
    demand(d.message.attempt == m.used + 1, "{}: {} attempts were used", d.number, m.used);
    demand(d.redelivered == m.handed, "{} was handed out before: {}", d.number, m.handed);
    demand(d.message.body == m.message.body && d.message.key == m.message.key, "{} is another message", d.number);
    m.is = standing::leased;
    m.open = m.handed = true;
    m.counted = false;
    m.until = now().since_start + options_.ack_timeout;
    if (settle_at_once) leave(*e, {d.number, fate::acknowledged});
}

void line_world::take_exhausted() {
    for (const auto& [e, reason] : line_.take_exhausted()) {
        say("{} is too old: {}", e->number, reason);
        known_message& m = known_.at(e->number);
        demand(m.is == standing::there, "{} is too old, and somebody has it", e->number);
        demand(reason == (is_expired(m)     ? "expired"
                          : is_exhausted(m) ? "attempts used up"
                                            : ""),
               "{} is not too old", e->number);
        m.is = standing::leaving;
        m.open = false;
        m.removed = m.too_old = true;
        leaving_.push_back({e->number, fate::dead, {}, false, true});
    }
}

void line_world::leave(queue_line::entry& e, leaving what) {
    known_message& m = known_.at(what.number);
    m.is = standing::leaving;
    m.removed = what.what != fate::again;
    line_.leave(e, m.removed);
    leaving_.push_back(what);
}

/// One that was handed out, or any; with the attempt that it was, with another, or whatever it was.
void line_world::settle(random_source& r) {
    std::vector<std::uint64_t> open;
    for (const auto& [number, m] : known_) {
        if (m.open) open.push_back(number);
    }
    const bool any = open.empty() || r.below(6) == 0;
    const std::uint64_t number = any ? r.below(known_.size() + over_.size() + 3) : open[r.below(open.size())];
    const auto found = known_.find(number);
    known_message* const m = found != known_.end() ? &found->second : nullptr;
    const unsigned right = m != nullptr ? m->attempt() : 1;
    const unsigned attempt = r.below(2) == 0   ? 0
                             : r.below(4) != 0 ? right
                                               : right + 1 - 2 * static_cast<unsigned>(r.below(2));
    const bool known = m != nullptr && m->open && (m->is == standing::leased || m->is == standing::there) &&
                       (attempt == 0 || (m->is == standing::leased && attempt == right));
    queue_line::entry* const e = line_.open(number, attempt);
    demand((e != nullptr) == known, "attempt {} of {} can be settled: {}", attempt, number, e != nullptr);
    if (e == nullptr) return say("settle {} attempt {}: unknown", number, attempt);
    const milliseconds pause = r.below(2) == 0 ? milliseconds(0) : some_time(r, 9'000);
    switch (r.below(6)) {
        case 0:
            say("renew {}", number);
            line_.renew(*e, now());
            m->is = standing::leased;
            m->until = now().since_start + options_.ack_timeout;
            return;
        case 1:
            say("release {}", number);
            line_.release(*e);
            if (m->is != standing::leased) return;
            m->is = standing::there;
            m->open = false;
            m->until = {};
            return;
        case 2: say("dead {}", number); break;
        case 3:
        case 4: {
            say("retry {} after {} ms", number, pause.count());
            line_.count_attempt(*e);
            if (!std::exchange(m->counted, true)) ++m->used;
            const bool dead = line_.exhausted(*e);
            demand(dead == is_exhausted(*m), "{} used {} attempts", number, m->used);
            return leave(*e, {number, dead ? fate::dead : fate::again, pause, true});
        }
        default: say("acknowledge {}", number); return leave(*e, {number, fate::acknowledged, {}, true});
    }
    line_.count_attempt(*e);
    if (!std::exchange(m->counted, true)) ++m->used;
    leave(*e, {number, fate::dead, {}, true});
}

void line_world::commit(random_source& r) {
    const bool done = r.below(5) != 0;
    say("transaction of {} publications and {} settlements: {}", publications_.size(), leaving_.size(),
        done ? "done" : "failed");
    if (done) {
        const queue_row row = line_.row_to_write(r.below(30));
        mark_ = row.mark;
        line_.row_written(row);
    }
    for (auto& [number, m] : std::exchange(publications_, {})) {
        if (!done) {
            line_.subtract(queue_line::size_of(m));
            over_.insert(number);
            continue;
        }
        source_.put(number, m);
        if (r.below(5) == 0) line_.admit_unseen(number);
        else line_.admit(number, m);
        known_message& one = known_[number];
        one.message = std::move(m);
        one.due = one.message.not_before <= now().date;
    }
    for (const leaving& one : std::exchange(leaving_, {})) apply(one, done);
}

void line_world::apply(const leaving& one, bool done) {
    queue_line::entry* const e = line_.leaving(one.number);
    demand(e != nullptr, "{} is not leaving", one.number);
    known_message& m = known_.at(one.number);
    m.removed = m.too_old = false;
    if (one.found) line_.exhausted_over();
    if (done && one.what != fate::again) {
        source_.erase(one.number);
        line_.gone(*e);
        known_.erase(one.number);
        demand(over_.insert(one.number).second, "{} was over twice", one.number);
        return;
    }
    if (!done && one.asked) {
        line_.stay(*e, now());
        m.is = standing::leased;
        m.until = now().since_start + options_.ack_timeout;
        return;
    }
    m.is = standing::there;
    m.open = false;
    if (!done && !one.found) {
        line_.give_back(*e);
        m.until = {};
        return;
    }
    const milliseconds pause = done ? one.pause : seconds(1);
    if (done) source_.change(one.number, m.used);
    line_.postpone(*e, pause, now());
    m.until = now().since_start + pause;
}

/// As the journal does where there is no room.
void line_world::expire(random_source& r) {
    for (auto& [number, m] : known_) {
        if (!is_expired(m) || r.below(2) == 0) continue;
        const bool done = line_.expire(number);
        say("expire {}: {}", number, done);
        demand(!done || (m.is == standing::there && !m.open), "{} expired, and somebody has it", number);
    }
    take_exhausted();
}

void line_world::forget(random_source& r) {
    std::set<std::uint64_t> which, told;
    for (const auto& [number, m] : known_) {
        if (r.below(2) == 0) which.insert(number);
    }
    line_.forget(
        now(), [&](std::uint64_t number) { return which.contains(number); },
        [&](const queue_line::entry* e, std::uint64_t number, wall::time_point due) {
            say("forget {}", number);
            demand(told.insert(number).second, "{} was forgotten twice", number);
            const known_message& m = known_.at(number);
            demand(e == nullptr || e->used == m.used, "{} used {} attempts", number, m.used);
            const milliseconds left = std::chrono::ceil<milliseconds>(m.until - now().since_start);
            const bool paused = m.until > now().since_start;
            demand(!paused || due == now().date + left, "{} had to wait {} ms", number, left.count());
        });
    for (const std::uint64_t number : which) {
        const known_message& m = known_.at(number);
        const bool goes = m.is == standing::there;
        demand(told.contains(number) == goes, "{} is forgotten: {}", number, !goes);
        if (!goes) continue;
        source_.erase(number);
        known_.erase(number);
        over_.insert(number);
    }
}

void line_world::pass(milliseconds time) {
    say("{} ms pass", time.count());
    clock_.pass(time);
    const auto next = line_.next_tick(now());
    std::set<std::uint64_t> lapsed;
    for (auto& [number, m] : known_) {
        if (m.message.not_before <= now().date) m.due = true;
        const bool over = m.is != standing::leaving && m.until > looked_ && m.until <= now().since_start;
        demand(!over || next <= now().since_start, "the time of {} is over, and nobody looks", number);
        if (m.is != standing::leased || !over) continue;
        lapsed.insert(number);
        m.is = standing::there;
        if (!std::exchange(m.counted, true)) ++m.used;
        source_.change(number, m.used);
    }
    line_.tick(now(), [&](queue_line::entry& e) {
        demand(lapsed.erase(e.number) == 1, "the lease of {} did not run out", e.number);
    });
    demand(lapsed.empty(), "the lease of {} ran out", *lapsed.begin());
    looked_ = now().since_start;
    ticked_ = true;
}

void line_world::step_date(random_source& r) {
    const milliseconds by = some_time(r, 20'000) - seconds(10);
    say("the date is set by {} ms", by.count());
    clock_.step(by);
    for (auto& [number, m] : known_) m.due = m.due || m.message.not_before <= now().date;
    ticked_ = false;
}

/// All figures add up.
void line_world::count() {
    std::size_t length = publications_.size(), leased = 0, wait = 0;
    for (const auto& [number, m] : known_) {
        length += !m.removed;
        leased += m.is == standing::leased;
        const bool may_wait = m.until > now().since_start || m.message.not_before > now().date || is_held_up(number);
        wait += m.is == standing::there && may_wait;
    }
    demand(line_.length() == length, "{} are there, {} are counted", length, line_.length());
    demand(line_.leased() == leased, "{} are leased, {} are counted", leased, line_.leased());
    demand(!ticked_ || line_.delayed() <= wait, "{} wait, {} are counted", wait, line_.delayed());
    demand(line_.ready() + line_.leased() + line_.delayed() == length, "{} ready, {} leased, {} delayed make {}",
           line_.ready(), line_.leased(), line_.delayed(), length);
    for (const std::uint64_t number : over_)
        demand(line_.open(number) == nullptr && !line_.is_leased(number), "{} is over, and open", number);
}

/// Everything is acknowledged or dead in the end.
void line_world::end() {
    random_source r(0);
    for (int left = 500; !known_.empty() || !publications_.empty(); --left) {
        demand(left != 0, "{} never comes to an end", known_.empty() ? 0 : known_.begin()->first);
        pass(std::chrono::hours(1));
        take_one(true, true);
        commit(r);
        count();
    }
    demand(!line_.any_passed() && line_.delayed() == 0, "{} messages of none are left", line_.delayed());
}

TEST(line_schedules, nothing_is_lost_and_nothing_is_handed_out_twice_or_out_of_order) {
    run_schedules<line_world>(2'000, 100);
}

}  // namespace
}  // namespace freshet::test
