#include "bench/load/worker.hpp"

#include "base/interrupt.hpp"
#include "bench/meter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace freshet::load {

namespace {

constexpr std::int64_t wait_max_ns = 20'000'000;
constexpr std::int64_t away_max_ns = 30'000'000'000;  ///< where no time ends the phase
constexpr std::uint64_t one_hit_bit = std::uint64_t{1} << 63;

}  // namespace

worker::worker(const traffic& t, std::size_t number, live_line& live, const std::atomic<bool>& stop)
    : traffic_(t),
      live_(live),
      stop_(stop),
      random_(t.options.seed + (number << 32)),
      next_one_hit_(one_hit_bit | (t.options.seed << 40) | (number << 32)),
      loop_(*this, traffic_.server,
            std::chrono::duration_cast<std::chrono::nanoseconds>(
                std::chrono::duration<double>(t.options.patience_seconds))) {
    const std::size_t all = t.options.connections, threads = t.options.threads;
    for (std::size_t i = number; i < all; i += threads) loop_.add(clients_.emplace_back(t.said, t.of));
}

bool worker::stopped() const { return stop_.load(std::memory_order_relaxed) || demonstration::interrupt_came(); }

tally worker::drive(const phase& p) {
    phase_ = p;
    tally_ = {};
    left_ = p.requests;
    fill_next_ = p.fill_from.value_or(0);
    due_ns_ = p.first_ns;
    idle_.clear();
    times_told_ = {};
    errors_told_ = 0;
    attempts_before_ = loop_.failed_attempts();
    std::int64_t now = progress_ns_ = told_ns_ = now_ns();
    for (client& c : clients_) {
        c.is_idle = false;
        if (c.is_open()) hand_over(c, now);
    }
    while (!stopped()) {
        if (left_ != 0 && now >= p.end_ns) end_sending(now);
        if (p.interval_ns > 0) send_due(now);
        if (left_ == 0 && busy_ == 0) break;
        loop_.turn(wait_ns(now));
        now = now_ns();
        check_progress(now);
        if (live_.is_shown()) tell_live(now);
    }
    tally_.failed_attempts = loop_.failed_attempts() - attempts_before_;
    return std::move(tally_);
}

/// The connection may send.
void worker::hand_over(client& c, std::int64_t now) {
    if (phase_.interval_ns <= 0) return send_pipeline(c, traffic_.options.depth, now);
    if (!std::exchange(c.is_idle, true)) idle_.push(&c);
}

void worker::send_pipeline(client& c, std::size_t commands, std::int64_t now) {
    c.asked.begin();
    for (; commands != 0 && left_ != 0; --commands) {
        std::int64_t begin = now;
        if (phase_.interval_ns > 0) {
            begin = static_cast<std::int64_t>(due_ns_);
            due_ns_ += phase_.interval_ns;
        }
        left_ -= std::min(left_, ask_command(c, begin));
    }
    if (c.asked.answered()) return;
    ++busy_;
    c.is_busy = c.awaits_reply = true;
    c.heard_ns = now;
    loop_.flush(c);
}

/// How many requests it makes.
std::uint64_t worker::ask_command(client& c, std::int64_t begin_ns) {
    if (const auto key = draw_set(c)) {
        c.asked.ask({*key, true, true, begin_ns}, c.out);
        return 1;
    }
    const std::uint64_t keys = std::min<std::uint64_t>(traffic_.options.multi, left_);
    for (std::uint64_t i = 0; i < keys; ++i) {
        const double one_hits = traffic_.options.one_hit_share;
        const std::uint64_t key = one_hits > 0 && random_.share() < one_hits ? next_one_hit_++ : draw_key();
        c.asked.ask({key, false, i + 1 == keys, begin_ns}, c.out);
    }
    return keys;
}

/// The key to be set; nothing: a get is next.
std::optional<std::uint64_t> worker::draw_set(client& c) {
    std::vector<std::uint64_t>& owed = phase_.fill_from ? to_fill_again_ : c.missed;
    if (!owed.empty()) {
        const std::uint64_t key = owed.back();
        owed.pop_back();
        return key;
    }
    if (phase_.fill_from) return fill_next_++;
    const ratio& r = traffic_.options.ratio;
    if (random_.below(r.gets + r.sets) < r.gets) return std::nullopt;
    return draw_key();
}

std::uint64_t worker::draw_key() {
    return traffic_.zipf ? traffic_.zipf->draw(random_) : random_.below(traffic_.options.keys);
}

/// Gives what is due to the connections that wait for nothing, evenly.
void worker::send_due(std::int64_t now) {
    while (left_ != 0 && !idle_.empty() && due_ns_ <= static_cast<double>(now)) {
        client& c = *idle_.front();
        idle_.pop();
        c.is_idle = false;
        if (!c.is_open()) continue;  // it has been cut meanwhile
        const auto due = static_cast<std::size_t>((static_cast<double>(now) - due_ns_) / phase_.interval_ns) + 1;
        send_pipeline(c, std::clamp<std::size_t>(due / (idle_.size() + 1), 1, traffic_.options.depth), now);
    }
}

std::int64_t worker::wait_ns(std::int64_t now) const {
    if (phase_.interval_ns <= 0 || left_ == 0 || idle_.empty()) return wait_max_ns;
    return std::clamp(static_cast<std::int64_t>(due_ns_) - now, std::int64_t{0}, wait_max_ns);
}

void worker::end_sending(std::int64_t now) {
    left_ = 0;
    if (phase_.interval_ns <= 0) return;
    const double behind = (static_cast<double>(std::min(now, phase_.end_ns)) - due_ns_) / phase_.interval_ns;
    if (behind > 0) tally_.not_sent = static_cast<std::uint64_t>(behind * phase_.requests_a_command);
}

std::size_t worker::on_bytes(connection& c, std::string_view bytes, std::int64_t now) {
    auto& who = static_cast<client&>(c);
    const bool fills = phase_.fill_from.has_value();
    const std::size_t used =
        who.asked.take(bytes, now, tally_, traffic_.options.set_on_miss && !fills ? &who.missed : nullptr);
    progress_ns_ = now;
    if (!who.is_busy || !who.asked.answered()) return used;
    who.is_busy = who.awaits_reply = false;
    --busy_;
    if (now >= phase_.end_ns && left_ != 0) end_sending(now);
    hand_over(who, now);
    return used;
}

void worker::on_lost(connection& c, loss how) {
    auto& who = static_cast<client&>(c);
    ++(how == loss::cut ? tally_.cut_connections : tally_.silent_connections);
    if (!who.is_busy) return;
    who.is_busy = false;
    --busy_;
    const std::size_t lost = who.asked.unanswered();
    tally_.unanswered += lost;
    if (phase_.fill_from) {  // every key is to be there
        for (std::size_t i = 0; i < lost; ++i) to_fill_again_.push_back(who.asked.unanswered(i).key);
        left_ += lost;
    }
    who.asked.begin();
}

void worker::on_open(connection& c, std::int64_t now) { hand_over(static_cast<client&>(c), now); }

void worker::check_progress(std::int64_t now) {
    if (phase_.end_ns != std::numeric_limits<std::int64_t>::max() || now - progress_ns_ < away_max_ns) return;
    throw std::runtime_error(fmt::format("{} has answered nothing for 30 s", traffic_.server.text));
}

void worker::tell_live(std::int64_t now) {
    if (now - told_ns_ < live_line::every_ns) return;
    told_ns_ = now;
    live_.tell(tally_.times.since(times_told_), tally_.errors() - errors_told_, now);
    times_told_ = tally_.times;
    errors_told_ = tally_.errors();
}

}  // namespace freshet::load
