// Writes lines to a descriptor from a thread of its own: who has something to say never waits for who reads it.
#pragma once

#include <freshet/time.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace freshet {

class log_writer {
public:
    static constexpr std::size_t waiting_max_bytes = std::size_t{1} << 20;
    static constexpr milliseconds patience{1'000};

    /// `line_of`: makes a line of what the writer itself has to say; called by several threads, one at a time.
    log_writer(int descriptor, std::function<std::string(std::string_view text)> line_of);
    /// Waits until all is written, for no longer than `patience`; what cannot be written by then is lost.
    ~log_writer();
    log_writer(const log_writer&) = delete;
    log_writer& operator=(const log_writer&) = delete;

    /// Any thread. The line ends with its line feed; `text`: what it says, by which floods are known. What is too much
    /// (see log_limit), or finds too much waiting, is not written but counted, and a line tells of it later.
    void write(std::string_view text, std::string_view line);
    /// Waits until what was said is written, for no longer than `patience`.
    void flush();

private:
    struct shared;

    std::shared_ptr<shared> shared_;  ///< with its thread, which may be held up for ever
};

}  // namespace freshet
