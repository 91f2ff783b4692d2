#include "base/json.hpp"

#include <gtest/gtest.h>

namespace freshet {
namespace {

TEST(json, texts_are_escaped) {
    EXPECT_EQ(json_text(""), "\"\"");
    EXPECT_EQ(json_text("a \"b\" \\ täglich €"), "\"a \\\"b\\\" \\\\ täglich €\"");
    EXPECT_EQ(json_text(std::string_view("\n\0\x1f\x7f", 4)), "\"\\u000a\\u0000\\u001f\\u007f\"");
}

TEST(json, what_is_no_utf8_is_replaced) {
    EXPECT_EQ(json_text("a\xff"), "\"a\\ufffd\"");
    EXPECT_EQ(json_text("\xc3"), "\"\\ufffd\"");
    EXPECT_EQ(json_text("\xc0\x80"), "\"\\ufffd\\ufffd\"");             // longer than needed
    EXPECT_EQ(json_text("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");  // half of a pair
    EXPECT_EQ(json_text("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
    EXPECT_EQ(json_text("\xf0\x9f\x8c\x8a"), "\"\xf0\x9f\x8c\x8a\"");
}

}  // namespace
}  // namespace freshet
