#include "server/listen/listener.hpp"

#include "server/session.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>

namespace freshet {

namespace {
constexpr int accepts_per_turn = 64;
constexpr std::string_view too_many = "ERROR Too many open connections\r\n";

/// On the shard. A connection that cannot be served ends, and nothing else.
void begin_session(server_shard& on, int descriptor) {
    try {
        auto* const s = new session(on, descriptor);  // the reactor's once it is disposed of
        if (on.stopping) s->finish();
    } catch (const std::exception& why) {
        spdlog::warn("a connection cannot be served: {}", why.what());
        ::close(descriptor);
        on.server.leave();
    }
}
}  // namespace

listener::listener(server_state& server, listening_socket socket) : server_(server), socket_(std::move(socket)) {
    server_.shards.front()->reactor.add(*this, socket_.descriptor);
}

void listener::close() {
    server_shard& home = *server_.shards.front();
    if (resting_) home.home.remove(*this);
    home.reactor.remove(*this, socket_.descriptor);
    if (!socket_.unix_path.empty()) ::unlink(socket_.unix_path.c_str());
}

void listener::readable() {
    for (int i = 0; i < accepts_per_turn; ++i) {
        const int fd = ::accept4(socket_.descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            spdlog::warn("cannot accept a connection on {}: {}; trying again", socket_.name, std::strerror(errno));
            rest();
        }
        return;
    }
}

void listener::rest() {
    server_shard& home = *server_.shards.front();
    home.reactor.watch(*this, socket_.descriptor, false, false);
    home.home.add(*this);
    resting_ = true;
}

void listener::tick(steady::time_point) {
    server_shard& home = *server_.shards.front();
    home.home.remove(*this);
    resting_ = false;
    home.reactor.watch(*this, socket_.descriptor, true, false);
}

void listener::admit(int descriptor) {
    if (server_.connections.load(std::memory_order_relaxed) >= server_.config.connections_max) {
        server_.rejected.fetch_add(1, std::memory_order_relaxed);
        [[maybe_unused]] const auto n =
            ::send(descriptor, too_many.data(), too_many.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        ::close(descriptor);
        return;
    }
    server_.connections.fetch_add(1, std::memory_order_relaxed);
    if (socket_.unix_path.empty()) {
        const int one = 1;
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        ::setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    }
    server_shard& to = *server_.shards[next_shard_++ % server_.shards.size()];
    const auto open = [&to, descriptor] { begin_session(to, descriptor); };
    if (to.home.here()) open();
    else to.home.run(open);
}

}  // namespace freshet
