// A parser's transcript of an input, with the proof that it does not depend on how the bytes arrive.
#pragma once

#include "support/transcript.hpp"

#include <gtest/gtest.h>

#include <random>

namespace freshet::test {

inline constexpr std::size_t default_item_size_max = std::size_t{1} << 20;

/// In one piece, byte by byte, and in random pieces: the same each time.
inline std::vector<std::string> parse(std::string_view input, std::size_t item_size_max = default_item_size_max) {
    const auto whole = transcript(input, item_size_max, [&] { return input.size(); });
    EXPECT_EQ(transcript(input, item_size_max, [] { return 1; }), whole) << input;
    std::mt19937 random(static_cast<unsigned>(input.size()));
    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(transcript(input, item_size_max, [&] { return random() % 40; }), whole) << input;
    }
    return whole;
}

/// Of an input that is one request or answer.
inline std::string parse_one(std::string_view input, std::size_t item_size_max = default_item_size_max) {
    const auto lines = parse(input, item_size_max);
    EXPECT_EQ(lines.size(), 1U) << input;
    return lines.empty() ? std::string() : lines.front();
}

using lines = std::vector<std::string>;

}  // namespace freshet::test
