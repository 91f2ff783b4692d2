// What SQLite's log beside a journal holds (https://www.sqlite.org/fileformat2.html#the_write_ahead_log), read before
// SQLite does: that takes what stands before the first bad frame, and says nothing of what stands behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace freshet {

/// Tells one filling of the log from the next: the first part is one more each time.
struct log_generation {
    std::uint32_t count{0}, random{0};

    bool operator==(const log_generation&) const = default;
    /// Of the same journal.
    bool is_before(const log_generation& other) const noexcept {
        return static_cast<std::int32_t>(count - other.count) < 0;
    }
};

struct write_ahead_log {
    bool exists{false};
    std::uint64_t bytes{0};
    /// Nothing: it is empty, or its header is damaged.
    std::optional<log_generation> generation;
    std::uint64_t frames{0};  ///< that SQLite takes: up to the last good commit
    /// Commits behind those, of this generation; where there is none, of that of the first frame.
    std::uint64_t cut_off{0};
    log_generation behind{};  ///< that generation
};

/// A log that cannot be read is one that does not exist.
write_ahead_log read_write_ahead_log(const std::string& path, std::size_t page_bytes);

/// What the header says, of the log that is being written. Nothing: it has none.
std::optional<log_generation> read_generation(int log_descriptor);

}  // namespace freshet
