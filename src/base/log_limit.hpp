// How much of a flood of log lines is written: each kind of line so often a second, the others summed up.
#pragma once

#include <freshet/time.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace freshet {

/// Lines are of a kind if they begin alike; a kind that shares its place with another shares its limit too.
class log_limit {
public:
    static constexpr unsigned of_a_kind = 200;  ///< in a window
    static constexpr milliseconds window{1'000};

    /// True: the line is to be written. False: it is counted.
    bool admits(std::string_view line, steady::time_point now);
    /// Whether lines were counted that sum_up() has not told of.
    bool has_more() const noexcept { return kinds_with_more_ != 0; }
    /// Calls `say(text)` for each kind whose second is over and that had more lines than were written.
    template <class Say>
    void sum_up(steady::time_point now, const Say& say) {
        if (!has_more()) return;
        for (kind& k : kinds_) {
            if (k.more != 0 && now - k.since >= window) {
                say(summary(k));
                forget(k, now);
            }
        }
    }

private:
    static constexpr std::size_t alike_bytes = 24, shown_bytes = 160, kinds = 64;

    struct kind {
        steady::time_point since{};
        unsigned written{0};
        std::uint64_t more{0};
        std::string first_of_them;
    };

    static std::string summary(const kind& k);
    void forget(kind& k, steady::time_point now);

    std::array<kind, kinds> kinds_;
    unsigned kinds_with_more_{0};
};

}  // namespace freshet
