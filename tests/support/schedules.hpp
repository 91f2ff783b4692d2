// Random schedules of a part that runs in one thread, with time and peers simulated: a world draws what happens next,
// does it, and demands what must be so. ctest runs a few, always the same; FRESHET_SCHEDULES=1000000 runs as many, and
// FRESHET_SEED=7 begins with that one. A schedule that breaks a rule is shortened, and told step by step.
#pragma once

#include <freshet/time.hpp>

#include "bench/load/random.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace freshet::test {

using load::random_source;

struct broken_rule : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class... Args>
void demand(bool holds, fmt::format_string<Args...> otherwise, Args&&... args) {
    if (!holds) throw broken_rule(fmt::format(otherwise, std::forward<Args>(args)...));
}

class world {
public:
    /// Where say() writes; null: nowhere.
    void tell_to(std::string* words) noexcept { words_ = words; }

protected:
    ~world() = default;
    /// What is being done, a line for each.
    template <class... Args>
    void say(fmt::format_string<Args...> words, Args&&... args) {
        if (words_ != nullptr) *words_ += "  " + fmt::format(words, std::forward<Args>(args)...) + "\n";
    }
    static milliseconds some_time(random_source& r, std::uint64_t most) {
        return milliseconds(static_cast<milliseconds::rep>(r.below(most + 1)));
    }

private:
    std::string* words_{nullptr};
};

/// What may happen, and how often beside the others.
template <class World>
struct happening {
    unsigned weight;
    void (World::*take_place)(random_source&);
};

template <class World, std::size_t N>
void draw_and_do(World& in, const std::array<happening<World>, N>& all, random_source& r) {
    unsigned weights = 0;
    for (const auto& one : all) weights += one.weight;
    auto drawn = static_cast<unsigned>(r.below(weights));
    for (const auto& one : all) {
        if (drawn < one.weight) return (in.*one.take_place)(r);
        drawn -= one.weight;
    }
}

/// Each step is a seed of its own, so that it means about the same when others are left out.
struct schedule {
    std::uint64_t setting;
    std::vector<std::uint64_t> steps;
};

/// The rule that it breaks; empty: none. World(random_source&) sets it up, step(random_source&) does what is drawn,
/// end() brings all to an end and counts.
template <class World>
std::string fault_in(const schedule& s, std::string* told = nullptr) {
    try {
        random_source setting(s.setting);
        World in(setting);
        in.tell_to(told);
        for (const std::uint64_t seed : s.steps) {
            random_source r(seed);
            in.step(r);
        }
        if (told != nullptr) *told += "  the end\n";
        in.end();
    } catch (const broken_rule& b) {
        return b.what();
    }
    return {};
}

/// What can be left out, is.
template <class World>
void shorten(schedule& s) {
    for (std::size_t some = s.steps.size(); some > 0; some /= 2) {
        for (std::size_t at = 0; at < s.steps.size();) {
            schedule less = s;
            const auto from = less.steps.begin() + static_cast<std::ptrdiff_t>(at);
            less.steps.erase(from, from + static_cast<std::ptrdiff_t>(std::min(some, s.steps.size() - at)));
            if (fault_in<World>(less).empty()) at += some;
            else s = less;
        }
    }
}

inline std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* const text = std::getenv(variable);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// `count` and the most steps of each: what takes a second or two.
template <class World>
void run_schedules(std::uint64_t count, std::size_t steps_max) {
    const std::uint64_t first = number_from("FRESHET_SEED", 1), all = number_from("FRESHET_SCHEDULES", count);
    for (std::uint64_t seed = first; seed - first < all; ++seed) {
        random_source r(seed);
        schedule s{r.next(), std::vector<std::uint64_t>(1 + r.below(steps_max))};
        for (std::uint64_t& step : s.steps) step = r.next();
        if (fault_in<World>(s).empty()) continue;
        shorten<World>(s);
        std::string told;
        const std::string fault = fault_in<World>(s, &told);
        FAIL() << "FRESHET_SEED=" << seed << ", " << s.steps.size() << " steps:\n" << told << fault;
    }
}

}  // namespace freshet::test
