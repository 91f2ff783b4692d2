// Reading files of /proc and of dpkg.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace freshet::demonstration {

/// All that can be read of it. Not with iterators: these throw when a process ends while its files are read.
inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream to;
    to << file.rdbuf();
    return std::move(to).str();
}

}  // namespace freshet::demonstration
