// The size of an item as memcached counts it, for item_size_max: it is the same however a store keeps the item.
#pragma once

#include <cstddef>
#include <cstdint>

namespace freshet {

/// What memcached counts for an item: header, CAS, key and its end, flags, value and its line end. Compared with
/// item_size_max.
constexpr std::size_t item_size(std::size_t key_size, std::uint32_t flags, std::size_t value_size) noexcept {
    return 48 + 8 + key_size + 1 + (flags != 0 ? 4 : 0) + value_size + 2;
}

}  // namespace freshet
