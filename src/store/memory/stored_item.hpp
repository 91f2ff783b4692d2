// An item as it lies in memory: this header, the key, the value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace freshet {

struct stored_item {
    std::uint64_t cas;
    std::uint32_t flags;
    std::uint32_t expires;   ///< seconds on the store's clock; 0: never
    std::uint32_t accessed;  ///< seconds on the store's clock
    std::uint32_t value_size;
    std::uint32_t hash;
    std::uint16_t slack : 15;  ///< units allotted beyond what key and value need
    std::uint16_t kept : 1;    ///< a journal has it, too
    std::uint8_t key_size;
    std::uint8_t uses : 2;  ///< S3-FIFO's counter: reads since it came or was kept, at most 3
    std::uint8_t fetched : 1;
    std::uint8_t stale : 1;
    std::uint8_t win_sent : 1;
    std::uint8_t gone : 1;  ///< no longer in the index; its bytes wait for the segment's end
    std::uint8_t in_main : 1;
    std::uint8_t binary_key : 1;  ///< the key came as base64

    static constexpr std::size_t unit = 8;  ///< bytes; items are aligned to it

    static constexpr std::size_t units_for(std::size_t key_size, std::size_t value_size) noexcept {
        return (sizeof(stored_item) + key_size + value_size + unit - 1) / unit;
    }
    char* key_data() noexcept { return reinterpret_cast<char*>(this + 1); }
    char* value_data() noexcept { return key_data() + key_size; }
    std::string_view key() noexcept { return {key_data(), key_size}; }
    std::string_view value() noexcept { return {value_data(), value_size}; }
    std::size_t units() const noexcept { return units_for(key_size, value_size) + slack; }
};
static_assert(sizeof(stored_item) == 32);

}  // namespace freshet
