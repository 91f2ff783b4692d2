#include "server/listen/listen_check.hpp"

#include "base/escape.hpp"
#include "config/journals.hpp"
#include "server/listen/listen_address.hpp"

#include <fmt/format.h>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace freshet {

namespace {

/// Where one address leads.
struct place_to_listen {
    std::string text;
    std::uint16_t port{0};
    std::vector<sockaddr_storage> addresses{};
    std::string path{};  ///< of a socket file, as every spelling of it
};

/// Has this process the capability of that number?
bool is_capable(unsigned capability) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("CapEff:")) return (std::stoull(line.substr(7), nullptr, 16) >> capability & 1) != 0;
    }
    return false;
}

bool may_bind(std::uint16_t port) {
    constexpr unsigned net_bind_service = 10;
    unsigned first = 1024;
    std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> first;
    return port == 0 || port >= first || is_capable(net_bind_service);
}

/// May this process give a file of its own to that group?
bool may_give(gid_t group) {
    constexpr unsigned chown = 0;
    std::vector<gid_t> mine(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
    mine.resize(static_cast<std::size_t>(std::max(::getgroups(static_cast<int>(mine.size()), mine.data()), 0)));
    return group == ::getegid() || std::find(mine.begin(), mine.end(), group) != mine.end() || is_capable(chown);
}

/// Why a socket file cannot be made there, a number of errno; 0: it can.
int wrong_socket_file(const std::string& path) {
    struct stat there {};
    if (::lstat(path.c_str(), &there) == 0 && !S_ISSOCK(there.st_mode)) return ENOTSOCK;
    std::filesystem::path folder = std::filesystem::path(path).parent_path();
    if (::access(folder.c_str(), F_OK) != 0 && errno == ENOENT) folder = folder.parent_path();  // it will be made
    if (::stat(folder.c_str(), &there) != 0) return errno;
    if (!S_ISDIR(there.st_mode)) return ENOTDIR;
    return ::access(folder.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
}

std::string wrong_file(const listen_address& a) {
    const auto group = find_group(a.group);
    if (!a.group.empty() && !group) return no_such_group(a.group);
    if (!a.group.empty() && !may_give(*group)) return group_not_given(a.group);
    const int error = wrong_socket_file(a.path);
    return error == 0 ? std::string() : why_not_there(error);
}

/// Tried with any free port, which takes nothing from anybody.
std::string wrong_host(const place_to_listen& at) {
    int failure = 0;
    for (const sockaddr_storage& a : at.addresses) {
        const int fd = bind_tcp(a, 0);
        if (fd < 0) {
            failure = errno;
            continue;
        }
        ::close(fd);
        return may_bind(at.port) ? std::string() : why_not_there(EACCES);
    }
    return at.addresses.empty() ? std::string() : why_not_there(failure);
}

const void* bytes_of(const sockaddr_storage& a) {
    if (a.ss_family == AF_INET) return &reinterpret_cast<const sockaddr_in&>(a).sin_addr;
    return &reinterpret_cast<const sockaddr_in6&>(a).sin6_addr;
}

bool overlap(const sockaddr_storage& a, const sockaddr_storage& b) {
    constexpr unsigned char every[sizeof(in6_addr)]{};
    if (a.ss_family != b.ss_family) return false;
    const std::size_t size = a.ss_family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
    const auto is = [size](const sockaddr_storage& one, const void* what) {
        return std::memcmp(bytes_of(one), what, size) == 0;
    };
    return is(a, every) || is(b, every) || is(a, bytes_of(b));
}

bool collide(const place_to_listen& a, const place_to_listen& b) {
    if (!a.path.empty() || !b.path.empty()) return a.path == b.path;
    if (a.port != b.port || a.port == 0) return false;
    return std::any_of(a.addresses.begin(), a.addresses.end(), [&b](const sockaddr_storage& one) {
        return std::any_of(b.addresses.begin(), b.addresses.end(),
                           [&one](const sockaddr_storage& other) { return overlap(one, other); });
    });
}

/// Fills in the place.
std::string wrong_place(place_to_listen& at) {
    const auto parsed = parse_listen_address(at.text);
    if (!parsed) return parsed.error().text;
    if (parsed->is_unix()) {
        const std::filesystem::path path(parsed->path);
        at.path = file_identity(path.parent_path().string()) + "/" + path.filename().string();
        return wrong_file(*parsed);
    }
    at.port = parsed->port;
    const int error = find_addresses(*parsed, at.addresses);
    if (error == EAI_AGAIN || error == EAI_FAIL) return {};
    return error != 0 ? ::gai_strerror(error) : wrong_host(at);
}

}  // namespace

std::vector<std::string> listening_obstacles(const std::vector<std::string>& addresses) {
    std::vector<std::string> sentences;
    std::vector<place_to_listen> before;
    for (const std::string& address : addresses) {
        place_to_listen at{address};
        std::string& sentence = sentences.emplace_back();
        if (const std::string wrong = wrong_place(at); !wrong.empty()) sentence = cannot_listen(address, wrong).text;
        const auto other =
            std::find_if(before.begin(), before.end(), [&at](const place_to_listen& one) { return collide(one, at); });
        if (sentence.empty() && other != before.end())
            sentence = fmt::format("{} is where {} listens already; write one of the two", in_quotes(address),
                                   in_quotes(other->text));
        before.push_back(std::move(at));
    }
    return sentences;
}

}  // namespace freshet
