// Sockets that are files of this machine: their addresses, connections to them, listening at them.
#pragma once

#include "base/owned_descriptor.hpp"

#include <sys/stat.h>
#include <sys/un.h>

#include <optional>
#include <string>
#include <string_view>

namespace freshet {

inline constexpr std::size_t unix_path_max = sizeof(sockaddr_un::sun_path) - 1;  ///< bytes

/// Nothing: no socket can have such a path; it has 1 to unix_path_max bytes.
std::optional<sockaddr_un> unix_address(std::string_view path) noexcept;

/// Blocking. Holds no descriptor where nobody listens at `path`, or no socket can have such a path.
owned_descriptor connect_to_unix(std::string_view path);

/// Whom the system lets connect to a socket file: who may write to it.
struct socket_rights {
    std::optional<mode_t> mode{};  ///< none: as the umask says
    std::optional<gid_t> group{};  ///< none: as the system says
};

/// A non-blocking socket that listens. A socket file that nobody answers at, as a crash leaves it, is replaced. Nobody
/// can connect before its rights hold. Holds no descriptor: errno says why; ENAMETOOLONG: no socket can have such a
/// path, ENOTSOCK: a file of another kind stands there, EADDRINUSE: somebody listens there, EPERM: the group cannot be
/// given.
owned_descriptor listen_at_unix(const std::string& path, int backlog, socket_rights rights = {});

}  // namespace freshet
