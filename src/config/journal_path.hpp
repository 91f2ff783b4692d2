// Which file a queue's "journal:" URL means; the same for the server and for `freshet dead`.
#pragma once

#include <string>
#include <string_view>

namespace freshet {

/// The file of a queue's url. A relative path is in the state folder.
std::string journal_file(std::string_view url, const std::string& state_folder);

}  // namespace freshet
