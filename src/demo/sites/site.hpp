// One of two sites: a server in front of its own memcached servers, which tells what is written there over a broker.
#pragma once

#include "demo/server/child_server.hpp"
#include "demo/sites/ledger.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace freshet::demonstration {

struct site_setting {
    std::string name;
    unsigned node;
    std::vector<std::string> servers;  ///< URLs
    std::vector<std::string> broker;   ///< URLs
    /// A port of 127.0.0.1 that leads there instead.
    std::optional<std::uint16_t> link{};
};

class demo_site {
public:
    /// Starts it, see child_server::start.
    explicit demo_site(const site_setting& setting);

    const std::string& name() const noexcept { return name_; }
    child_server& server() noexcept { return server_; }
    const std::string& socket_path() const noexcept { return server_.socket_path(); }

private:
    std::string name_;
    child_server server_;
};

/// A site, and what it has answered.
struct booked_site {
    demo_site& site;
    ledger& books;
};

}  // namespace freshet::demonstration
