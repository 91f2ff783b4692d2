#include "bench/load/endpoint.hpp"

#include "base/escape.hpp"
#include "base/unix_socket.hpp"
#include "config/url/address.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

namespace freshet::load {

namespace {

constexpr timeval connect_limit{10, 0};

std::vector<endpoint> of_path(const std::string& address) {
    endpoint e{.size = sizeof(sockaddr_un), .text = address};
    const sockaddr_un name = unix_address(std::string_view(address).substr(5)).value();  // see wrong_address()
    std::memcpy(&e.name, &name, sizeof name);
    return {e};
}

std::vector<endpoint> of_host(const std::string& address) {
    const auto parts = reading::split_address(address).value();  // see wrong_address()
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    const int wrong = ::getaddrinfo(parts.host.c_str(), std::to_string(parts.port.value()).c_str(), &hints, &found);
    if (wrong != 0)
        throw std::runtime_error(fmt::format("the host of {} is not known: {}", address, ::gai_strerror(wrong)));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    std::vector<endpoint> all;
    for (const addrinfo* i = found; i != nullptr; i = i->ai_next) {
        endpoint& e = all.emplace_back();
        std::memcpy(&e.name, i->ai_addr, i->ai_addrlen);
        e.size = i->ai_addrlen;
        e.text = address;
    }
    return all;
}

owned_descriptor make_socket(const endpoint& to, int flags) {
    owned_descriptor made(::socket(to.name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    const int on = 1;
    if (to.name.ss_family != AF_UNIX) ::setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return made;
}

int connect_socket(const owned_descriptor& made, const endpoint& to) {
    return ::connect(made.get(), reinterpret_cast<const sockaddr*>(&to.name), to.size);
}

}  // namespace

std::string wrong_address(const std::string& address) {
    std::string wrong = reading::wrong_listen_address(address);
    if (!wrong.empty()) return wrong;
    if (address.find('?') != address.npos)
        return in_quotes(address) + " names more than a place to connect to; leave out what stands behind the '?'";
    if (address.starts_with('*')) return in_quotes(address) + " names no host to connect to; write \"HOST:PORT\"";
    if (!address.starts_with("unix:") && address.ends_with(":0")) return "nobody listens on port 0";
    return {};
}

endpoint find_server(const std::string& address) {
    if (const std::string wrong = wrong_address(address); !wrong.empty()) throw std::runtime_error(wrong);
    std::string why = "it has no address";
    for (const endpoint& e : address.starts_with("unix:") ? of_path(address) : of_host(address)) {
        try {
            connect_now(e);
            return e;
        } catch (const std::runtime_error& failed) {
            why = failed.what();
        }
    }
    throw std::runtime_error(why);
}

owned_descriptor connect_now(const endpoint& to) {
    owned_descriptor made = make_socket(to, 0);
    ::setsockopt(made.get(), SOL_SOCKET, SO_SNDTIMEO, &connect_limit, sizeof connect_limit);  // of connect(), too
    if (connect_socket(made, to) != 0) {
        const bool late = errno == EINPROGRESS || errno == EAGAIN;
        throw std::runtime_error(
            fmt::format("{} cannot be reached: {}", to.text, late ? "no answer within 10 s" : std::strerror(errno)));
    }
    ::fcntl(made.get(), F_SETFL, ::fcntl(made.get(), F_GETFL) | O_NONBLOCK);
    return made;
}

owned_descriptor begin_connect(const endpoint& to) {
    owned_descriptor made = make_socket(to, SOCK_NONBLOCK);
    if (connect_socket(made, to) != 0 && errno != EINPROGRESS) return {};
    return made;
}

}  // namespace freshet::load
