// What a TCP connection has received, as the kernel counts it.
#pragma once

#include <cstdint>
#include <optional>

namespace freshet {

/// Bytes since it was connected; the other side's orderly end counts as one. None: this is no TCP socket, or the kernel
/// does not say.
std::optional<std::uint64_t> received_bytes(int socket) noexcept;

}  // namespace freshet
