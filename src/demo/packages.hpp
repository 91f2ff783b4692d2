// The package database of a Debian machine: real records, and how much each package is in demand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace freshet::demonstration {

/// A paragraph of a control file; views of the database's text.
struct package_record {
    std::string_view name;
    std::string_view text;  ///< without the empty line behind it
};

/// The records of a text in the format of dpkg and apt, the first one of each name. A paragraph without a name is none.
std::vector<package_record> parse_packages(std::string_view text);

/// For each record: how many others name it in Depends, Pre-Depends or Recommends.
std::vector<std::uint32_t> reverse_dependencies(const std::vector<package_record>& records);

struct package_database {
    std::string source;  ///< where it was read, for people
    std::string text;
    std::vector<package_record> records;  ///< of `text`

    std::size_t size_bytes() const noexcept;
};

/// What apt knows to be available, else what dpkg has installed. Throws std::runtime_error where there is neither.
package_database read_packages();

/// Names of installed packages, evenly spread over all of them, at most so many.
std::vector<std::string> installed_packages(std::size_t max);

/// The record as the source gives it to who asks for one; starts a program. Empty: it failed.
std::string ask_source(std::string_view name);

}  // namespace freshet::demonstration
