// Mistakes about quotes, which a parser of TOML only knows as characters that it did not expect.
#pragma once

#include "config/value.hpp"

#include <string>
#include <string_view>

namespace freshet::reading {

/// What would probably be right where the parser gave up; empty: it is no matter of quotes. Never shows a value; a key
/// as it stands there.
std::string right_quotes(std::string_view toml, place at);

}  // namespace freshet::reading
