#include "queue/rabbitmq/connection/socket.hpp"

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cstring>
#include <utility>
#include <vector>

namespace freshet {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {
constexpr auto as_tuple_awaitable = asio::as_tuple(asio::use_awaitable);
}

rabbitmq_socket::rabbitmq_socket(shard& home, const rabbitmq_options& options)
    : home_(home), options_(options), resolver_(system_resolver(home)), plain_(home.context()) {}

asio::awaitable<resolved> rabbitmq_socket::look_up(const rabbitmq_server& name) {
    const auto mine = asked_ = std::make_shared<question>(home_);
    resolver_->look_up(name.host, name.port, [asked = std::weak_ptr(mine)](resolved what) {
        const auto there = asked.lock();
        if (there == nullptr) return;
        there->found = std::move(what);
        there->answered.open();
    });
    auto answered = mine->answered.wait();
    co_await std::move(answered);
    co_return std::move(mine->found);
}

asio::awaitable<std::string> rabbitmq_socket::connect(const rabbitmq_server& to) {
    const resolved found = co_await look_up(to);
    if (found.addresses.empty()) co_return fmt::format("{}: {}", to.host, found.trouble);
    std::vector<tcp::endpoint> addresses;
    for (const socket_address& a : found.addresses) {
        tcp::endpoint& one = addresses.emplace_back();
        std::memcpy(one.data(), &a.storage, a.size);
        one.resize(a.size);
    }
    auto [refused, where] = co_await asio::async_connect(plain_, addresses, as_tuple_awaitable);
    if (refused) co_return refused.message();
    plain_.set_option(tcp::no_delay(true));
    plain_.set_option(asio::socket_base::keep_alive(true));
    if (!options_.tls) co_return std::string();
    std::string trouble = prepare_tls(to.host);
    if (!trouble.empty()) co_return trouble;
    auto [mistrusted] = co_await secret_->async_handshake(asio::ssl::stream_base::client, as_tuple_awaitable);
    if (mistrusted) co_return fmt::format("TLS: {}", mistrusted.message());
    co_return std::string();
}

std::string rabbitmq_socket::prepare_tls(const std::string& host) {
    tls_ = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
    const auto told = [](const std::string& file, const boost::system::error_code& ec) {
        return fmt::format("TLS: {}: {}", file, ec.message());
    };
    boost::system::error_code ec;
    if (options_.ca_file.empty()) tls_->set_default_verify_paths(ec);
    else tls_->load_verify_file(options_.ca_file, ec);
    if (ec) return told(options_.ca_file, ec);
    if (!options_.certificate_file.empty()) {
        tls_->use_certificate_chain_file(options_.certificate_file, ec);
        if (ec) return told(options_.certificate_file, ec);
        const std::string& key = options_.key_file.empty() ? options_.certificate_file : options_.key_file;
        tls_->use_private_key_file(key, asio::ssl::context::pem, ec);
        if (ec) return told(key, ec);
    }
    secret_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(plain_, *tls_);
    secret_->set_verify_mode(asio::ssl::verify_peer);
    secret_->set_verify_callback(asio::ssl::host_name_verification(host));
    ::SSL_set_tlsext_host_name(secret_->native_handle(), host.c_str());
    return {};
}

asio::awaitable<std::size_t> rabbitmq_socket::read(std::span<char> to) {
    const auto room = asio::buffer(to.data(), to.size());
    boost::system::error_code why;
    std::size_t came = 0;
    if (secret_ != nullptr) {
        auto [ec, n] = co_await secret_->async_read_some(room, as_tuple_awaitable);
        why = ec;
        came = n;
    } else {
        auto [ec, n] = co_await plain_.async_read_some(room, as_tuple_awaitable);
        why = ec;
        came = n;
    }
    if (why) trouble_ = why == asio::error::eof ? "it closed the connection" : why.message();
    co_return why ? 0 : came;
}

void rabbitmq_socket::write(const std::string& bytes, std::function<void(boost::system::error_code)> then) {
    auto told = [then = std::move(then)](const boost::system::error_code& ec, std::size_t) { then(ec); };
    if (secret_ != nullptr) asio::async_write(*secret_, asio::buffer(bytes), std::move(told));
    else asio::async_write(plain_, asio::buffer(bytes), std::move(told));
}

void rabbitmq_socket::close() {
    boost::system::error_code ignored;
    if (asked_ != nullptr) asked_->answered.open();
    plain_.close(ignored);
}

}  // namespace freshet
