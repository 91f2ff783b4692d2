// One process at a time: a lock on PATH.lock, that holds the process's number.
#pragma once

#include <freshet/error.hpp>

#include <string>
#include <utility>

namespace freshet {

class journal_lock {
public:
    journal_lock() = default;
    journal_lock(journal_lock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    journal_lock& operator=(journal_lock&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~journal_lock();

    /// Of the journal at `path`. The lock file stays when the lock goes: removing it would race with the next one.
    static result<journal_lock> take(const std::string& path);

private:
    explicit journal_lock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_{-1};
};

/// Can a journal be kept at `path`: its folder is there, what is there can be written to, and is on a disk (unless
/// `allow_tmpfs`). `folder`: what is looked at in the place of its folder, where that is yet to be made.
result<void> check_journal_place(const std::string& path, bool allow_tmpfs, std::string folder = {});

}  // namespace freshet
