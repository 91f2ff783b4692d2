#include "protocol/base64.hpp"
#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace freshet {
namespace {

std::string encode(std::string_view raw) {
    bytes out;
    base64_encode(raw, out);
    return std::string(out.view());
}

std::string decode(std::string_view text) {
    std::vector<char> out(text.size() / 4 * 3);  // exactly the room that is promised
    return {out.data(), base64_decode(text, out.data())};
}

TEST(base64, the_rfc_s_examples_go_both_ways) {
    const std::pair<std::string, std::string> examples[] = {{"", ""},
                                                            {"f", "Zg=="},
                                                            {"fo", "Zm8="},
                                                            {"foo", "Zm9v"},
                                                            {"foob", "Zm9vYg=="},
                                                            {"fooba", "Zm9vYmE="},
                                                            {"foobar", "Zm9vYmFy"}};
    for (const auto& [raw, text] : examples) {
        EXPECT_EQ(encode(raw), text);
        EXPECT_EQ(decode(text), raw);
    }
}

TEST(base64, any_bytes_come_back) {
    std::mt19937 random(7);
    for (std::size_t size = 0; size < 260; ++size) {
        std::string raw(size, '\0');
        for (char& c : raw) c = static_cast<char>(random());
        EXPECT_EQ(decode(encode(raw)), raw);
    }
}

TEST(base64, other_letters_are_skipped_as_memcached_does) {
    EXPECT_EQ(decode("Z-m_9.v"), "foo");
    EXPECT_EQ(decode(std::string("Zm\0\xff"
                                 "9v",
                                 6)),
              "foo");
}

TEST(base64, incomplete_groups_are_no_base64) {
    for (const auto* text : {"Z", "Zm", "Zm9", "Zm9vY", "Zm9vYg=", "====", "Z===", "!!!!"}) EXPECT_EQ(decode(text), "");
}

TEST(base64, group_with_padding_is_the_last) { EXPECT_EQ(decode("Zg==Zm9v"), "f"); }

}  // namespace
}  // namespace freshet
