// Keys and values that follow from a number, so that every reply can be checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace freshet::load {

inline constexpr std::size_t key_bytes_min = 16, key_bytes_max = 250;

/// Keys: a fixed beginning and the 16 hexadecimal digits of the number. Values: the digits, then a pattern that begins
/// elsewhere for each number; values below 16 bytes have fewer digits.
class contents {
public:
    contents(std::size_t key_bytes, std::size_t value_bytes);

    std::size_t key_bytes() const { return beginning_.size() + digits; }
    std::size_t value_bytes() const { return value_bytes_; }

    void append_key(std::string& to, std::uint64_t number) const;
    void append_value(std::string& to, std::uint64_t number) const;

    bool is_key(std::string_view bytes, std::uint64_t number) const;
    bool is_value(std::string_view bytes, std::uint64_t number) const;
    /// The number whose value this is; values have 16 bytes at least.
    std::optional<std::uint64_t> number_of(std::string_view value) const;

private:
    static constexpr std::size_t digits = 16;
    static constexpr std::size_t pattern_starts = 64;

    std::size_t value_bytes_;
    std::string beginning_{};
    std::string pattern_{};
};

void append_number(std::string& to, std::uint64_t number);

}  // namespace freshet::load
