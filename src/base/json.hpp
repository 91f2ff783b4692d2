// The little of JSON that is written here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace freshet {

/// In double quotes and escaped. Bytes that are no UTF-8 become U+FFFD each.
std::string json_text(std::string_view text);
/// "[" and "]" with each text as json_text() has it, and commas between them; a list in TOML, too.
std::string json_list(const std::vector<std::string>& texts);

}  // namespace freshet
