#include "queue/broker/receptions.hpp"

namespace freshet {

waiting_receptions::line::iterator waiting_receptions::append(reception& r) {
    line& its = r.max == 0 ? probes_ : takers_;
    const auto w = its.emplace(its.end());
    w->who = &r;
    w->time = r.times_lent;
    w->order = ++orders_;
    by_who_.emplace(&r, w);
    wanted_ += r.max;
    return w;
}

void waiting_receptions::add(reception& r) { append(r); }

void waiting_receptions::add(reception& r, steady::time_point until, std::uint64_t published,
                             steady::time_point give_up) {
    const auto w = append(r);
    w->ends = true;
    w->until = until;
    w->give_up = give_up;
    w->published = published;
    w->at = by_time_.emplace(until, w);
    unasked_.emplace(w->order, w);
}

bool waiting_receptions::remove(const reception* who, std::uint64_t time) {
    const auto found = by_who_.find(who);
    if (found == by_who_.end() || found->second->time != time) return false;
    erase(found->second);
    return true;
}

void waiting_receptions::erase(line::iterator w) {
    if (w->ends) {
        by_time_.erase(w->at);
        unasked_.erase(w->order);
        asked_.erase(w->order);
    }
    by_who_.erase(w->who);
    wanted_ -= w->who->max;
    (w->who->max == 0 ? probes_ : takers_).erase(w);
}

reception* waiting_receptions::any() noexcept {
    line& some = takers_.empty() ? probes_ : takers_;
    return some.empty() ? nullptr : some.front().who;
}

void waiting_receptions::look_at(line::iterator w, steady::time_point when) {
    by_time_.erase(w->at);
    w->at = by_time_.emplace(when, w);
}

bool waiting_receptions::ask(std::uint64_t told) {
    bool any = false;
    for (; !unasked_.empty() && unasked_.begin()->second->published <= told; any = true) {
        const auto node = unasked_.extract(unasked_.begin());
        node.mapped()->is = standing::asked;
        asked_.emplace(node.key(), node.mapped());
    }
    return any;
}

void waiting_receptions::answered() {
    for (const auto& [order, w] : asked_) {
        w->is = standing::answered;
        look_at(w, w->until);
    }
    asked_.clear();
}

void waiting_receptions::ask_again() {
    for (const auto& [order, w] : asked_) w->is = standing::unasked;
    unasked_.merge(asked_);
}

void waiting_receptions::disconnected() {
    for (line* const its : {&takers_, &probes_}) {
        for (auto w = its->begin(); w != its->end(); ++w) {
            if (!w->ends) continue;
            w->is = standing::unasked;
            unasked_.emplace(w->order, w);
            look_at(w, w->until);
        }
    }
    asked_.clear();
}

std::optional<std::pair<reception*, std::optional<errc>>> waiting_receptions::next_over(steady::time_point now,
                                                                                        broker is,
                                                                                        milliseconds start_time) {
    while (!by_time_.empty() && by_time_.begin()->first <= now) {
        const auto w = by_time_.begin()->second;
        std::optional<errc> why;
        if (is == broker::connecting && now < w->until + start_time) {
            look_at(w, w->until + start_time);
            continue;
        }
        if (is != broker::connected) {
            why = errc::unreachable;
        } else if (w->is != standing::answered) {
            if (now < w->give_up) {
                look_at(w, w->give_up);
                continue;
            }
            why = errc::timed_out;
        }
        reception* const who = w->who;
        erase(w);
        return std::pair{who, why};
    }
    return std::nullopt;
}

}  // namespace freshet
