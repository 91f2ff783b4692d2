#include "shard/resolver.hpp"

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

}  // namespace freshet
