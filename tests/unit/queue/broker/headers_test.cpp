#include "queue/broker/headers.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>

namespace freshet {
namespace {

struct written {
    std::map<std::string, std::int64_t, std::less<>> numbers;
    std::map<std::string, std::string, std::less<>> texts;

    void operator()(std::string_view name, std::int64_t number) { numbers.emplace(name, number); }
    void operator()(std::string_view name, std::string_view text) { texts.emplace(name, text); }
};

written headers_of(const message& m, const death* died = nullptr) {
    written to;
    add_own_headers(m, died, [&to](std::string_view name, const auto& value) { to(name, value); });
    return to;
}

TEST(broker_headers, a_plain_message_needs_none) {
    const written all = headers_of({});
    EXPECT_TRUE(all.numbers.empty());
    EXPECT_TRUE(all.texts.empty());
}

TEST(broker_headers, what_is_written_is_read_again) {
    message m;
    m.flags = std::numeric_limits<std::uint32_t>::max();
    m.attempt = 3;
    m.not_before = from_ms_since_1970(1'767'323'045'678);
    m.expires = from_ms_since_1970(1'767'323'045'679);
    message back;
    for (const auto& [name, number] : headers_of(m).numbers) read_own_header(name, number, back);
    EXPECT_EQ(back.flags, m.flags);
    EXPECT_EQ(back.attempt, 3U);
    EXPECT_EQ(back.not_before, m.not_before);
    EXPECT_EQ(back.expires, m.expires);
}

TEST(broker_headers, a_dead_letter_says_where_it_was_and_why) {
    const death died{"work", "too old"};
    const written all = headers_of({}, &died);
    EXPECT_EQ(all.texts.at("freshet-queue"), "work");
    EXPECT_EQ(all.texts.at("freshet-reason"), "too old");
}

TEST(broker_headers, what_cannot_be_is_passed_over) {
    message m;
    m.flags = 5;
    m.attempt = 2;
    for (const auto number : {std::int64_t{-1}, std::int64_t{1} << 32, std::numeric_limits<std::int64_t>::max()}) {
        read_own_header(flags_header, number, m);
        read_own_header(attempt_header, number, m);
    }
    read_own_header(flags_header, std::nullopt, m);
    read_own_header("freshet-other", 7, m);
    EXPECT_EQ(m.flags, 5U);
    EXPECT_EQ(m.attempt, 2U);
    EXPECT_EQ(m.expires, wall::time_point{});
    read_own_header(expires_header, std::numeric_limits<std::int64_t>::max(), m);
    EXPECT_GT(m.expires, wall::now());
}

}  // namespace
}  // namespace freshet
