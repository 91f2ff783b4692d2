// Nothing that is closed hears anything more, not in the turn that closed it either.
#include "shard/reactor.hpp"
#include "shard/shard.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <exception>

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

}  // namespace
}  // namespace freshet
