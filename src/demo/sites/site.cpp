#include "demo/sites/site.hpp"

#include "base/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace freshet::demonstration {

namespace {

/// The shortest tombstones there are: nothing of the demo stays on servers of others for longer.
constexpr const char* site_configuration = R"([server]
listen = "unix:{socket}"
item_size_max = "256KiB"

[site]
name = "{name}"
node = {node}
tombstone = "1m"

[store.main]
url = {servers}
exclusive = true
timeout = "5s"
on_get_error = "error"

[queue.freshet-demo]
url = {broker}
declare = "create"
confirm_within = "1s"
{at_broker} = "freshet-demo"

[[route]]
prefix = ""
store = "main"
publish = "freshet-demo"

[[flow]]
from = "freshet-demo"
apply = "main"
)";

/// Of the broker alone: the names of what the tasks go through are not those of what is told.
std::string without_query(const std::string& url) { return url.substr(0, url.find('?')); }

std::string through(std::uint16_t link, const std::string& url) {
    const std::size_t begin = url.find("://") + 3;
    const std::size_t end = std::min(url.find('/', begin), url.size());
    const std::size_t user = url.substr(begin, end - begin).rfind('@');
    const std::size_t host = user == std::string::npos ? begin : begin + user + 1;
    return fmt::format("{}127.0.0.1:{}{}", url.substr(0, host), link, url.substr(end));
}

std::vector<std::string> broker_of(const site_setting& setting) {
    if (setting.link) return {through(*setting.link, without_query(setting.broker.front()))};
    std::vector<std::string> urls;
    for (const std::string& url : setting.broker) urls.push_back(without_query(url));
    return urls;
}

}  // namespace

demo_site::demo_site(const site_setting& setting) : name_(setting.name) {
    const bool kafka = setting.broker.front().starts_with("kafka:");
    server_.configure(fmt::format(site_configuration, fmt::arg("socket", socket_path()), fmt::arg("name", setting.name),
                                  fmt::arg("node", setting.node), fmt::arg("servers", json_list(setting.servers)),
                                  fmt::arg("broker", json_list(broker_of(setting))),
                                  fmt::arg("at_broker", kafka ? "topic" : "exchange")));
    server_.start();
}

}  // namespace freshet::demonstration
