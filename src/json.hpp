// The little of JSON that is written here.
#pragma once

#include <string>
#include <string_view>

namespace freshet {

/// In double quotes and escaped. Bytes that are no UTF-8 become U+FFFD each.
std::string json_text(std::string_view text);

}  // namespace freshet
