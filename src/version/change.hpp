// What a write does to a key, as it is told to every site.
#pragma once

#include "version/version.hpp"

#include <cstdint>

namespace freshet {

enum class change_kind : std::uint8_t {
    set,     ///< the key has this value
    remove,  ///< it has none
};

struct change {
    change_kind kind{change_kind::set};
    freshet::version version{0};
    freshet::version previous{0};  ///< that it was written over, if that is known
    bool over_its_own{false};      ///< a delete: it goes over a set of its version, too
};

}  // namespace freshet
