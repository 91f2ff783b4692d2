#include "flow/http/received_bytes.hpp"

// The kernel's own header: the C library's tcp_info ends before this field, and one source cannot have both.
#include <linux/tcp.h>
#include <sys/socket.h>

#include <cstddef>

namespace freshet {

std::optional<std::uint64_t> received_bytes(int socket) noexcept {
    constexpr int level = 6;  // IPPROTO_TCP, of a header that cannot be included here
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket, level, TCP_INFO, &info, &size) != 0) return std::nullopt;
    constexpr std::size_t needed = offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received;
    if (size < needed) return std::nullopt;
    return info.tcpi_bytes_received;
}

}  // namespace freshet
