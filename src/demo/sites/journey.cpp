#include "demo/sites/journey.hpp"

#include "base/bytes.hpp"
#include "demo/server/client.hpp"
#include "demo/sites/ledger.hpp"
#include "protocol/ask.hpp"
#include "protocol/reply.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace freshet::demonstration {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t travellers_max = 16;  ///< from one site: under way to it, or not yet read at the other
constexpr crowd journey_writers{8, 1}, journey_readers{1, travellers_max};
constexpr std::chrono::milliseconds look_every{1};
constexpr std::chrono::seconds unread_after{30};

/// From one site to the other.
struct direction {
    struct traveller {
        std::uint32_t number;
        std::optional<clock::time_point> answered{};
    };

    ledger& books;
    std::uint32_t next;  ///< and every second one
    clock::time_point end;
    std::unordered_map<std::uint32_t, traveller> travellers{};
    clock::time_point last_read{};

    bool finished() const { return next >= books.subjects() || clock::now() >= end; }
};

class leaving final : public conversation {
public:
    leaving(direction& d, journey_outcome& o) : direction_(d), outcome_(o) {}

    bool ask(asking& to, std::uint32_t& subject) override {
        direction& d = direction_;
        if (d.finished() || d.travellers.size() >= travellers_max) return false;
        subject = std::exchange(d.next, d.next + 2);
        const std::uint32_t number = d.books.next_number();
        d.travellers.emplace(subject, direction::traveller{number});
        const std::string value = d.books.value(subject, number);
        outcome_.told.bytes = outcome_.told.bytes.value_or(0) + value.size();
        to.set(d.books.key(subject), value);
        return true;
    }
    void answered(std::uint32_t subject, const reply& answer, std::chrono::nanoseconds took) override {
        outcome_.told.times.add(took);
        direction& d = direction_;
        const auto it = d.travellers.find(subject);
        if (answer.outcome == outcome::stored) {
            ++outcome_.written;
            it->second.answered = clock::now();
            d.books.answered(subject, {it->second.number});
        } else {
            ++outcome_.not_stored;
            d.books.unsure(subject, {it->second.number});
            d.travellers.erase(it);
        }
    }

private:
    direction& direction_;
    journey_outcome& outcome_;
};

/// Asks for all that has left, again and again.
class arriving final : public conversation {
public:
    arriving(direction& d, journey_outcome& o) : direction_(d), outcome_(o) {}

    bool ask(asking& to, std::uint32_t& subject) override {
        if (asked_ == round_.size() && under_way_ == 0) begin_round();
        if (asked_ == round_.size()) return false;
        subject = round_[asked_++];
        to.get(direction_.books.key(subject));
        ++under_way_;
        return true;
    }
    void answered(std::uint32_t subject, const reply& answer, std::chrono::nanoseconds) override {
        --under_way_;
        direction& d = direction_;
        const auto it = d.travellers.find(subject);
        if (answer.outcome != outcome::hit || answer.value.view() != d.books.value(subject, it->second.number)) return;
        d.last_read = clock::now();
        outcome_.readable.times.add(d.last_read - *it->second.answered);
        d.travellers.erase(it);
    }
    bool later() const override { return !direction_.finished() || !direction_.travellers.empty(); }
    bool over() const override { return clock::now() >= direction_.end + unread_after; }

private:
    void begin_round() {
        const auto now = clock::now();
        if (now < next_round_) return;
        next_round_ = now + look_every;
        round_.clear();
        asked_ = 0;
        for (const auto& [subject, t] : direction_.travellers) {
            if (t.answered) round_.push_back(subject);
        }
    }

    direction& direction_;
    journey_outcome& outcome_;
    std::vector<std::uint32_t> round_;
    std::size_t asked_{0}, under_way_{0};
    clock::time_point next_round_{};
};

}  // namespace

journey_outcome run_journey(booked_site one, booked_site other, std::chrono::milliseconds time) {
    journey_outcome o;
    const auto begin = clock::now();
    direction there{one.books, 0, begin + time}, back{other.books, 1, begin + time};
    leaving from_one(there, o), from_other(back, o);
    arriving at_other(there, o), at_one(back, o);
    const std::array<party, 4> parties{{{from_one, one.site.socket_path(), journey_writers},
                                        {from_other, other.site.socket_path(), journey_writers},
                                        {at_other, other.site.socket_path(), journey_readers},
                                        {at_one, one.site.socket_path(), journey_readers}}};
    hold(parties);
    o.unread = there.travellers.size() + back.travellers.size();
    o.told.name = "4 two sites, records written and told";
    o.told.seconds = std::chrono::duration<double>(time).count();
    o.told.requests = o.told.times.count();
    o.readable.name = "  readable at the other site, from the answer on";
    o.readable.seconds = std::chrono::duration<double>(std::max(there.last_read, back.last_read) - begin).count();
    o.readable.messages = o.readable.times.count();
    return o;
}

}  // namespace freshet::demonstration
