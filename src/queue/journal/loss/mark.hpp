// PATH.mark: what a journal's log held at least when its process ended, so that a log that lost its end is known. It is
// there while the journal is open. Written behind each commit and not synced: a killed process leaves the newest, a
// power cut perhaps an older one, and each is true.
#pragma once

#include "base/owned_descriptor.hpp"
#include "queue/journal/loss/place.hpp"
#include "queue/journal/loss/write_ahead_log.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace freshet {

struct journal_mark {
    std::uint64_t opening{0};     ///< which one, of this journal: counted from 1
    log_generation generation{};  ///< of the log; of no meaning before the first commit
    std::uint64_t frames{0};      ///< of that generation that are committed and not in the file yet
};

/// Nothing: there is none that is whole.
std::optional<journal_mark> read_mark(const std::string& journal_path);

/// The log's frames are all in the file, which is synced: on the disk when this returns, if there is a mark.
void mark_moved(const std::string& journal_path);

/// Keeps it. A mark that cannot be written stays the older one that it was. The writer's thread's.
class mark_keeper {
public:
    explicit mark_keeper(const std::string& journal_path);

    /// On the disk when this returns. False: it cannot be written.
    bool begin(std::uint64_t opening);
    /// So many frames are in the log now.
    void committed(std::uint64_t frames);
    /// All of them are in the file.
    void moved();
    /// The journal was closed in good order.
    void remove();
    bool is_log_kept() const { return log_.is_kept(); }

private:
    bool write();

    std::string path_, log_path_;
    owned_descriptor file_{};
    kept_place log_{};
    journal_mark mark_{};
    bool new_generation_{true};  ///< with the next commit, perhaps
};

}  // namespace freshet
