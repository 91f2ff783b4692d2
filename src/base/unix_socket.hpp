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

/// A non-blocking socket that listens. A socket file that nobody answers at, as a crash leaves it, is replaced. `mode`:
/// of the new file, 0: as the umask says; nobody can connect before it holds. Holds no descriptor: errno says why;
/// ENAMETOOLONG: no socket can have such a path, ENOTSOCK: a file of another kind stands there, EADDRINUSE: somebody
/// listens there.
owned_descriptor listen_at_unix(const std::string& path, int backlog, mode_t mode);

}  // namespace freshet
