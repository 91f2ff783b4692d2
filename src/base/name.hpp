// The names of stores and queues, in files and in keys.
#pragma once

#include <string_view>

namespace freshet {

inline constexpr std::string_view name_rule = "names have 1 to 64 of A-Z a-z 0-9 _ . : -";

/// Is `text` one, as name_rule says?
constexpr bool is_name(std::string_view text) noexcept {
    constexpr std::size_t size_max = 64;
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-";
    return !text.empty() && text.size() <= size_max && text.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace freshet
