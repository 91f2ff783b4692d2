// A proxy that does nothing but pass requests on: the most that can be had of one thread and one epoll, and so the
// measure of what everything else costs. It knows classic `get` and `set`, spreads keys over memcached servers by a
// hash, and asks those with `mg` and `ms`, over one connection each. It has no limits, routes, figures or time-outs,
// and ends where a server does, or where somebody says what it does not know: nothing to put in front of users.
//
// In a turn all that epoll reports is received and read, and adds to what is to be sent. Only then is it sent, servers
// first, in one piece for each connection.
#include "base/whole_number.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t receive_bytes = std::size_t{256} << 10;
constexpr int events_max = 1024, backlog = 4096;

/// What is under way, oldest first. A place counts from the first ever, so that it stays when the ring grows.
template <class Item>
struct ring {
    std::vector<Item> items = std::vector<Item>(1);
    std::size_t mask = 0;  // a power of two less one
    std::size_t first = 0, end = 0;

    bool empty() const { return first == end; }
    Item& at(std::size_t place) { return items[place & mask]; }

    Item& push() {
        if (end - first > mask) grow();
        return at(end++);
    }

    void grow() {
        std::vector<Item> more(2 * items.size());
        const std::size_t more_mask = more.size() - 1;
        for (std::size_t place = first; place != end; ++place) more[place & more_mask] = std::move(at(place));
        items = std::move(more);
        mask = more_mask;
    }
};

enum class role { listener, server, client };

struct connection {
    role is = role::client;
    int file = -1;
    std::string rest;  // of what came: the beginning of a command or a reply
    std::string out;
    std::size_t sent = 0, complete = 0;  // of `out`; what is behind `complete` belongs to a reply without its end
    bool blocked = false;                // until epoll says that there is room again
};

enum class part { set, get, last_of_get };

/// One key of a client's request.
struct slot {
    part of = part::set;
    bool done = false;
    std::string reply;  // that came before an earlier one's
};

struct client : connection {
    ring<slot> slots;
    bool touched = false;
};

struct question {
    client* from = nullptr;
    std::size_t place = 0;
};

struct server : connection {
    ring<question> questions;
};

struct loop {
    int epoll = -1;
    connection listener;
    std::vector<server> servers;
    std::deque<client> clients;
    std::vector<client*> unused;
    std::vector<client*> touched;  // in this turn
};

[[noreturn]] void fail(std::string_view what, std::string_view which) {
    std::fprintf(stderr, "bare_loop: %.*s %.*s\n", static_cast<int>(what.size()), what.data(),
                 static_cast<int>(which.size()), which.data());
    std::exit(1);
}

[[noreturn]] void fail_errno(std::string_view what) { fail(what, std::strerror(errno)); }

void touch(loop& all, client& one) {
    if (!std::exchange(one.touched, true)) all.touched.push_back(&one);
}

std::string_view take_word(std::string_view& line) {
    const std::size_t end = line.find(' ');
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    return word;
}

std::size_t number_of(std::string_view word) {
    const auto number = freshet::whole_number<std::size_t>(word);
    if (!number) fail("not a number:", word);
    return *number;
}

/// Appends all of them at once.
template <class... Pieces>
void append(std::string& to, Pieces... pieces) {
    (to.append(std::string_view(pieces)), ...);
}

server& server_of(loop& all, std::string_view key) {
    return all.servers[std::hash<std::string_view>{}(key) % all.servers.size()];
}

void note(server& to, client& from, part of) {
    slot& in_turn = from.slots.push();
    in_turn.of = of;
    in_turn.done = false;
    to.questions.push() = {&from, from.slots.end - 1};
}

void ask_get(loop& all, client& from, std::string_view keys) {
    while (!keys.empty()) {
        const std::string_view key = take_word(keys);
        server& to = server_of(all, key);
        append(to.out, "mg ", key, " k f v\r\n");
        note(to, from, keys.empty() ? part::last_of_get : part::get);
    }
}

/// The bytes of the value with its end of line, 0 where some are still to come.
std::size_t ask_set(loop& all, client& from, std::string_view line, std::string_view behind) {
    const std::string_view key = take_word(line), flags = take_word(line), expiry = take_word(line);
    const std::size_t value = number_of(line) + 2;
    if (behind.size() < value) return 0;
    server& to = server_of(all, key);
    append(to.out, "ms ", key, " ", line, " F", flags, " T", expiry, "\r\n", behind.substr(0, value));
    note(to, from, part::set);
    return value;
}

/// These return how many bytes they have read: all but the beginning of what is still to come.
std::size_t read_commands(loop& all, client& from, std::string_view bytes) {
    for (std::size_t used = 0;;) {
        const std::string_view left = bytes.substr(used);
        const std::size_t line_bytes = left.find('\n') + 1;
        if (line_bytes == 0) return used;
        const std::string_view line = left.substr(0, line_bytes - 2);
        if (line.starts_with("get ")) {
            ask_get(all, from, line.substr(4));
        } else if (line.starts_with("set ")) {
            const std::size_t value = ask_set(all, from, line.substr(4), left.substr(line_bytes));
            if (value == 0) return used;
            used += value;
        } else {
            fail("a client said", line);
        }
        used += line_bytes;
    }
}

/// What has come before an earlier reply waits in its slot.
std::string& text_at(client& to, std::size_t place) {
    return place == to.slots.first ? to.out : to.slots.at(place).reply;
}

void finish(loop& all, client& to, std::size_t place) {
    to.slots.at(place).done = true;
    for (; !to.slots.empty() && to.slots.at(to.slots.first).done; ++to.slots.first) {
        slot& next = to.slots.at(to.slots.first);
        to.out += next.reply;
        next.reply.clear();
        if (next.of == part::last_of_get) to.out += "END\r\n";
        if (next.of != part::get) to.complete = to.out.size();
    }
    touch(all, to);
}

std::size_t read_replies(loop& all, server& from, std::string_view bytes) {
    for (std::size_t used = 0;;) {
        const std::string_view left = bytes.substr(used);
        const std::size_t line_bytes = left.find('\n') + 1;
        if (line_bytes == 0) return used;
        std::string_view line = left.substr(0, line_bytes - 2);
        const std::string_view status = take_word(line), size = take_word(line);
        const std::size_t value = status == "VA" ? number_of(size) + 2 : 0;
        if (left.size() < line_bytes + value) return used;

        if (from.questions.empty()) fail("a server said without being asked:", status);
        const question asked = from.questions.at(from.questions.first++);
        std::string& to = text_at(*asked.from, asked.place);
        if (status == "VA") {
            const std::string_view key = take_word(line), flags = take_word(line);  // kKEY fFLAGS
            append(to, "VALUE ", key.substr(1), " ", flags.substr(1), " ", size, "\r\n",
                   left.substr(line_bytes, value));
        } else if (status == "HD") {
            append(to, "STORED\r\n");
        } else if (status != "EN") {
            fail("a server said", left.substr(0, line_bytes - 2));
        }
        finish(all, *asked.from, asked.place);
        used += line_bytes + value;
    }
}

/// False: the peer has closed. epoll tells a change once: so it goes on until there is no more, which a buffer that is
/// not full says as well, unless the end of the connection came with it.
bool receive(loop& all, connection& from, bool until_closed) {
    static std::array<char, receive_bytes> buffer;
    std::size_t begun = from.rest.copy(buffer.data(), from.rest.size());
    for (bool more = true; more;) {
        const std::size_t room = buffer.size() - begun;
        const ssize_t came = ::recv(from.file, buffer.data() + begun, room, 0);
        if (came < 0 && errno == EAGAIN) break;
        if (came <= 0) return false;
        const std::size_t size = begun + static_cast<std::size_t>(came);
        const std::string_view bytes(buffer.data(), size);
        const std::size_t used = from.is == role::server ? read_replies(all, static_cast<server&>(from), bytes)
                                                         : read_commands(all, static_cast<client&>(from), bytes);
        begun = size - used;
        std::memmove(buffer.data(), buffer.data() + used, begun);
        more = until_closed || static_cast<std::size_t>(came) == room;
    }
    from.rest.assign(buffer.data(), begun);
    return true;
}

/// False: the connection is broken.
bool send(connection& to) {
    if (to.blocked || to.sent == to.complete) return true;
    const ssize_t went = ::send(to.file, to.out.data() + to.sent, to.complete - to.sent, MSG_NOSIGNAL);
    if (went < 0 && errno != EAGAIN) return false;
    if (went > 0) to.sent += static_cast<std::size_t>(went);
    to.blocked = to.sent < to.complete;
    if (to.sent == to.out.size() || to.sent > to.out.size() / 2) {
        to.out.erase(0, to.sent);
        to.complete -= std::exchange(to.sent, 0);
    }
    return true;
}

void send_all(loop& all) {
    for (server& to : all.servers) {
        to.complete = to.out.size();
        if (!send(to)) fail_errno("a server's connection:");
    }
    for (client* to : all.touched) {
        to->touched = false;
        if (to->file >= 0 && !send(*to)) ::close(std::exchange(to->file, -1));
        if (to->file < 0 && to->slots.empty()) all.unused.push_back(to);  // no server will answer it any more
    }
    all.touched.clear();
}

void watch(loop& all, connection& one) {
    epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = &one}};
    if (::epoll_ctl(all.epoll, EPOLL_CTL_ADD, one.file, &event) != 0) fail_errno("epoll_ctl:");
}

void accept_all(loop& all) {
    for (;;) {
        const int file = ::accept4(all.listener.file, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (file < 0 && errno == EAGAIN) return;
        if (file < 0) fail_errno("accept4:");
        const int on = 1;
        ::setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (all.unused.empty()) all.unused.push_back(&all.clients.emplace_back());
        client& one = *all.unused.back();
        all.unused.pop_back();
        one = client{};
        one.file = file;
        watch(all, one);
    }
}

void turn(loop& all) {
    static std::array<epoll_event, events_max> events;
    const int number = ::epoll_wait(all.epoll, events.data(), events_max, -1);
    for (int i = 0; i < number; ++i) {
        const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
        auto& one = *static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr);
        const bool closing = (what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        if (one.is == role::listener) {
            accept_all(all);
            continue;
        }
        if ((what & EPOLLOUT) != 0) one.blocked = false;
        if (one.is == role::client && one.sent < one.complete) touch(all, static_cast<client&>(one));
        if (((what & EPOLLIN) == 0 && !closing) || receive(all, one, closing)) continue;
        if (one.is == role::server) fail("a server", "has closed");
        ::close(std::exchange(one.file, -1));
        touch(all, static_cast<client&>(one));
    }
    send_all(all);
}

void open(loop& all, connection& one, role is, const char* port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(number_of(port)));
    const auto* const plain = reinterpret_cast<const sockaddr*>(&address);
    const int on = 1;
    one.is = is;
    one.file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::setsockopt(one.file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(one.file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const bool opened = is == role::server
                            ? ::connect(one.file, plain, sizeof address) == 0
                            : ::bind(one.file, plain, sizeof address) == 0 && ::listen(one.file, backlog) == 0;
    if (!opened) fail_errno(port);
    ::fcntl(one.file, F_SETFL, O_NONBLOCK);
    watch(all, one);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) fail("usage:", "bare_loop PORT SERVER_PORT...  (all on 127.0.0.1)");
    loop all;
    all.epoll = ::epoll_create1(EPOLL_CLOEXEC);
    all.servers.resize(static_cast<std::size_t>(argc - 2));
    for (std::size_t i = 0; i < all.servers.size(); ++i) open(all, all.servers[i], role::server, argv[i + 2]);
    open(all, all.listener, role::listener, argv[1]);
    for (;;) turn(all);
}
