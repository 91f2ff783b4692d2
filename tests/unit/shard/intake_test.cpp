#include "shard/intake.hpp"
#include "shard/slice.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace freshet {
namespace {

class intakes : public testing::Test {
protected:
    struct line {
        explicit line(pool& chunks) : in(chunks) {
            if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) throw std::exception();
        }
        ~line() {
            for (const int end : ends) ::close(end);
        }
        void say(std::string_view text) {
            ASSERT_EQ(::send(ends[1], text.data(), text.size(), 0), ssize_t(text.size()));
        }
        int ends[2]{-1, -1};
        intake in;
    };

    pool chunks_;
    line a_{chunks_}, b_{chunks_};
};

TEST_F(intakes, what_is_not_read_stays_and_stands_before_what_comes_next) {
    a_.say("one tw");
    ASSERT_GT(a_.in.receive(a_.ends[0], 0), 0);
    EXPECT_EQ(a_.in.unread, "one tw");
    a_.in.unread.remove_prefix(4);
    a_.in.settle(0);
    b_.say("other");  // uses the common room
    ASSERT_GT(b_.in.receive(b_.ends[0], 0), 0);
    EXPECT_EQ(b_.in.unread, "other");
    b_.in.unread = {};
    b_.in.settle(0);
    a_.say("o three");
    ASSERT_GT(a_.in.receive(a_.ends[0], 0), 0);
    EXPECT_EQ(a_.in.unread, "two three");
    a_.in.settle(0);
}

TEST_F(intakes, what_is_lent_stays_as_it_is) {
    a_.say("lent");
    ASSERT_GT(a_.in.receive(a_.ends[0], 0), 0);
    const slice lent(*a_.in.source(), a_.in.unread);
    a_.in.unread = {};
    a_.in.settle(0);
    for (int i = 0; i < 10'000; ++i) {
        b_.say("something else that is longer");
        ASSERT_GT(b_.in.receive(b_.ends[0], 0), 0);
        b_.in.unread = {};
        b_.in.settle(0);
    }
    EXPECT_EQ(lent.view(), "lent");
}

TEST_F(intakes, large_value_is_received_whole_into_a_chunk_of_its_own) {
    const std::string value(1'000'000, 'v');
    const std::size_t wanted = value.size();
    std::size_t said = 0;
    while (a_.in.unread.size() < wanted) {
        const ssize_t n = ::send(a_.ends[1], value.data() + said, std::min<std::size_t>(50'000, wanted - said), 0);
        if (n > 0) said += static_cast<std::size_t>(n);
        ASSERT_GT(a_.in.receive(a_.ends[0], wanted), 0);
        if (a_.in.unread.size() < wanted) a_.in.settle(wanted);
    }
    EXPECT_TRUE(a_.in.unread == value);
    a_.in.unread = {};
    a_.in.settle(0);
}

TEST_F(intakes, what_is_only_said_to_become_large_takes_little_memory_until_it_comes) {
    const std::size_t wanted = std::size_t{1} << 30, believed = std::size_t{80} << 20;
    a_.say("VA 1073741824\r\nbegin");
    ASSERT_GT(a_.in.receive(a_.ends[0], 0), 0);
    a_.in.settle(wanted);
    EXPECT_LT(chunks_.used_bytes(), believed);
    const std::string more(50'000, 'v');
    std::string all(a_.in.unread);
    for (int i = 0; i < 100; ++i, all += more) {
        a_.say(more);
        ASSERT_EQ(a_.in.receive(a_.ends[0], wanted), static_cast<ssize_t>(more.size()));
        a_.in.settle(wanted);
    }
    EXPECT_TRUE(a_.in.unread == all);
    EXPECT_LT(chunks_.used_bytes(), believed);
    while (a_.in.unread.size() < believed) {
        a_.say(more);
        ASSERT_GT(a_.in.receive(a_.ends[0], wanted), 0);
    }
    EXPECT_TRUE(a_.in.unread.starts_with(all));
    EXPECT_LT(chunks_.used_bytes(), 3 * believed);
    a_.in.clear();
}

TEST_F(intakes, end_of_file_and_nothing_to_read_are_told_as_recv_tells_them) {
    EXPECT_LT(a_.in.receive(a_.ends[0], 0), 0);
    ::shutdown(a_.ends[1], SHUT_WR);
    EXPECT_EQ(a_.in.receive(a_.ends[0], 0), 0);
}

}  // namespace
}  // namespace freshet
