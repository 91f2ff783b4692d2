// Nothing that is closed hears anything more, not in the turn that closed it either.
#include "shard/reactor.hpp"
#include "shard/shard.hpp"
#include "shard/turn_watch.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <exception>
#include <functional>
#include <thread>

namespace freshet {
namespace {

struct socket_pair {
    socket_pair() {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) throw std::exception();
    }
    ~socket_pair() {
        for (const int end : ends) ::close(end);
    }
    int ends[2]{-1, -1};
};

/// Leaves the reactor in the first thing that it hears.
struct leaver final : endpoint {
    leaver(shard& at, int d) : home(at), descriptor(d) {}
    void readable() override {
        ++heard;
        leave();
    }
    void flush() override {
        ++heard;
        leave();
    }
    void dead() override {
        ++heard;
        leave();
    }
    void leave() {
        home.reactor().remove(*this, descriptor);
        home.reactor().dirty_client(*this);  // as one that was dirty before
    }

    shard& home;
    int descriptor;
    std::atomic<int> heard{0};
};

class a_reactor : public testing::Test {
protected:
    ~a_reactor() override { home.stop(); }
    /// A turn has gone by.
    void turn() {
        home.run_and_wait([] {});
        home.run_and_wait([] {});
    }

    socket_pair pair;
    shard home{"home"};
    leaver subject{home, pair.ends[0]};
};

TEST_F(a_reactor, one_that_leaves_when_it_can_be_written_to_is_not_asked_to_read) {
    ASSERT_EQ(::send(pair.ends[1], "x", 1, 0), 1);
    home.start();
    home.run_and_wait([&] {
        home.reactor().add(subject, pair.ends[0]);
        home.reactor().watch(subject, pair.ends[0], true, true);  // both are true of it, in one event
    });
    turn();
    EXPECT_EQ(subject.heard, 1);
    char byte;
    EXPECT_EQ(::recv(pair.ends[0], &byte, 1, 0), 1);  // nobody has taken it
}

TEST_F(a_reactor, one_that_left_while_it_was_dirty_is_not_flushed) {
    home.start();
    home.run_and_wait([&] {
        home.reactor().add(subject, pair.ends[0]);
        home.reactor().dirty_client(subject);
        home.reactor().remove(subject, pair.ends[0]);
    });
    turn();
    EXPECT_EQ(subject.heard, 0);
}

/// Work that is there all at once, a millisecond each: more than a turn has time for.
constexpr int busy_ones = 50;

void work_for_a_millisecond() {
    for (const auto end = steady::now() + milliseconds(1); steady::now() < end;) {}
}

struct busy final : endpoint {
    void readable() override {
        char byte;
        EXPECT_EQ(::recv(pair.ends[0], &byte, 1, 0), 1);
        work();
    }
    void flush() override { work(); }
    void dead() override {}
    void work() {
        work_for_a_millisecond();
        ++*done;
    }
    socket_pair pair;
    int* done{nullptr};
};

struct busy_operation final : operation {
    void finish() override {
        work_for_a_millisecond();
        ++*done;
    }
    int* done{nullptr};
};

class a_long_turn : public testing::Test {
protected:
    a_long_turn() {
        for (busy& b : many) b.done = &done;
        home.start();
    }
    ~a_long_turn() override { home.stop(); }
    /// Runs `begin` on the shard; what is posted behind it has its turn before all that `begin` made ready is done.
    void expect_others_have_a_turn(const std::function<void()>& begin) {
        int done_before_others = -1;
        home.run_and_wait([&] {
            begin();
            home.run([&] { done_before_others = done; });
        });
        for (int all = 0; all < busy_ones;) home.run_and_wait([&] { all = done; });
        EXPECT_LT(done_before_others, busy_ones);
        EXPECT_EQ(done, busy_ones);
    }

    std::array<busy, busy_ones> many;
    int done{0};
    shard home{"home"};
};

TEST_F(a_long_turn, of_many_that_have_something_to_say_lets_others_in) {
    expect_others_have_a_turn([&] {
        for (busy& b : many) {
            home.reactor().add(b, b.pair.ends[0]);
            home.reactor().dirty_client(b);
        }
    });
}

TEST_F(a_long_turn, of_many_that_can_be_read_lets_others_in_and_tells_each) {
    expect_others_have_a_turn([&] {
        for (busy& b : many) {
            home.reactor().add(b, b.pair.ends[0]);
            EXPECT_EQ(::send(b.pair.ends[1], "x", 1, 0), 1);
        }
    });
}

/// Always readable, until it has been told often enough.
struct greedy final : endpoint {
    void readable() override {
        work_for_a_millisecond();
        if (++told != often) return;
        home->reactor().remove(*this, pair.ends[0]);
        if (*least_when_first_ended >= 0) return;
        const auto by_told = [](const greedy& a, const greedy& b) { return a.told < b.told; };
        *least_when_first_ended = std::min_element(all->begin(), all->end(), by_told)->told;
    }
    void flush() override {}
    void dead() override {}

    static constexpr int often = 6;
    socket_pair pair;
    shard* home{nullptr};
    std::array<greedy, 40>* all{nullptr};
    int* least_when_first_ended{nullptr};
    int told{0};
};

TEST_F(a_long_turn, tells_each_of_those_that_are_always_ready_as_often) {
    std::array<greedy, 40> greedies;
    int least = -1;
    home.run_and_wait([&] {
        for (greedy& g : greedies) {
            g.home = &home;
            g.all = &greedies;
            g.least_when_first_ended = &least;
            home.reactor().add(g, g.pair.ends[0]);
            EXPECT_EQ(::send(g.pair.ends[1], "x", 1, 0), 1);
        }
    });
    for (bool over = false; !over;) {
        home.run_and_wait([&] {
            over =
                std::all_of(greedies.begin(), greedies.end(), [](const greedy& g) { return g.told == greedy::often; });
        });
    }
    EXPECT_GE(least, greedy::often - 2);
}

TEST_F(a_long_turn, of_many_operations_lets_others_in) {
    std::array<busy_operation, busy_ones> operations;
    int operations_done = 0;
    int done_before_other = -1;
    struct reader final : endpoint {
        void readable() override {
            char byte;
            EXPECT_EQ(::recv(pair.ends[0], &byte, 1, 0), 1);
            *seen = *count;
        }
        void flush() override {}
        void dead() override {}
        socket_pair pair;
        int *seen, *count;
    } other;
    other.seen = &done_before_other;
    other.count = &operations_done;
    home.run_and_wait([&] {
        home.reactor().add(other, other.pair.ends[0]);
        EXPECT_EQ(::send(other.pair.ends[1], "x", 1, 0), 1);
        for (busy_operation& o : operations) {
            o.home = &home;
            o.done = &operations_done;
            home.post(o);
        }
    });
    for (int all = 0; all < busy_ones;) home.run_and_wait([&] { all = operations_done; });
    EXPECT_GE(done_before_other, 0);
    EXPECT_LT(done_before_other, busy_ones);
    home.run_and_wait([&] { home.reactor().remove(other, other.pair.ends[0]); });
}

TEST(turn_watch, notices_a_turn_that_works_long_and_not_one_that_waits_long) {
    turn_watch watch;
    watch.begin();
    const auto since = steady::now();
    std::this_thread::sleep_for(2 * turn_watch::limit);
    watch.over(since, "home");
    EXPECT_EQ(watch.long_turns(), 0U);
    watch.begin();
    const auto then = steady::now();
    timespec worked{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &worked);
    for (timespec now = worked; now.tv_sec * 1000 + now.tv_nsec / 1'000'000 <=
                                worked.tv_sec * 1000 + worked.tv_nsec / 1'000'000 + 2 * turn_watch::limit.count();)
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    watch.over(then, "home");
    EXPECT_EQ(watch.long_turns(), 1U);
}

}  // namespace
}  // namespace freshet
