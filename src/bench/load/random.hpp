// Which keys are asked for.
#pragma once

#include <cstdint>
#include <vector>

namespace freshet::load {

/// splitmix64: one multiplication chain, good enough for loads, the same on every machine.
class random_source {
public:
    explicit random_source(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15U + 1) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }
    /// 0 <= result < limit, which is below 2^32; the bias of one in 2^32 does not matter here.
    std::uint64_t below(std::uint64_t limit) { return ((next() >> 32) * limit) >> 32; }
    double share() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
    std::uint64_t state_;
};

/// Draws ranks with probability 1 / rank^exponent, exactly, by Walker's alias table: one look-up a draw.
class zipf_source {
public:
    zipf_source(std::uint32_t count, double exponent);

    /// From 0, the most frequent one.
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

}  // namespace freshet::load
