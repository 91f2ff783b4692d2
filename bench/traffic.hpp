// Which keys are asked for and what their values are: both follow from a number, so every reply can be checked.
#pragma once

#include "options.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// splitmix64: one multiplication chain, good enough for loads, the same on every machine.
class random_source {
public:
    explicit random_source(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15U + 1) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }
    // 0 <= result < limit; the bias of one in 2^32 does not matter here.
    std::uint64_t below(std::uint64_t limit) { return ((next() >> 32) * limit) >> 32; }
    double share() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
    std::uint64_t state_;
};

// Draws ranks with probability 1 / rank^exponent, exactly, by Walker's alias table: one look-up a draw.
class zipf_source {
public:
    zipf_source(std::uint32_t count, double exponent) : cells_(count) {
        double sum = 0;
        std::vector<double> weight(count);
        for (std::uint32_t i = 0; i < count; ++i) sum += weight[i] = std::pow(i + 1.0, -exponent);
        std::vector<std::uint32_t> small, large;
        for (std::uint32_t i = 0; i < count; ++i) {
            weight[i] *= count / sum;
            cells_[i] = {1.0F, i};
            (weight[i] < 1 ? small : large).push_back(i);
        }
        while (!small.empty() && !large.empty()) {
            const auto poor = small.back();
            const auto rich = large.back();
            small.pop_back();
            cells_[poor] = {static_cast<float>(weight[poor]), rich};
            weight[rich] -= 1 - weight[poor];
            if (weight[rich] < 1) {
                large.pop_back();
                small.push_back(rich);
            }
        }
    }

    std::uint64_t draw(random_source& random) const {
        const auto column = random.below(cells_.size());
        const cell& c = cells_[column];
        return random.share() < c.own_share ? column : c.other;
    }

private:
    struct cell {
        float own_share;
        std::uint32_t other;
    };
    std::vector<cell> cells_;
};

// The 16 hexadecimal digits of a number.
inline void write_digits(char* to, std::uint64_t number) {
    for (int i = 15; i >= 0; --i, number >>= 4) to[i] = "0123456789abcdef"[number & 15];
}

// Keys: a fixed beginning and the digits of the number. Values: the digits, then a pattern that begins elsewhere for
// each number.
class contents {
public:
    contents(std::size_t key_bytes, std::size_t value_bytes) : key_bytes_(key_bytes), value_bytes_(value_bytes) {
        if (key_bytes < digits || key_bytes > 250) fail("keys have 16 to 250 bytes");
        while (beginning_.size() < key_bytes - digits) beginning_ += "freshet-bench:";
        beginning_.resize(key_bytes - digits);
        random_source random(1);
        pattern_.resize(value_bytes + pattern_starts);
        for (char& c : pattern_) c = static_cast<char>('!' + random.below(90));
    }

    std::size_t key_bytes() const { return key_bytes_; }
    std::size_t value_bytes() const { return value_bytes_; }

    void append_key(std::string& to, std::uint64_t number) const {
        to.append(beginning_);
        append_digits(to, number, digits);
    }
    void append_value(std::string& to, std::uint64_t number) const {
        const std::size_t head = std::min(digits, value_bytes_);
        append_digits(to, number, head);
        to.append(pattern_, number % pattern_starts, value_bytes_ - head);
    }

    bool is_key(std::string_view bytes, std::uint64_t number) const {
        return bytes.size() == key_bytes_ && std::memcmp(bytes.data(), beginning_.data(), beginning_.size()) == 0 &&
               are_digits(bytes.data() + beginning_.size(), number, digits);
    }
    bool is_value(std::string_view bytes, std::uint64_t number) const {
        const std::size_t head = std::min(digits, value_bytes_);
        return bytes.size() == value_bytes_ && are_digits(bytes.data(), number, head) &&
               std::memcmp(bytes.data() + head, pattern_.data() + number % pattern_starts, value_bytes_ - head) == 0;
    }

private:
    static constexpr std::size_t digits = 16;
    static constexpr std::size_t pattern_starts = 64;

    static void append_digits(std::string& to, std::uint64_t number, std::size_t count) {
        char text[digits];
        write_digits(text, number);
        to.append(text, count);
    }
    static bool are_digits(const char* bytes, std::uint64_t number, std::size_t count) {
        char text[digits];
        write_digits(text, number);
        return std::memcmp(bytes, text, count) == 0;
    }

    std::size_t key_bytes_;
    std::size_t value_bytes_;
    std::string beginning_;
    std::string pattern_;
};

}  // namespace bench
