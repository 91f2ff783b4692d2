// A small world of two sites that change one key: every order in which it can come about is explored, with crashes at
// every point, redelivery, eviction, tombstones that end and clocks that differ. What the sites do is said by
// src/version; what a rule is for is seen when it is taken out.
#pragma once

#include "version/apply.hpp"
#include "version/change.hpp"
#include "version/writing.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace freshet::test {

/// Each is one of CONSISTENCY's; false: it is taken out.
struct rules {
    bool above_what_is_there{true};  ///< a version is above the one that the key has
    bool above_what_was_consumed{true};
    bool clock_outlives_a_crash{true};
    bool node_in_version{true};
    bool told_before_applied{true};  ///< a blind write
    bool applied_before_told{true};  ///< a conditional one
    bool own_changes_are_consumed{true};
    bool only_newer_is_applied{true};
    bool over_what_was_seen{true};     ///< and nothing else that came between
    bool tombstones{true};             ///< behind a delete of what is there
    bool tombstones_of_nothing{true};  ///< and of what is not
    bool old_sets_are_deletes{true};   ///< that outlived the tombstones
};

enum class deed : std::uint8_t { set, remove, add };

struct wish {
    std::size_t process;
    deed what;
};

/// How often what may go wrong does.
struct misfortunes {
    int crashes{1}, evictions{1}, redeliveries{1}, ages{0};
};

class world {
public:
    world(const rules& by, std::vector<wish> wishes, const misfortunes& may_happen, bool key_is_there);

    /// Nothing: whatever happens, all promises hold. Else how one is broken, step by step.
    std::optional<std::string> find_broken_promise();
    std::size_t states() const noexcept { return known_.size(); }

private:
    static constexpr std::size_t sites = 2, processes = 3, wishes_max = 3;

    struct item {
        enum class kind : std::uint8_t { absent, value, marked, tombstone } is{kind::absent};
        version at{0};
        std::size_t value{0};
    };
    struct told_change {
        change what{};
        std::size_t value{0};
        std::size_t site{0};
        bool old{false};  ///< it has outlived the tombstones
    };
    struct site {
        item it{};
        version answered{0};    ///< the highest version that a client was answered
        bool lost{false};       ///< it may miss what it had: evicted, or a set came too late
        bool overtaken{false};  ///< a writer was still applying when its change had been consumed
        bool ahead{false};      ///< by a conditional write that was not told
        int adds{0};            ///< that have won
        std::size_t next{0};    ///< change to consume
        std::optional<application> applying{};
    };
    struct process {
        version last{0};   ///< of its clock
        version known{0};  ///< that it had answered or consumed, ever
        std::size_t wish{0};
        std::optional<writing> busy{};
        version seen{0}, own{0};
        version answered{0};  ///< at this site, when it began
        bool old{false};
        std::optional<application> applying{};
    };
    struct state {
        std::array<site, sites> at{};
        std::array<process, processes> of{};
        std::vector<told_change> told{};
        misfortunes left{};
        milliseconds aged{0};
    };

    bool explore(const state& s);
    /// Goes on with the world in which that has happened. True: it has broken a promise.
    bool then(const state& next, const std::string& happened);
    bool broken(const std::string& promise);
    bool ended(const state& s) const;
    std::optional<std::string> broken_at_the_end(const state& s) const;

    bool write(const state& s, std::size_t p);
    bool consume(const state& s, std::size_t where);
    bool go_wrong(const state& s);

    const wish* wish_of(const state& s, std::size_t p) const;
    std::optional<std::string> number(state& s, std::size_t p) const;
    std::optional<std::string> answer(state& s, std::size_t p) const;
    writing_event put(state& s, std::size_t p) const;
    void tell(state& s, std::size_t p) const;
    /// One step. True: it is over.
    bool apply(site& to, std::optional<application>& how, const told_change& c, bool expected) const;
    change change_of(const state& s, std::size_t p) const;
    applying_answer ask(site& to, applying_step what, version seen, const told_change& c, version& found) const;
    static std::size_t site_of(std::size_t process) { return process == 2 ? 1 : 0; }
    static std::size_t consumer_of(std::size_t site) { return site == 0 ? 1 : 2; }
    static std::string fingerprint(const state& s);

    const rules by_;
    const std::vector<wish> wishes_;
    state first_{};
    std::unordered_set<std::string> known_;
    std::vector<std::string> path_;
    std::string trace_;
};

}  // namespace freshet::test
