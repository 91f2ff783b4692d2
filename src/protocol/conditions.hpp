// What memcached asks of an item before it changes it, and what a counter becomes: the same wherever it is worked out.
#pragma once

#include "protocol/item_size.hpp"
#include "protocol/number.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace freshet {

inline bool grows(const request& r) noexcept { return r.mode == store_mode::append || r.mode == store_mode::prepend; }

/// What stands in the way of storing, or nothing. `cas`: of the item, where one is there.
inline std::optional<outcome> objection(const request& r, bool there, std::uint64_t cas) noexcept {
    if (!there) {
        if (r.compare && !grows(r) && r.mode != store_mode::add) return outcome::not_found;
        if (r.mode == store_mode::replace || (grows(r) && !r.vivify)) return outcome::not_stored;
        return {};
    }
    if (r.mode == store_mode::add) return outcome::not_stored;
    if (!r.compare || (r.compare_cas == cas && r.compare_cas != 0)) return {};
    if (grows(r) && r.compare_cas == 0) return {};
    return outcome::exists;
}

/// The number that incr and decr make of a value. An outcome: they do not. What has no value, or is kept in pieces by
/// memcached, is not looked at as a number, so it is refused before the CAS is compared.
inline std::optional<outcome> count(const request& r, std::uint32_t flags, std::uint64_t cas, std::string_view value,
                                    std::uint64_t& to) noexcept {
    constexpr std::size_t item_size_max = std::size_t{512} << 10;
    constexpr std::size_t text_max = 24;  // a longer text is read as far as this
    if (value.empty() || item_size(r.key.size(), flags, value.size()) > item_size_max) return outcome::non_numeric;
    if (r.compare && r.compare_cas != 0 && r.compare_cas != cas) return outcome::exists;
    std::uint64_t number = 0;
    if (!parse_unsigned(value.substr(0, text_max), number)) return outcome::non_numeric;
    to = !r.decrement ? number + r.delta : r.delta > number ? 0 : number - r.delta;
    return {};
}

}  // namespace freshet
