// A file that was read, with all that the program tells of it beside its mistakes.
#pragma once

#include <freshet/config.hpp>

#include "base/conceal.hpp"
#include "config/draft.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

struct file_reading : config_reading {
    std::vector<mistake> warnings{};  ///< of what is right, and probably not meant
    std::vector<secret> secrets{};    ///< what the environment has filled in
    // Where options stand; of those beyond the file, nowhere.
    reading::places server{};
    std::vector<reading::places> queues{}, routes{};

    reading::place place_of(std::string_view section, std::size_t number, std::string_view key) const;
    /// In file order.
    void sort();
};

/// See read_config() and read_config_file().
file_reading read_file_text(std::string_view toml);
file_reading read_file(const std::string& path);

}  // namespace freshet
