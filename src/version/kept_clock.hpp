// The clock of versions with its mark, which is kept in a file of the state folder, always some time ahead.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "base/now_and_then.hpp"
#include "base/owned_descriptor.hpp"
#include "version/clock.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace freshet {

/// Any thread.
class kept_clock {
public:
    /// PATH is made if it is not there, and locked: one process at a time. The first mark is stored when it returns.
    static result<std::unique_ptr<kept_clock>> open(const std::string& path, unsigned node);
    ~kept_clock();
    kept_clock(const kept_clock&) = delete;
    kept_clock& operator=(const kept_clock&) = delete;

    /// None: it may be tried again soon. The clock has stepped ahead, or no mark could be stored for some seconds.
    std::optional<version> next(version seen, wall::time_point now);
    void met(version v) noexcept { clock_.met(v); }
    unsigned node() const noexcept { return clock_.node(); }
    version end() const noexcept { return clock_.end(); }
    bool is_of_this_run(version v) const noexcept { return clock_.is_of_this_run(v); }
    bool may_have_given(version v) const noexcept { return clock_.may_have_given(v); }

private:
    kept_clock(std::string path, owned_descriptor file, unsigned node, version mark, wall::time_point now);
    void keep_ahead();
    bool store(version mark);
    void say_how_far_ahead(wall::time_point now);

    std::string path_;
    owned_descriptor file_;
    version_clock clock_;
    unsigned slot_{0};     ///< that is written next: the other one is whole meanwhile
    bool failing_{false};  ///< and it was said
    now_and_then ahead_said_{};
    std::mutex mutex_;
    std::condition_variable changed_;
    bool wanted_{false}, stopping_{false};
    std::thread thread_;
};

}  // namespace freshet
