#include "bench/load/contents.hpp"

#include "base/whole_number.hpp"
#include "bench/load/random.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace freshet::load {

namespace {

constexpr std::size_t digits_size = 16;

void write_digits(char* to, std::uint64_t number) {
    for (std::size_t i = digits_size; i-- > 0; number >>= 4) to[i] = "0123456789abcdef"[number & 15];
}

void append_digits(std::string& to, std::uint64_t number, std::size_t count) {
    char text[digits_size];
    write_digits(text, number);
    to.append(text + digits_size - count, count);
}

bool are_digits(const char* bytes, std::uint64_t number, std::size_t count) {
    char text[digits_size];
    write_digits(text, number);
    return std::memcmp(bytes, text + digits_size - count, count) == 0;
}

}  // namespace

contents::contents(std::size_t key_bytes, std::size_t value_bytes) : value_bytes_(value_bytes) {
    key_bytes = std::clamp(key_bytes, key_bytes_min, key_bytes_max);
    while (beginning_.size() < key_bytes - digits) beginning_ += "freshet-bench:";
    beginning_.resize(key_bytes - digits);
    random_source random(1);
    pattern_.resize(value_bytes + pattern_starts);
    for (char& c : pattern_) c = static_cast<char>('!' + random.below(90));
}

void contents::append_key(std::string& to, std::uint64_t number) const {
    to.append(beginning_);
    append_digits(to, number, digits);
}

void contents::append_value(std::string& to, std::uint64_t number) const {
    const std::size_t head = std::min(digits, value_bytes_);
    append_digits(to, number, head);
    to.append(pattern_, number % pattern_starts, value_bytes_ - head);
}

bool contents::is_key(std::string_view bytes, std::uint64_t number) const {
    return bytes.size() == key_bytes() && bytes.starts_with(beginning_) &&
           are_digits(bytes.data() + beginning_.size(), number, digits);
}

bool contents::is_value(std::string_view bytes, std::uint64_t number) const {
    const std::size_t head = std::min(digits, value_bytes_);
    return bytes.size() == value_bytes_ && are_digits(bytes.data(), number, head) &&
           std::memcmp(bytes.data() + head, pattern_.data() + number % pattern_starts, value_bytes_ - head) == 0;
}

std::optional<std::uint64_t> contents::number_of(std::string_view value) const {
    if (value.size() < digits) return std::nullopt;
    const auto number = whole_number<std::uint64_t>(value.substr(0, digits), 16);
    return number && is_value(value, *number) ? number : std::nullopt;
}

void append_number(std::string& to, std::uint64_t number) {
    char text[20];
    to.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

}  // namespace freshet::load
