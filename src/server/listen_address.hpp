// Where to listen, as text: "HOST:PORT", "[::1]:PORT", "*:PORT", "unix:/PATH".
#pragma once

#include <freshet/error.hpp>

#include <string>
#include <vector>

namespace freshet {

/// A socket that listens, with the name it has really got (port 0 has become one).
struct listening_socket {
    int descriptor{-1};
    std::string name;       ///< "127.0.0.1:11311", "unix:/run/freshet.sock"
    std::string unix_path;  ///< to be removed at the end; empty for TCP
    bool beyond_loopback{false};
};

/// Binds and listens on every address the text stands for; a problem is one sentence that names it.
result<std::vector<listening_socket>> listen_on(const std::string& address);

}  // namespace freshet
