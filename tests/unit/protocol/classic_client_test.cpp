#include "protocol/classic_client.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace freshet {
namespace {

using kind = classic_answer::kind;

TEST(classic_client, commands_are_written_as_memcached_reads_them) {
    std::string to;
    append_get(to, "a");
    append_set(to, "b", "x\r\ny");
    append_set(to, "c", "");
    EXPECT_EQ(to, "get a\r\nset b 0 0 4\r\nx\r\ny\r\nset c 0 0 0\r\n\r\n");
}

TEST(classic_client, answers_come_off_the_front_in_order) {
    std::string_view input =
        "STORED\r\nVALUE a 0 6\r\nx\r\nEND\r\nEND\r\nEND\r\nVALUE b 7 0\r\n\r\nEND\r\nSERVER_ERROR no\r\nVAL";
    const auto expect = [&input](kind is, std::string_view text) {
        const auto answer = next_answer(input);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->is, is);
        EXPECT_EQ(answer->text, text);
    };
    expect(kind::line, "STORED");
    expect(kind::value, "x\r\nEND");
    expect(kind::miss, "END");
    expect(kind::value, "");
    expect(kind::line, "SERVER_ERROR no");
    EXPECT_FALSE(next_answer(input));
    EXPECT_EQ(input, "VAL");
}

TEST(classic_client, an_answer_that_is_not_whole_is_none_wherever_it_is_cut) {
    constexpr std::string_view whole = "VALUE key 0 5\r\nhello\r\nEND\r\n";
    for (std::size_t n = 0; n < whole.size(); ++n) {
        std::string_view input = whole.substr(0, n);
        EXPECT_FALSE(next_answer(input)) << n;
        EXPECT_EQ(input.size(), n);
    }
}

TEST(classic_client, what_is_no_answer_throws) {
    for (std::string_view input : {"VALUE a 0 x\r\n", "VALUE a 0 \r\n", "VALUE a 0 1\r\nabcdefghijkl"})
        EXPECT_THROW(next_answer(input), std::runtime_error) << input;
}

}  // namespace
}  // namespace freshet
