#include "bench/load/loop.hpp"

#include "bench/meter.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace freshet::load {

namespace {

constexpr std::size_t receive_bytes = std::size_t{256} << 10;
constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t back_off_min_ns = 20 * ms, back_off_max_ns = 1'000 * ms;
constexpr std::int64_t look_after_every_ns = 20 * ms;
constexpr rlim_t other_descriptors = 32;

}  // namespace

loop::loop(connection_user& user, const endpoint& server, std::chrono::nanoseconds patience)
    : user_(user),
      server_(server),
      patience_ns_(patience.count()),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      buffer_(receive_bytes) {}

void loop::add(connection& c) {
    c.socket_ = connect_now(server_);
    c.state_ = connection::state::open;
    watch(EPOLL_CTL_ADD, c, EPOLLIN);
    all_.push_back(&c);
}

void loop::flush(connection& c) {
    while (c.sent_ < c.out.size()) {
        const auto n = ::send(c.socket_.get(), c.out.data() + c.sent_, c.out.size() - c.sent_, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return want_write(c, true);
        if (n < 0) break;  // the next receive says that it is cut, outside of the user's call
        c.sent_ += static_cast<std::size_t>(n);
    }
    c.out.clear();
    c.sent_ = 0;
    want_write(c, false);
}

void loop::turn(std::int64_t limit_ns) {
    limit_ns = std::clamp<std::int64_t>(limit_ns, 0, look_after_every_ns);
    int wait_ms = static_cast<int>(limit_ns / ms);
    if (limit_ns % ms != 0) {  // epoll counts in milliseconds
        pollfd any{epoll_.get(), POLLIN, 0};
        const timespec limit{0, static_cast<long>(limit_ns)};
        ::ppoll(&any, 1, &limit, nullptr);
        wait_ms = 0;
    }
    const int ready = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), wait_ms);
    for (int i = 0; i < ready; ++i) {
        const epoll_event& e = events_[static_cast<std::size_t>(i)];
        on_event(*static_cast<connection*>(e.data.ptr), e.events);
    }
    const std::int64_t now = now_ns();
    if (now - looked_after_ns_ < look_after_every_ns) return;
    looked_after_ns_ = now;
    look_after(now);
}

void loop::on_event(connection& c, std::uint32_t happened) {
    if (c.state_ == connection::state::connecting) return opened(c);
    if ((happened & EPOLLOUT) != 0) flush(c);
    if ((happened & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive(c);
}

void loop::opened(connection& c) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(c.socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return try_later(c);
    c.state_ = connection::state::open;
    want_write(c, false);
    user_.on_open(c, now_ns());
}

void loop::receive(connection& c) {
    const std::size_t kept = c.rest_.size();
    if (kept * 2 > buffer_.size()) buffer_.resize(buffer_.size() * 2);
    std::memcpy(buffer_.data(), c.rest_.data(), kept);
    const auto n = ::recv(c.socket_.get(), buffer_.data() + kept, buffer_.size() - kept, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) return lose(c, loss::cut);
    c.heard_ns = now_ns();
    c.back_off_ns_ = 0;
    const std::string_view bytes(buffer_.data(), kept + static_cast<std::size_t>(n));
    const std::size_t used = user_.on_bytes(c, bytes, c.heard_ns);
    c.rest_.assign(bytes.substr(used));
}

void loop::lose(connection& c, loss how) {
    try_later(c);
    c.out.clear();
    c.sent_ = 0;
    c.rest_.clear();
    c.awaits_reply = false;
    user_.on_lost(c, how);
}

void loop::try_later(connection& c) {
    if (c.state_ != connection::state::open) ++failed_attempts_;
    c.socket_ = owned_descriptor();
    c.state_ = connection::state::closed;
    c.wants_write_ = false;
    c.back_off_ns_ = std::clamp(2 * c.back_off_ns_, back_off_min_ns, back_off_max_ns);
    c.next_try_ns_ = now_ns() + c.back_off_ns_;
}

void loop::look_after(std::int64_t now) {
    for (connection* const c : all_) {
        if (c->state_ == connection::state::closed) {
            if (now >= c->next_try_ns_) open_again(*c, now);
        } else if (c->state_ == connection::state::connecting) {
            if (now - c->heard_ns > patience_ns_) try_later(*c);
        } else if (c->awaits_reply && now - c->heard_ns > patience_ns_) {
            lose(*c, loss::no_reply);
        }
    }
}

void loop::open_again(connection& c, std::int64_t now) {
    c.socket_ = begin_connect(server_);
    c.state_ = connection::state::connecting;
    if (c.socket_.get() < 0) return try_later(c);
    c.heard_ns = now;
    c.wants_write_ = true;
    watch(EPOLL_CTL_ADD, c, EPOLLIN | EPOLLOUT);
}

void loop::want_write(connection& c, bool wanted) {
    if (c.wants_write_ == wanted) return;
    c.wants_write_ = wanted;
    watch(EPOLL_CTL_MOD, c, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void loop::watch(int operation, connection& c, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &c;
    if (::epoll_ctl(epoll_.get(), operation, c.socket_.get(), &event) != 0)
        throw std::runtime_error(fmt::format("epoll_ctl: {}", std::strerror(errno)));
}

void allow_connections(std::size_t connections) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < connections + other_descriptors) {
        throw std::runtime_error(fmt::format("{} connections need a higher limit of open files than {}; see ulimit -n",
                                             connections, files.rlim_max));
    }
}

}  // namespace freshet::load
