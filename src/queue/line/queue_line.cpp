#include "queue/line/queue_line.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace freshet {

namespace {
constexpr std::size_t window_max = 4'096;  ///< messages that are read ahead
constexpr std::uint64_t window_bytes_max = std::uint64_t{4} << 20;
constexpr std::size_t refill_rows = 512;
constexpr std::size_t refill_bytes = std::size_t{1} << 20;
constexpr std::uint64_t kept_bytes_max = std::uint64_t{4} << 20;  ///< of messages that wait behind one of their key
constexpr std::size_t parked_max = 1'000'000;  ///< messages that wait for their time or behind one of their key
constexpr std::size_t exhausted_max = 4'096;   ///< dead-lettered in one transaction
constexpr std::uint64_t lookahead_min = 16;
constexpr std::uint64_t lookahead_max = 4'096;
}  // namespace

queue_line::queue_line(message_source& source, std::string name, const queue_options& options)
    : source_(source), name_(std::move(name)), options_(options) {
    row_.name = name_;
}

void queue_line::restore(const queue_row& row, std::uint64_t last) {
    row_ = row;
    next_ = std::max({row.next, row.mark + 1, last + 1});
    tail_ = next_ - 1;
    if (last == 0) loaded_ = tail_;
    mark_ = old_mark_ = row.mark;
}

void queue_line::begin_behind(std::uint64_t number) noexcept {
    next_ = std::max(next_, number + 1);
    tail_ = loaded_ = passed_ = next_ - 1;
}

void queue_line::clear() {
    row_.number = row_.length = row_.bytes = 0;
    window_.clear();
    window_bytes_ = kept_bytes_ = 0;
    entries_.clear();
    keys_.clear();
    ready_ = {};
    later_ = {};
    paused_ = {};
    oldest_ = newest_ = nullptr;
    exhausted_.clear();
    exhausted_count_ = behind_ = later_count_ = leased_ = leaving_ = adopted_ = suspects_ = 0;
    mark_wanted_ = false;
    begin_behind(0);
}

std::uint64_t queue_line::weight_of(const message& m) noexcept {
    std::uint64_t weight = size_of(m) + m.origin.size();
    for (const auto& [name, value] : m.headers) weight += name.size() + value.size();
    return weight;
}

std::optional<errc> queue_line::reserve(std::uint64_t bytes) {
    if (row_.length >= options_.length_max) return errc::queue_full;
    if (row_.bytes + bytes > options_.bytes_max) return errc::queue_bytes_full;
    add(bytes);
    return std::nullopt;
}

void queue_line::admit(std::uint64_t number, const message& m) {
    const bool caught_up = loaded_ == tail_;
    tail_ = number;
    const std::uint64_t bytes = weight_of(m);
    if (!caught_up || window_.size() >= window_max || (window_bytes_ + bytes > window_bytes_max && !window_.empty()))
        return;
    window_.push_back({number, m, false});
    window_bytes_ += bytes;
    loaded_ = number;
}

// The window is empty.
bool queue_line::refill() {
    if (loaded_ >= tail_) return false;
    read_ahead(refill_rows, refill_bytes);
    return !source_.failed();
}

/// Without those that were passed ahead of their turn.
void queue_line::read_ahead(std::size_t rows, std::size_t bytes) {
    const std::size_t before = window_.size();
    source_.read(row_.number, loaded_, tail_, rows, bytes, window_);
    if (source_.failed()) return window_.resize(before);
    loaded_ = window_.size() != before ? window_.back().number : tail_;
    const auto fresh = window_.begin() + static_cast<std::ptrdiff_t>(before);
    const auto passed = [this](const stored_message& s) { return entries_.contains(s.number); };
    if (adopted_ != 0) window_.erase(std::remove_if(fresh, window_.end(), passed), window_.end());
    for (std::size_t i = before; i < window_.size(); ++i) window_bytes_ += weight_of(window_[i].message);
}

queue_line::entry* queue_line::take(delivery& to, bool exhausted_too, const moment& now) {
    mark_wanted_ = false;
    while (exhausted_count_ < exhausted_max && !source_.failed()) {
        first_ready();
        if (window_.empty() && refill()) continue;
        const bool ahead = goes_ahead();
        if (!ahead && ready_.empty()) return nullptr;
        if (options_.ordered && is_held_up()) return nullptr;
        if (ahead && window_.front().number > mark_) {
            mark_wanted_ = true;
            return nullptr;
        }
        if (ahead && behind_ + later_count_ >= parked_max) return nullptr;
        entry* const e = ahead ? pass(now) : take_back(now);
        if (e == nullptr) continue;
        if (const auto reason = reason_to_die(*e, exhausted_too, now)) {
            leave(*e, true);
            exhausted_.emplace_back(e, *reason);
            ++exhausted_count_;
            continue;
        }
        lease(*e, now);
        to.number = e->number;
        to.redelivered = e->handed || e->number <= old_mark_;
        to.message = std::move(current_.message);
        to.message.attempt = e->used + 1;
        e->handed = e->open = true;
        e->counted = false;
        ++handed_out_;
        return e;
    }
    return nullptr;
}

/// The first of the window comes before those that were passed. In an ordered queue it passes by none that waits.
bool queue_line::goes_ahead() const noexcept {
    if (window_.empty() || ready_.empty()) return !window_.empty();
    return window_.front().number < ready_.top() && !(options_.ordered && behind_ != 0);
}

// In an ordered queue the next may pass by those that are too old, but not by one that waits behind such a one of its
// key.
bool queue_line::is_held_up() const noexcept {
    if (exhausted_count_ != 0 && behind_ != 0) return true;
    return leased_ + later_count_ + leaving_ > exhausted_count_;
}

// Of those that were passed. Null: none is. Some have left since they were put there.
queue_line::entry* queue_line::first_ready() {
    for (; !ready_.empty(); ready_.pop()) {
        const auto at = entries_.find(ready_.top());
        if (at != entries_.end() && at->second.state == standing::ready) return &at->second;
    }
    return nullptr;
}

wall::time_point queue_line::oldest() {
    if (options_.plain && oldest_ != nullptr) return oldest_->published;
    const entry* const passed = first_ready();
    if (window_.empty()) return passed != nullptr ? passed->published : wall::time_point{};
    const wall::time_point next = window_.front().message.time;
    return passed != nullptr ? std::min(passed->published, next) : next;
}

// The first of the window becomes an entry. Null: its time has not come, or an earlier one of its key holds it up.
queue_line::entry* queue_line::pass(const moment& now) {
    current_ = std::move(window_.front());
    window_.pop_front();
    passed_ = current_.number;
    const message& m = current_.message;
    window_bytes_ -= weight_of(m);
    entry& e = entries_[passed_];
    suspects_ += is_suspect(passed_);
    e.number = passed_;
    e.used = m.attempt;
    e.handed = current_.handed;
    e.published = m.time;
    e.bytes = size_of(m);
    if (options_.plain) return &e;
    if (!m.key.empty()) {
        const auto [at, first] = keys_.try_emplace(m.key);
        e.key = &*at;
        entry* const before = std::exchange(at->second.last, &e);
        if (!first) {
            before->next_of_key = &e;
            e.state = standing::behind;
            ++behind_;
            keep(e);
            return nullptr;
        }
    }
    if (m.not_before <= now.date) return &e;
    park(e, m.not_before);
    return nullptr;
}

// The first of those that were passed before. Null: it turned out that it must wait.
queue_line::entry* queue_line::take_back(const moment& now) {
    entry& e = entries_.find(ready_.top())->second;
    if (e.kept != nullptr) {
        current_ = std::move(*e.kept);
        kept_bytes_ -= e.bytes;
        e.kept.reset();
    } else {
        auto found = source_.read_one(row_.number, e.number);
        if (!found) {
            source_.mark_damaged("a message that was not settled is missing");
            return nullptr;
        }
        current_ = std::move(*found);
    }
    ready_.pop();
    if (options_.plain || e.due || current_.message.not_before <= now.date) return &e;
    // It waited behind one of its key, and its time has not come yet.
    park(e, current_.message.not_before);
    keep(e);
    return nullptr;
}

std::optional<std::string_view> queue_line::reason_to_die(const entry& e, bool exhausted_too, const moment& now) const {
    if (current_.damaged) return "damaged";
    if (current_.fatal && !options_.harmless) return "the process ended three times while this alone was worked on";
    const wall::time_point expires = options_.plain ? wall::time_point{} : current_.message.expires;
    if (expires != wall::time_point{} && expires <= now.date) return "expired";
    if (!exhausted_too && exhausted(e)) return "attempts used up";
    return std::nullopt;
}

void queue_line::keep(entry& e) {
    if (kept_bytes_ + e.bytes > kept_bytes_max) return;
    kept_bytes_ += e.bytes;
    e.kept = std::make_unique<stored_message>(std::move(current_));
}

void queue_line::park(entry& e, wall::time_point due) {
    e.state = standing::later;
    ++later_count_;
    later_.emplace(due, e.number);
}

void queue_line::pause(entry& e, steady::time_point until) {
    e.state = standing::later;
    ++later_count_;
    paused_.emplace(until, e.number);
}

void queue_line::lease(entry& e, const moment& now) {
    e.state = standing::leased;
    e.until = now.since_start + options_.ack_timeout;
    e.older = newest_;
    e.newer = nullptr;
    (newest_ != nullptr ? newest_->newer : oldest_) = &e;
    newest_ = &e;
    ++leased_;
}

void queue_line::unlease(entry& e) noexcept {
    (e.older != nullptr ? e.older->newer : oldest_) = e.newer;
    (e.newer != nullptr ? e.newer->older : newest_) = e.older;
    --leased_;
}

void queue_line::make_ready(entry& e) {
    e.state = standing::ready;
    ready_.push(e.number);
}

// What `open` names may have been handed out before the journal was opened: then it is ahead of what was passed.
queue_line::entry* queue_line::open(std::uint64_t number) {
    const auto at = entries_.find(number);
    if (at == entries_.end()) return adopt(number);
    entry& e = at->second;
    return e.open && (e.state == standing::leased || e.state == standing::ready) ? &e : nullptr;
}

/// Of its delivery: a settlement that failed may have counted it, or its lease ran out before it was renewed.
unsigned queue_line::attempt_of(const entry& e) noexcept { return e.used + (e.counted ? 0 : 1); }

queue_line::entry* queue_line::open(std::uint64_t number, unsigned attempt) {
    entry* const e = open(number);
    const bool other = e != nullptr && attempt != 0 && (e->state != standing::leased || attempt_of(*e) != attempt);
    return other ? nullptr : e;
}

queue_line::entry* queue_line::adopt(std::uint64_t number) {
    if (number <= passed_ || number > tail_) return nullptr;
    auto found = source_.read_one(row_.number, number);
    if (!found || (number > old_mark_ && !found->handed)) return nullptr;
    if (keys_.contains(found->message.key))
        return nullptr;  // an earlier one is not settled, so this one cannot have been handed out
    entry& e = pass_early(*found);
    e.open = e.handed = true;
    make_ready(e);
    return &e;
}

/// Nothing of its key is passed.
queue_line::entry& queue_line::pass_early(const stored_message& found) {
    const message& m = found.message;
    const auto at = std::lower_bound(window_.begin(), window_.end(), found.number,
                                     [](const stored_message& s, std::uint64_t n) { return s.number < n; });
    if (at != window_.end() && at->number == found.number) {
        window_bytes_ -= weight_of(at->message);
        window_.erase(at);
    }
    entry& e = entries_[found.number];
    suspects_ += is_suspect(found.number);
    e.number = found.number;
    e.used = m.attempt;
    e.handed = found.handed;
    e.published = m.time;
    e.bytes = size_of(m);
    if (!m.key.empty() && !options_.plain) {
        e.key = &*keys_.try_emplace(m.key).first;
        e.key->second.last = &e;
    }
    ++adopted_;  // never counted down: the next start forgets it
    return e;
}

bool queue_line::expire(std::uint64_t number) {
    if (options_.plain) return false;
    const auto at = entries_.find(number);
    entry* e = at != entries_.end() ? &at->second : nullptr;
    if (e == nullptr) {
        if (number <= passed_ || number > tail_) return false;
        const auto found = source_.read_one(row_.number, number);
        if (!found || keys_.contains(found->message.key)) return false;
        e = &pass_early(*found);
    } else if (e->state == standing::later) {
        --later_count_;
    } else if (e->state != standing::ready || e->open) {
        return false;
    }
    leave(*e, true);
    exhausted_.emplace_back(e, "expired");
    ++exhausted_count_;
    return true;
}

void queue_line::renew(entry& e, const moment& now) {
    if (e.state == standing::leased) unlease(e);
    lease(e, now);
}

void queue_line::count_attempt(entry& e) noexcept {
    if (e.counted) return;
    e.counted = true;
    ++e.used;
}

void queue_line::leave(entry& e, bool removed) noexcept {
    if (e.state == standing::leased) unlease(e);
    e.state = standing::leaving;
    ++leaving_;
    e.removed = removed;
    if (removed) subtract(e.bytes);
}

void queue_line::remain(entry& e) noexcept {
    --leaving_;
    if (e.removed) add(e.bytes);
    e.removed = false;
}

void queue_line::stay(entry& e, const moment& now) {
    remain(e);
    lease(e, now);
}

void queue_line::give_back(entry& e) {
    remain(e);
    e.open = false;
    make_ready(e);
}

void queue_line::release(entry& e) {
    if (e.state != standing::leased) return;  // its lease ran out before
    leave(e, false);
    give_back(e);
}

void queue_line::postpone(entry& e, milliseconds time, const moment& now) {
    remain(e);
    e.open = false;
    if (time <= milliseconds(0)) make_ready(e);
    else pause(e, now.since_start + time);
}

void queue_line::gone(entry& e) {
    --leaving_;
    if (e.key != nullptr) {
        if (entry* const next = e.next_of_key) {
            --behind_;
            make_ready(*next);
        } else {
            keys_.erase(keys_.find(e.key->first));
        }
    }
    if (e.kept != nullptr) kept_bytes_ -= e.bytes;
    suspects_ -= is_suspect(e.number);
    entries_.erase(e.number);
}

bool queue_line::is_leased(std::uint64_t number) const {
    const auto at = entries_.find(number);
    return at != entries_.end() && at->second.state == standing::leased;
}

queue_line::entry* queue_line::leaving(std::uint64_t number) {
    const auto at = entries_.find(number);
    return at != entries_.end() && at->second.state == standing::leaving ? &at->second : nullptr;
}

void queue_line::forget(const moment& now, const std::function<bool(std::uint64_t number)>& which,
                        const std::function<void(const entry* e, std::uint64_t number, wall::time_point due)>& told) {
    // Also what was not read ahead yet.
    if (loaded_ < tail_) {
        constexpr auto all = std::numeric_limits<std::size_t>::max();
        read_ahead(all, all);
        loaded_ = tail_;
    }
    std::erase_if(window_, [&](const stored_message& s) {
        if (!which(s.number)) return false;
        window_bytes_ -= weight_of(s.message);
        subtract(size_of(s.message));
        told(nullptr, s.number, {});
        return true;
    });
    std::unordered_map<std::uint64_t, wall::time_point> due;
    std::unordered_map<std::uint64_t, steady::time_point> pauses;
    for (; !later_.empty(); later_.pop()) due.insert_or_assign(later_.top().second, later_.top().first);
    for (; !paused_.empty(); paused_.pop()) {
        const auto [until, number] = paused_.top();
        pauses.insert_or_assign(number, until);
        due.insert_or_assign(number, now.date + std::chrono::ceil<milliseconds>(until - now.since_start));
    }
    std::erase_if(entries_, [&](const auto& one) {
        const entry& e = one.second;
        if (e.state == standing::leased || e.state == standing::leaving || !which(e.number)) return false;
        if (e.state == standing::behind) --behind_;
        if (e.state == standing::later) --later_count_;
        if (e.kept != nullptr) kept_bytes_ -= e.bytes;
        subtract(e.bytes);
        told(&e, e.number, e.state == standing::later ? due[e.number] : wall::time_point{});
        return true;
    });
    // Of each key those that are left stand in line again.
    std::vector<entry*> left;
    for (auto& [number, e] : entries_) {
        if (const auto paused = pauses.find(number); e.state == standing::later && paused != pauses.end())
            paused_.emplace(paused->second, number);
        else if (e.state == standing::later) later_.emplace(due[number], number);
        if (e.key != nullptr) left.push_back(&e);
    }
    std::sort(left.begin(), left.end(), [](const entry* a, const entry* b) { return a->number < b->number; });
    for (auto& [key, line] : keys_) line.last = nullptr;
    for (entry* const e : left) {
        e->next_of_key = nullptr;
        if (entry* const before = std::exchange(e->key->second.last, e)) before->next_of_key = e;
        else if (e->state == standing::behind) --behind_, make_ready(*e);
    }
    std::erase_if(keys_, [](const auto& one) { return one.second.last == nullptr; });
}

void queue_line::tick(const moment& now, const std::function<void(entry&)>& lease_expired) {
    while (oldest_ != nullptr && oldest_->until <= now.since_start) {
        entry& e = *oldest_;
        unlease(e);
        count_attempt(e);
        make_ready(e);
        lease_expired(e);
    }
    make_due_ready(later_, now.date);
    make_due_ready(paused_, now.since_start);
}

template <class Waiting, class Time>
void queue_line::make_due_ready(Waiting& waiting, Time now) {
    while (!waiting.empty() && waiting.top().first <= now) {
        const auto at = entries_.find(waiting.top().second);
        waiting.pop();
        if (at == entries_.end() || at->second.state != standing::later) continue;
        --later_count_;
        at->second.due = true;
        make_ready(at->second);
    }
}

steady::time_point queue_line::next_tick(const moment& now) const {
    steady::time_point next = oldest_ != nullptr ? oldest_->until : steady::time_point::max();
    if (!paused_.empty()) next = std::min(next, paused_.top().first);
    if (later_.empty()) return next;
    const auto delay = later_.top().first - now.date;
    return delay > std::chrono::hours(24) ? next
                                          : std::min(next, now.since_start + std::chrono::ceil<milliseconds>(delay));
}

// A row that is written anyway moves the mark: far enough for what will be handed out until the next one, and hardly
// farther, since after a crash all that lies below it counts as redelivered.
queue_row queue_line::row_to_write(std::size_t asked) {
    const std::uint64_t wanted = mark_wanted_ ? lookahead_ * 4 : std::max(2 * handed_out_, lookahead_ - lookahead_ / 8);
    lookahead_ = std::clamp(wanted, lookahead_min, lookahead_max);
    handed_out_ = 0;
    const std::uint64_t begin = window_.empty() ? std::max(passed_, loaded_) : window_.front().number - 1;
    queue_row row = row_;
    row.next = next_;
    row.mark =
        std::max(mark_, begin + std::max<std::uint64_t>(lookahead_, std::min<std::uint64_t>(asked, lookahead_max)));
    return row;
}

queue_row queue_line::last_row() const {
    queue_row row = row_;
    row.next = next_;
    row.mark = old_mark_;
    return row;
}

std::vector<std::uint64_t> queue_line::handed_numbers() const {
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, e] : entries_) {
        if (e.handed && number > old_mark_) numbers.push_back(number);
    }
    return numbers;
}

std::uint64_t queue_line::ready() const noexcept {
    const std::uint64_t held = leased_ + behind_ + later_count_;
    return row_.length > held ? row_.length - held : 0;
}

}  // namespace freshet
