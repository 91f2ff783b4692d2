// What holds where nothing is said.
#include "config/draft.hpp"

#include <freshet/config.hpp>

#include <cstdlib>

namespace freshet::reading {

namespace {

constexpr std::string_view main_store = "main";

route_config every_key_to(std::string store) {
    route_config r;
    r.prefixes = {""};
    r.store = std::move(store);
    return r;
}

route_config queues_by_name() {
    route_config r;
    r.prefixes = {"queue/"};
    r.any_queue = true;
    return r;
}

/// The store of keys that no route names: "main", or the only one.
std::string default_store(const config& c) {
    for (const store_config& s : c.stores) {
        if (s.name == main_store) return s.name;
    }
    return c.stores.size() == 1 ? c.stores.front().name : "";
}

}  // namespace

config complete(draft& d) {
    config to;
    to.site = std::move(d.site.value);
    to.server = std::move(d.server.value);
    to.made_queues = std::move(d.made_queues.value);
    to.made_queues.name = "*";
    for (auto& s : d.stores) to.stores.push_back(std::move(s.value));
    for (auto& q : d.queues) to.queues.push_back(std::move(q.value));
    for (auto& f : d.flows) to.flows.push_back(std::move(f.value));
    if (to.stores.empty()) to.stores.emplace_back();

    bool every_key = false;
    for (auto& r : d.routes) {
        route_config& route = to.routes.emplace_back(std::move(r.value));
        if (route.queue == "*") route.any_queue = true, route.queue.clear();
        for (const std::string& prefix : route.prefixes) every_key = every_key || prefix.empty();
    }
    const std::string store = default_store(to);
    if (!every_key && !store.empty()) to.routes.push_back(every_key_to(store));
    if (d.routes.empty()) {
        to.routes.push_back(queues_by_name());
        if (store.empty())
            d.say(d.stores.front().at.section,
                  "there are several stores, none is named main, and there is no [[route]]: say which keys go where");
    }
    return to;
}

}  // namespace freshet::reading

namespace freshet {

config default_config() {
    reading::draft nothing;
    return reading::complete(nothing);
}

std::string default_state_folder() {
    const auto set = [](const char* name) -> std::string_view {
        const char* const value = std::getenv(name);
        return value == nullptr ? "" : value;
    };
    if (const auto folders = set("STATE_DIRECTORY"); !folders.empty())
        return std::string(folders.substr(0, folders.find(':')));
    // the XDG specification: a relative path counts as none
    if (const auto folder = set("XDG_STATE_HOME"); folder.starts_with('/')) return std::string(folder) + "/freshet";
    if (const auto home = set("HOME"); !home.empty()) return std::string(home) + "/.local/state/freshet";
    return {};
}

}  // namespace freshet
