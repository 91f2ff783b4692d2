// Times of requests in nanoseconds, counted in buckets at most 1.6 % wide; nothing is allocated after the start.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>

namespace freshet::load {

class histogram {
public:
    void add(std::int64_t nanoseconds) {
        const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0));
        ++counts_[bucket(value)];
        ++total_;
        sum_ += value;
        max_ = std::max(max_, value);
    }
    void add(const histogram& other) {
        for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
        total_ += other.total_;
        sum_ += other.sum_;
        max_ = std::max(max_, other.max_);
    }

    /// What has come since `earlier`; the max is that of all.
    histogram since(const histogram& earlier) const {
        histogram result = *this;
        for (std::size_t i = 0; i < counts_.size(); ++i) result.counts_[i] -= earlier.counts_[i];
        result.total_ -= earlier.total_;
        result.sum_ -= earlier.sum_;
        return result;
    }

    std::uint64_t total() const { return total_; }
    /// Of at least one time.
    double mean_us() const { return static_cast<double>(sum_) / static_cast<double>(total_) / 1e3; }
    double max_us() const { return static_cast<double>(max_) / 1e3; }

    /// The upper edge of the bucket with the time that so many thousandths did not exceed. Nothing, unless at least one
    /// time in that many lies beyond: the p99.9 of 50 requests would be a guess.
    std::optional<double> quantile_us(unsigned thousandths) const {
        if (total_ * (1000 - thousandths) < 1000) return std::nullopt;
        const std::uint64_t rank = (total_ * thousandths + 999) / 1000;
        std::uint64_t seen = 0;
        std::size_t i = 0;
        while ((seen += counts_[i]) < rank) ++i;
        return static_cast<double>(std::min(upper(i), max_)) / 1e3;
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
    std::uint64_t total_{0};
    std::uint64_t sum_{0};
    std::uint64_t max_{0};
};

}  // namespace freshet::load
