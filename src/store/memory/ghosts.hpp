// S3-FIFO's ghosts: which keys were thrown out of the small list not long ago. Four bytes each, forgotten by age.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace freshet {

class ghosts {
public:
    /// Remembers about `count` keys; forgets all when the count changes by more than half.
    void fit(std::size_t count);
    void add(std::uint32_t hash) noexcept;
    /// True, and forgotten, if the key was thrown out among the last `count`.
    bool take(std::uint32_t hash) noexcept;
    std::size_t bytes() const noexcept { return slots_ ? (mask_ + 1) * sizeof(slot) : 0; }
    void clear() noexcept;

private:
    struct slot {
        std::uint16_t print;  ///< 0: empty
        std::uint16_t age;
    };
    static std::uint16_t print(std::uint32_t hash) noexcept { return static_cast<std::uint16_t>((hash >> 16) | 1U); }
    static constexpr std::size_t ways = 4;  ///< a key looks in so many neighbours
    std::size_t base(std::uint32_t hash) const noexcept { return (hash * 0x9E3779B1U >> 4) & mask_ & ~(ways - 1); }
    std::uint16_t now() const noexcept { return static_cast<std::uint16_t>(added_ / step_); }

    std::unique_ptr<slot[]> slots_;
    std::size_t mask_{0};
    std::size_t count_{0};
    std::uint64_t added_{0};
    std::uint64_t step_{1};  ///< additions per unit of age
    static constexpr std::uint16_t ages = 256;
};

}  // namespace freshet
