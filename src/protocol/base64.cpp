#include "protocol/base64.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace freshet {

namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> values = [] {
    std::array<std::int8_t, 256> v{};
    v.fill(-1);
    for (std::size_t i = 0; i < letters.size(); ++i)
        v[static_cast<unsigned char>(letters[i])] = static_cast<std::int8_t>(i);
    return v;
}();

}  // namespace

/// As memcached reads it: other letters are skipped, a group with padding is the last one, wherever its padding stands.
std::size_t base64_decode(std::string_view text, char* out) noexcept {
    const auto known = [](char c) { return c == '=' || values[static_cast<unsigned char>(c)] >= 0; };
    const auto count = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), known));
    if (count % 4 != 0) return 0;
    char* const begin = out;
    std::uint32_t group = 0;
    unsigned digits = 0;
    unsigned padding = 0;
    for (const char c : text) {
        if (!known(c)) continue;
        group = group << 6 | (c == '=' ? 0U : static_cast<unsigned>(values[static_cast<unsigned char>(c)]));
        if (c == '=') ++padding;
        if (++digits != 4) continue;
        if (padding > 2) return 0;
        for (unsigned i = 0; i < 3 - padding; ++i) *out++ = static_cast<char>(group >> (16 - 8 * i));
        if (padding != 0) break;
        group = digits = 0;
    }
    return static_cast<std::size_t>(out - begin);
}

void base64_encode(std::string_view raw, bytes& out) {
    for (std::size_t at = 0; at < raw.size(); at += 3) {
        const std::size_t n = std::min<std::size_t>(3, raw.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) group = group << 8 | (i < n ? static_cast<unsigned char>(raw[at + i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i) out.push(i > n ? '=' : letters[group >> (18 - 6 * i) & 63]);
    }
}

}  // namespace freshet
