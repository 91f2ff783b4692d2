// Whole numbers in text as from_chars reads them: digits, and a '-' in front where N has a sign; no '+', no blanks.
// The numbers of memcached's protocol have rules of their own, see protocol/number.hpp.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace freshet {

/// Takes the number that `text` begins with. Nothing, and the text stays: it begins with none, or one that N cannot
/// hold.
template <std::integral N>
std::optional<N> take_whole_number(std::string_view& text, int base = 10) noexcept {
    N number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

/// All of `text`. Nothing: it is no number, or one that N cannot hold.
template <std::integral N>
std::optional<N> whole_number(std::string_view text, int base = 10) noexcept {
    const auto number = take_whole_number<N>(text, base);
    return text.empty() ? number : std::nullopt;
}

}  // namespace freshet
