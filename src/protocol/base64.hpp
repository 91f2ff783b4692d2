// Base64 as the meta commands have it: keys with blanks or control characters travel so (flag b).
#pragma once

#include "base/bytes.hpp"

#include <string_view>

namespace freshet {

/// Bytes written to `out`, which has room for 3/4 of the text; 0: not base64 in whole groups of four.
std::size_t base64_decode(std::string_view text, char* out) noexcept;
void base64_encode(std::string_view raw, bytes& out);

}  // namespace freshet
