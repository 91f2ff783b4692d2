#include "shard/output.hpp"
#include "shard/pool.hpp"
#include "shard/slice.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <string>

namespace freshet {
namespace {

class outputs : public testing::Test {
protected:
    outputs() {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_) != 0) throw std::exception();
        const int small = 4'096;
        ::setsockopt(ends_[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    }
    ~outputs() override {
        for (const int end : ends_) ::close(end);
    }
    /// A slice of a chunk of this size, filled with this letter.
    slice filled(std::size_t size, char letter, std::size_t chunk_size) {
        chunk* const c = chunks_.take(chunk_size);
        std::memset(c->data(), letter, size);
        slice s(*c, {c->data(), size});
        c->leave();
        return s;
    }
    /// Text and slices in turn, and what they are together.
    std::string fill(output& to, int pieces) {
        std::string all;
        for (int i = 0; i < pieces; ++i) {
            const std::string text(random_() % 50, static_cast<char>('a' + i % 26));
            to.text().append(text);
            all += text;
            const std::size_t size = random_() % 3'000;
            to.lend(filled(size, static_cast<char>('A' + i % 26), 4'096));
            all.append(size, static_cast<char>('A' + i % 26));
        }
        return all;
    }
    std::string receive() {
        std::string came(1 << 20, '\0');
        const ssize_t n = ::recv(ends_[1], came.data(), came.size(), 0);
        came.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
        return came;
    }

    pool chunks_;
    int ends_[2]{-1, -1};
    std::mt19937 random_{1};
};

TEST_F(outputs, arrives_in_order_in_whatever_parts_the_socket_takes_it) {
    output out;
    std::string expected, came;
    for (int round = 0; round < 20; ++round) {
        expected += fill(out, 100);
        while (!out.empty()) {
            std::size_t sent = 0;
            const std::size_t before = out.size();
            ASSERT_TRUE(out.send(ends_[0], sent));
            EXPECT_EQ(out.size(), before - sent);
            came += receive();
        }
    }
    while (came.size() < expected.size()) came += receive();
    EXPECT_TRUE(came == expected);
    EXPECT_EQ(chunks_.used_bytes(), 0U);
}

TEST_F(outputs, rest_moves_to_another_one_and_pins_no_chunk_of_which_it_is_a_small_part) {
    output out, rest;
    out.text().append("text ");
    out.lend(filled(100, 's', 100'000));
    out.text().append(" and ");
    out.lend(filled(100'000, 'l', 100'000));
    const std::size_t size = out.size();
    out.move_to(rest);
    EXPECT_TRUE(out.empty());
    EXPECT_EQ(rest.size(), size);
    EXPECT_EQ(chunks_.used_bytes(), 131'072U);  // of the large slice alone
    std::string came;
    while (!rest.empty()) {
        std::size_t sent = 0;
        ASSERT_TRUE(rest.send(ends_[0], sent));
        came += receive();
    }
    EXPECT_TRUE(came == "text " + std::string(100, 's') + " and " + std::string(100'000, 'l'));
}

TEST_F(outputs, says_that_the_socket_has_failed) {
    output out;
    out.text().append("text");
    ::shutdown(ends_[0], SHUT_WR);
    std::size_t sent = 0;
    EXPECT_FALSE(out.send(ends_[0], sent));
}

}  // namespace
}  // namespace freshet
