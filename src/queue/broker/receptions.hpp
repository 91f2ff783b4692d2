// Who waits for a message of a broker's queue, in order, and when each has waited long enough. A reception that is not
// for ever looks at what is there: behind what was published before it, once the broker has said that all it had ready
// has come. No work grows with how many wait, but that for each of them once. Own thread only.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "queue/operations.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

namespace freshet {

class waiting_receptions {
public:
    /// Waits for ever.
    void add(reception& r);
    /// Waits until then, and behind `published` publications for the broker until `give_up`. Neither goes back with
    /// the calls.
    void add(reception& r, steady::time_point until, std::uint64_t published, steady::time_point give_up);
    /// It may have come home, and be gone, or be lent again: it is compared, not read. False: it does not wait here.
    bool remove(const reception* who, std::uint64_t time);

    bool empty() const noexcept { return takers_.empty() && probes_.empty(); }
    /// Messages that they take.
    std::size_t wanted() const noexcept { return wanted_; }
    bool any_ends() const noexcept { return !by_time_.empty(); }

    /// Who is to have the next message; null: nobody takes one.
    reception* first() noexcept { return takers_.empty() ? nullptr : takers_.front().who; }
    void remove_first() { erase(takers_.begin()); }
    /// Somebody; null: nobody.
    reception* any() noexcept;

    /// Those that are not behind more than `told` publications are to hear of a question to the broker. False: there
    /// are none.
    bool ask(std::uint64_t told);
    /// The broker has answered what they wait for.
    void answered();
    /// More has come than the answer knew: those who wait for it have to ask again.
    void ask_again();
    /// There is no connection: nothing that was asked is answered, or counts any more.
    void disconnected();

    enum class broker : std::uint8_t { connected, connecting, away };
    /// The next whose time is over, and why it has nothing; nothing: the broker has none. `connecting` may take
    /// `start_time`.
    std::optional<std::pair<reception*, std::optional<errc>>> next_over(steady::time_point now, broker is,
                                                                        milliseconds start_time);

private:
    struct waiting;
    using line = std::list<waiting>;
    using times = std::multimap<steady::time_point, line::iterator>;
    enum class standing : std::uint8_t { unasked, asked, answered };
    struct waiting {
        reception* who{nullptr};
        std::uint64_t time{0};  ///< that it was lent
        std::uint64_t order{0};
        bool ends{false};
        // If it ends:
        standing is{standing::unasked};
        steady::time_point until{}, give_up{};
        std::uint64_t published{0};
        times::iterator at{};  ///< when it is to be looked at
    };

    line::iterator append(reception& r);
    void erase(line::iterator w);
    void look_at(line::iterator w, steady::time_point when);

    line takers_{};
    line probes_{};  ///< that take none: they only ask whether there is an answer
    std::unordered_map<const reception*, line::iterator> by_who_{};
    times by_time_{};
    std::map<std::uint64_t, line::iterator> unasked_{}, asked_{};  ///< by order, and so by `published`
    std::uint64_t orders_{0};
    std::size_t wanted_{0};
};

}  // namespace freshet
