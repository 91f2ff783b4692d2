// One line on a terminal that says what goes on; nothing where no terminal is.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <string_view>

namespace freshet::demonstration {

class progress {
public:
    progress() = default;
    ~progress() { clear(); }
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    void show(std::string_view text) const {
        if (shown_) std::fprintf(stderr, "\r\033[K%.*s", static_cast<int>(text.size()), text.data());
    }
    bool is_shown() const { return shown_; }
    void clear() const {
        if (shown_) std::fputs("\r\033[K", stderr);
    }

private:
    bool shown_{::isatty(STDERR_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1};
};

}  // namespace freshet::demonstration
