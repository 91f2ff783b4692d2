#include "base/escape.hpp"

#include <gtest/gtest.h>

namespace freshet {
namespace {

TEST(escape, control_characters_become_visible) {
    EXPECT_EQ(escaped(""), "");
    EXPECT_EQ(escaped("plain text, täglich"), "plain text, täglich");
    EXPECT_EQ(escaped(std::string_view("a\r\n\t\\\0\x1b[0m\x7f", 11)), "a\\r\\n\\t\\\\\\x00\\x1b[0m\\x7f");
}

TEST(escape, those_of_latin_1_too_which_some_terminals_obey) {
    EXPECT_EQ(escaped("a\xc2\x9b"
                      "31m"),
              "a\\xc2\\x9b31m");
    EXPECT_EQ(escaped("a\x9b"
                      "31m"),
              "a\\x9b31m");
    EXPECT_EQ(escaped("\xc3\x84 \xe2\x82\xac \xf0\x9f\x98\x80 \xc2\xa0"),
              "\xc3\x84 \xe2\x82\xac \xf0\x9f\x98\x80 \xc2\xa0");
    EXPECT_TRUE(has_control("\x9b"));
    EXPECT_TRUE(has_control("\xc2\x80"));
    EXPECT_FALSE(has_control("\xf0\x9f\x98\x80 \\"));
}

TEST(escape, quotes_are_cut_between_characters) {
    EXPECT_EQ(in_quotes("abc"), "'abc'");
    const auto quoted = [](std::size_t count, std::string_view end) {
        std::string text = "'";
        text.append(count, 'x').append(end);
        return text;
    };
    EXPECT_EQ(in_quotes(std::string(60, 'x')), quoted(60, "'"));
    EXPECT_EQ(in_quotes(std::string(61, 'x')), quoted(60, "...'"));
    EXPECT_EQ(in_quotes(std::string(59, 'x').append("ää")), quoted(59, "...'"));
}

TEST(escape, blanks_and_control_characters_are_found_wherever_they_stand) {
    EXPECT_FALSE(has_blank_or_control(""));
    EXPECT_FALSE(has_blank_or_control("user:1/täglich~!"));
    for (const char c : {'\0', '\t', '\n', '\r', '\x1f', ' ', '\x7f'}) {
        EXPECT_TRUE(has_blank_or_control(std::string{c, 'a'})) << int{c};
        EXPECT_TRUE(has_blank_or_control(std::string{'a', c})) << int{c};
    }
    for (const char c : {'!', '~', '\x80', '\xff'}) EXPECT_FALSE(has_blank_or_control(std::string{c})) << int{c};
}

}  // namespace
}  // namespace freshet
