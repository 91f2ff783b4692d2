// A file that somebody else may delete or move while it is open.
#pragma once

#include "base/owned_descriptor.hpp"

#include <string>

namespace freshet {

class kept_place {
public:
    kept_place() = default;
    /// Of a file that is there. Not to be closed before SQLite has closed it: with it go the process's locks on it.
    explicit kept_place(std::string path);

    bool is_open() const noexcept { return file_.get() >= 0; }
    int descriptor() const noexcept { return file_.get(); }
    /// The path still leads to it.
    bool is_kept() const;

private:
    std::string path_{};
    owned_descriptor file_{};
};

}  // namespace freshet
