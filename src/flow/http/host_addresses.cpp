#include "flow/http/host_addresses.hpp"

#include "shard/socket_address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <array>

namespace freshet {

namespace {

/// "127.0.0.1" or "[::1]".
std::string text_of(const socket_address& a) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (a.storage.ss_family == AF_INET) {
        const auto& four = reinterpret_cast<const sockaddr_in&>(a.storage);
        return ::inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
    }
    const auto& six = reinterpret_cast<const sockaddr_in6&>(a.storage);
    return fmt::format("[{}]", ::inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size()));
}

}  // namespace

bool is_literal_address(const std::string& host) {
    in6_addr to;  // large enough for both
    return ::inet_pton(AF_INET, host.c_str(), &to) == 1 || ::inet_pton(AF_INET6, host.c_str(), &to) == 1;
}

host_addresses::host_addresses(resolver& by, std::string host, std::uint16_t port, std::function<void()> changed)
    : resolver_(by), host_(std::move(host)), port_(port), changed_(std::move(changed)) {}

void host_addresses::need(steady::time_point now) {
    if (looking_ || (!list_.empty() && now - asked_ < fresh_for)) return;
    looking_ = true;
    asked_ = now;
    resolver_.look_up(host_, port_, [self = std::weak_ptr(self_)](const resolved& there) {
        if (const auto to = self.lock()) (*to)->found(there);
    });
}

void host_addresses::found(const resolved& there) {
    looking_ = false;
    trouble_ = there.trouble.empty() ? "the name has no address" : there.trouble;
    std::string list;
    for (const socket_address& a : there.addresses) {
        const auto begin = list.empty() ? fmt::format("{}:{}:", host_, port_) : std::string(",");
        list += begin + text_of(a);
    }
    if (!list.empty()) list_ = std::move(list);  // old addresses are better than none: connections may be kept
    changed_();
}

void host_addresses::doubt(steady::time_point now) {
    if (!looking_ && now - asked_ >= doubt_after) list_.clear();
}

}  // namespace freshet
