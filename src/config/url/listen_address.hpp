// Where a server listens, taken apart: "HOST:PORT", "[IPV6]:PORT", "*:PORT" or "unix:/PATH?mode=0660&group=NAME".
#pragma once

#include <freshet/error.hpp>

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace freshet {

struct listen_address {
    std::string host{};            ///< a name or an address, without brackets; "*": every address
    std::uint16_t port{0};         ///< 0: any free one
    std::string path{};            ///< of a Unix socket; empty: TCP
    std::optional<mode_t> mode{};  ///< of its file; none: as the umask says, 0660 where there is a group
    std::string group{};           ///< of its file, a name or a number; empty: as the system says

    bool is_unix() const noexcept { return !path.empty(); }
};

/// Or what is wrong with it, a sentence.
result<listen_address> parse_listen_address(std::string_view text);

}  // namespace freshet
