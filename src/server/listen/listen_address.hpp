// Listening where a configuration says so.
#pragma once

#include <freshet/error.hpp>

#include "config/url/listen_address.hpp"

#include <sys/socket.h>

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

/// Binds and listens on every address the text stands for, see parse_listen_address(); a problem is one sentence that
/// names it. The last folder of a socket file's path is made if it is not there, for everybody to see.
result<std::vector<listening_socket>> listen_on(const std::string& address);

// What listening_obstacles() shares with it.

/// "cannot listen on ADDRESS: ..."
problem cannot_listen(const std::string& address, std::string_view why);
/// What `errno` says of an address.
std::string why_not_there(int error);
/// Of a TCP address, what its host stands for; or the code of getaddrinfo.
int find_addresses(const listen_address& a, std::vector<sockaddr_storage>& to);
/// A socket that is bound to it, but to `port`; or -1: errno says why.
int bind_tcp(const sockaddr_storage& to, std::uint16_t port);
/// Of a group's name or number. Nothing: there is none.
std::optional<gid_t> find_group(const std::string& group);
std::string no_such_group(const std::string& group);
std::string group_not_given(const std::string& group);

}  // namespace freshet
