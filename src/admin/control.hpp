// The door of `freshet dead` and `freshet queue`: a Unix socket in the state folder, for this user only. A connection
// asks one line, is answered "done SIZE" or "failed SIZE" and so many bytes, and is closed.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "queue/journal/journal.hpp"
#include "shard/shard.hpp"

#include <memory>
#include <string>
#include <vector>

namespace freshet {

class control {
public:
    virtual ~control() = default;  ///< stops
    /// Closes the socket, lets requests that are on their way end, removes the file. Waits; not from the back shard,
    /// which must still run. Idempotent.
    virtual void stop() = 0;
};

/// How long a client may take to say its line, and to read the answer. The journals' own time is not counted.
inline constexpr milliseconds control_patience{30'000};

/// Listens at `path`. The journals live until stop(). A problem is one sentence; a server is of use without this.
result<std::unique_ptr<control>> make_control(shard& back, std::vector<journal*> journals, std::string path,
                                              milliseconds patience = control_patience);

/// The socket's place.
std::string control_path(const std::string& state_folder);

}  // namespace freshet
