// What is right, and probably not meant: `serve` and `check` tell it and go on.
#include <freshet/config.hpp>

#include "base/escape.hpp"
#include "config/draft.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace freshet::reading {

namespace {

/// A prefix, and whose it is.
struct written_prefix {
    std::string_view text;
    const found<route_config>* route;

    bool to_one_queue() const { return !route->value.queue.empty() && route->value.queue != "*"; }
    bool to_a_queue() const { return !route->value.queue.empty(); }
    place at() const { return route->at.of("prefix"); }
};

std::vector<written_prefix> prefixes_of(const draft& d) {
    std::vector<written_prefix> all;
    for (const auto& r : d.routes) {
        for (const std::string& prefix : r.value.prefixes) all.push_back({prefix, &r});
    }
    return all;
}

/// Does what stands behind a queue's prefix begin as its commands do, "#ID", "/open", "/t=500/open", "/17"?
bool begins_a_command(std::string_view rest) {
    if (!rest.starts_with('/')) return rest.starts_with('#');
    const std::string_view word = rest.substr(1, rest.find('/', 1) - 1);
    const auto begins = [word](std::string_view verb) { return verb.starts_with(word); };
    return begins("open") || begins("close") || begins("abort") || begins("t=") || word.starts_with("t=") ||
           word.find_first_not_of("0123456789") == word.npos;
}

/// The queue whose commands a prefix takes: "q" of "q#".
const written_prefix* robbed_by(const written_prefix& p, const std::vector<written_prefix>& all) {
    for (const written_prefix& other : all) {
        const bool behind = other.to_one_queue() && p.text.size() > other.text.size() && p.text.starts_with(other.text);
        if (behind && begins_a_command(p.text.substr(other.text.size()))) return &other;
    }
    return nullptr;
}

void warn_of_prefix(const written_prefix& p, const std::vector<written_prefix>& all, draft& d) {
    const std::string shown = d.filled.in_quotes(p.text);
    if (const written_prefix* const other = robbed_by(p, all)) {
        d.warn(p.at(),
               fmt::format("prefix: {} takes commands of the queue {}, whose prefix is {} in line {}: behind that, "
                           "#ID and /open are its own; choose another",
                           shown, in_quotes(other->route->value.queue), d.filled.in_quotes(other->text),
                           other->at().line));
    } else if (p.to_one_queue() && (p.text.ends_with('#') || p.text.ends_with('/'))) {
        d.warn(p.at(), fmt::format("prefix: {} ends as the commands of its queue {} begin, #ID and /open, which stand "
                                   "behind it: {}; leave the last character out",
                                   shown, in_quotes(p.route->value.queue),
                                   p.text.ends_with('#') ? "##ID publishes, #ID is refused"
                                                         : "//open receives, /open is refused"));
    }
}

/// Results that clients cannot read, since their keys lead to a queue.
void warn_of_results(const found<flow_config>& f, const std::vector<written_prefix>& all, draft& d) {
    if (f.value.into.empty()) return;
    const std::string_view key = f.value.key;
    const std::string_view fixed = key.substr(0, key.find('{'));
    const written_prefix* taker = nullptr;
    for (const written_prefix& p : all) {
        if (fixed.starts_with(p.text) && (taker == nullptr || p.text.size() > taker->text.size())) taker = &p;
    }
    if (taker == nullptr || !taker->to_a_queue()) {
        const auto some = std::find_if(all.begin(), all.end(), [fixed](const written_prefix& p) {
            return p.to_a_queue() && !fixed.empty() && p.text.size() > fixed.size() && p.text.starts_with(fixed);
        });
        if (some == all.end()) return;
        taker = &*some;
    }
    d.warn(
        f.at.has("key") ? f.at.of("key") : f.at.of("into"),
        fmt::format("key: a get of a result, {}, asks the queue {}, whose prefix is {} in line {}; give that another "
                    "prefix, or the results a longer one that leads to {}",
                    d.filled.in_quotes(key), in_quotes(taker->route->value.queue), d.filled.in_quotes(taker->text),
                    taker->at().line, in_quotes(f.value.into)));
}

void warn_of_variables(const found<flow_config>& f, draft& d) {
    for (const std::string& name : f.value.env) {
        if (std::getenv(name.c_str()) == nullptr)
            d.warn(f.at.of("env"),
                   fmt::format("env: the environment variable {} is not set, and the program will not see it",
                               d.filled.in_quotes(name)));
    }
}

}  // namespace

void warn_of(draft& d) {
    const auto prefixes = prefixes_of(d);
    for (const written_prefix& p : prefixes) warn_of_prefix(p, prefixes, d);
    for (const auto& f : d.flows) {
        warn_of_results(f, prefixes, d);
        warn_of_variables(f, d);
    }
    warn_of_copies(d);
}

}  // namespace freshet::reading
