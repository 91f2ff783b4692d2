// Room that is kept free for settlements: PATH.reserve, a file that is emptied while the disk is full and filled again
// when there is room.
#pragma once

#include <string>

namespace freshet {

class journal_reserve {
public:
    /// 64 MiB, or an eighth of what is free.
    explicit journal_reserve(const std::string& journal_path);

    /// Half of it is for the log to move into the file, a quarter for one transaction.
    long size_bytes() const noexcept { return size_; }
    bool held() const noexcept { return held_; }
    /// True: the room is kept.
    bool take() noexcept;
    void release() noexcept;

private:
    std::string path_;
    long size_;
    bool held_{false};
};

}  // namespace freshet
