// A change as this site can take it.
#pragma once

#include "protocol/item_size.hpp"
#include "version/change_message.hpp"

#include <cstddef>

namespace freshet {

/// A value that is too large here deletes the key: what is older must not stay.
inline void make_fit(told_change& c, std::size_t item_size_max) noexcept {
    if (item_size(c.key.size(), c.flags, c.value.size()) > item_size_max) c.what.kind = change_kind::remove;
}

}  // namespace freshet
