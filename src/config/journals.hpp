// Which files "journal:" URLs mean; the same for the server, `freshet check` and `freshet dead`.
#pragma once

#include <freshet/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

/// The file of a queue's url. A relative path is in the state folder.
std::string journal_file(std::string_view url, const std::string& state_folder);
/// The same for every spelling of a path that leads to one file: dots, slashes and links are gone.
std::string file_identity(const std::string& path);

/// A file that queues of a configuration are in.
struct used_journal {
    std::string path;         ///< as the first of them spells it
    bool allow_tmpfs{false};  ///< one of them says so
    // The first of them: its option.
    std::string_view section{};
    std::size_t number{0};  ///< in config.queues, config.routes or config.flows
    std::string_view key{};
};
/// The URL of the journal where changes wait that a server of the flow's store cannot take; empty: the store is in
/// memory.
std::string boxes_url(const config& c, const flow_config& f);
/// What is wrong where `copies` of a queue name one that is not in the same file, or an empty text.
std::string wrong_copies(const config& c, const queue_config& q);
/// Each file once.
std::vector<used_journal> journals_of(const config& c);

}  // namespace freshet
