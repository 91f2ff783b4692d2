// Times of requests in nanoseconds, counted in buckets at most 1.6 % wide; nothing is allocated after the start.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>

namespace bench {

class histogram {
public:
    void add(std::int64_t nanoseconds) {
        const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0));
        ++counts_[bucket(value)];
        ++total_;
        sum_ += value;
        max_ = std::max(max_, value);
    }

    std::uint64_t total() const { return total_; }
    double mean_us() const { return total_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(total_) / 1e3; }
    double max_us() const { return static_cast<double>(max_) / 1e3; }

    // The upper edge of the bucket in which the share lies.
    double quantile_us(double share) const {
        const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (seen > wanted) return static_cast<double>(std::min(upper(i), max_)) / 1e3;
        }
        return max_us();
    }

    // "D_us": {...} of a JSON object.
    void print_json(const char* name) const {
        std::printf(
            "\"%s\": {\"mean\": %.2f, \"p50\": %.2f, \"p90\": %.2f, \"p99\": %.2f, \"p99.9\": %.2f, \"max\": %.2f}",
            name, mean_us(), quantile_us(0.5), quantile_us(0.9), quantile_us(0.99), quantile_us(0.999), max_us());
    }

    void print(const char* name) const {
        std::printf("%-12s mean %.1f us, p50 %.1f, p90 %.1f, p99 %.1f, p99.9 %.1f, max %.1f\n", name, mean_us(),
                    quantile_us(0.5), quantile_us(0.9), quantile_us(0.99), quantile_us(0.999), max_us());
    }

private:
    static constexpr int sub_bits = 6;  // 64 buckets for each power of two

    static std::size_t bucket(std::uint64_t value) {
        const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - sub_bits - 1);
        return static_cast<std::size_t>((static_cast<std::uint64_t>(shift) << sub_bits) + (value >> shift));
    }
    static std::uint64_t upper(std::size_t index) {
        if (index < (2U << sub_bits)) return index;
        const auto shift = (index >> sub_bits) - 1;
        const auto top = index - (shift << sub_bits);
        return ((top + 1) << shift) - 1;
    }

    std::array<std::uint64_t, (64 - sub_bits + 1) << sub_bits> counts_{};
    std::uint64_t total_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace bench
