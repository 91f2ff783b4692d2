#include "demo/server/pool.hpp"

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "base/interrupt.hpp"
#include "base/unix_socket.hpp"
#include "config/url/server_address.hpp"
#include "protocol/ask.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <stdexcept>
#include <string_view>

namespace freshet::demonstration {

namespace {

constexpr std::chrono::seconds memcached_start_limit{2};

/// What the server is, and whether it knows the meta commands, as a store of servers asks it.
constexpr std::string_view question = "mg freshet:probe E1\r\nversion\r\n";
constexpr std::size_t answer_max = 1024;

[[noreturn]] void unreachable(const server_address& server, std::string_view why) {
    throw std::runtime_error(fmt::format("server {} cannot be reached: {}", server.name(), why));
}

bool wait_until(int descriptor, short event) {
    std::array<pollfd, 1> one{{{descriptor, event, 0}}};
    return wait_for(one, memcached_start_limit);
}

/// 0, or why there is no connection.
int connect_in_time(int descriptor, const addrinfo& to) {
    ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    if (::connect(descriptor, to.ai_addr, to.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    if (!wait_until(descriptor, POLLOUT)) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

owned_descriptor connect_to(const server_address& server) {
    if (server.is_unix()) {
        owned_descriptor d = connect_to_unix(server.host);
        if (d.get() < 0) unreachable(server, "nobody listens there");
        return d;
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int wrong = ::getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
    if (wrong != 0) unreachable(server, ::gai_strerror(wrong));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, &::freeaddrinfo);
    int error = 0;
    for (const addrinfo* one = all.get(); one != nullptr; one = one->ai_next) {
        owned_descriptor d(::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        error = d.get() < 0 ? errno : connect_in_time(d.get(), *one);
        if (error == 0) return d;
    }
    unreachable(server, std::strerror(error));
}

/// Until the line of its version is there, or it refuses the first question.
std::string ask(const server_address& server) {
    const owned_descriptor d = connect_to(server);
    std::string answer;
    if (::send(d.get(), question.data(), question.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(question.size()))
        unreachable(server, std::strerror(errno));
    while (answer.size() < answer_max) {
        if (!wait_until(d.get(), POLLIN)) unreachable(server, "it does not answer");
        char text[answer_max];
        const ssize_t n = ::recv(d.get(), text, sizeof text, 0);
        if (n <= 0) unreachable(server, n < 0 ? std::strerror(errno) : "it closed the connection");
        answer.append(text, static_cast<std::size_t>(n));
        const std::size_t first = answer.find("\r\n");
        if (first != answer.npos && answer.find("\r\n", first + 2) != answer.npos) break;
    }
    return answer;
}

}  // namespace

std::string wrong_pool(const std::vector<std::string>& urls) {
    std::set<std::string> names;
    for (const std::string& url : urls) {
        const auto server = parse_server_address(url);
        if (!server) return server.error().text;
        if (!names.insert(server->name()).second) return fmt::format("{} stands here twice", server->name());
    }
    return {};
}

void check_pool(const std::vector<std::string>& urls) {
    for (const std::string& url : urls) {
        const server_address server = parse_server_address(url).value();
        const std::string answer = ask(server);
        if (answer.starts_with("ERROR"))
            throw std::runtime_error(fmt::format("server {} {}", server.name(), explain(errc::too_old)));
        if (answer.find("\r\nVERSION ") == answer.npos)
            throw std::runtime_error(fmt::format("server {} {}", server.name(), explain(errc::wrong_answer)));
    }
}

void check_site(const std::vector<std::string>& urls) {
    check_pool(urls);
    for (const std::string& url : urls) {
        const server_address server = parse_server_address(url).value();
        if (!ask(server).starts_with("EN\r\n"))
            throw std::runtime_error(
                fmt::format("server {} keeps no versions, which memcached 1.6.27 and later do", server.name()));
    }
}

}  // namespace freshet::demonstration
