#include "shard/resolver.hpp"

#include "base/unix_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstring>

namespace freshet {

namespace {

class asio_resolver final : public resolver {
public:
    explicit asio_resolver(shard& home) : resolver_(home.context()) {}
    void look_up(const std::string& host, std::uint16_t port, std::function<void(resolved)> then) override {
        resolver_.async_resolve(host, std::to_string(port),
                                [then = std::move(then)](const boost::system::error_code& ec, const auto& found) {
                                    resolved to;
                                    if (ec) to.trouble = "the name does not resolve: " + ec.message();
                                    for (const auto& one : found) {
                                        const auto endpoint = one.endpoint();
                                        socket_address& a = to.addresses.emplace_back();
                                        std::memcpy(&a.storage, endpoint.data(), endpoint.size());
                                        a.size = static_cast<socklen_t>(endpoint.size());
                                    }
                                    then(std::move(to));
                                });
    }

private:
    boost::asio::ip::tcp::resolver resolver_;
};

}  // namespace

std::unique_ptr<resolver> system_resolver(shard& home) { return std::make_unique<asio_resolver>(home); }

socket_address literal_address(const server_address& server) {
    socket_address to;
    if (server.is_unix()) {
        const auto address = unix_address(server.host);
        if (!address) return to;
        std::memcpy(&to.storage, &*address, sizeof *address);
        to.size = sizeof *address;
        return to;
    }
    auto& four = reinterpret_cast<sockaddr_in&>(to.storage);
    if (::inet_pton(AF_INET, server.host.c_str(), &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        four.sin_port = htons(server.port);
        to.size = sizeof four;
        return to;
    }
    to.storage = {};
    auto& six = reinterpret_cast<sockaddr_in6&>(to.storage);
    if (::inet_pton(AF_INET6, server.host.c_str(), &six.sin6_addr) == 1) {
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(server.port);
        to.size = sizeof six;
    }
    return to;
}

}  // namespace freshet
