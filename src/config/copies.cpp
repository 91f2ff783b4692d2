// `copies`: which queues a message can be put into as well, and which of them are probably not meant.
#include <freshet/config.hpp>

#include "base/escape.hpp"
#include "config/draft.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace freshet::reading {

const found<queue_config>* queue_named(const std::string& name, const draft& d) {
    const auto at = std::find_if(d.queues.begin(), d.queues.end(), [&](const auto& q) { return q.value.name == name; });
    return at == d.queues.end() ? nullptr : &*at;
}

const found<flow_config>* applier_of(const std::string& queue, const draft& d) {
    const auto at = std::find_if(d.flows.begin(), d.flows.end(),
                                 [&](const auto& f) { return f.value.from == queue && !f.value.apply.empty(); });
    return at == d.flows.end() ? nullptr : &*at;
}

namespace {

/// Changes that would be applied twice, and what is no change. An empty text: neither.
std::string wrong_applied_copy(const std::string& from, const std::string& to, const draft& d) {
    const auto* const taker = applier_of(to, d);
    if (taker == nullptr) return {};
    const auto* const first = applier_of(from, d);
    const unsigned line = taker->at.section.line;
    if (first == nullptr)
        return fmt::format(
            "the flow in line {} applies what comes to {}, and no flow applies what {} has: these may "
            "be no changes; leave {} out",
            line, in_quotes(to), in_quotes(from), in_quotes(to));
    if (first->value.apply != taker->value.apply) return {};
    return fmt::format(
        "each change of {} would be applied to the store {} twice, by the flows in lines {} and {}; "
        "leave {} out, or the second flow",
        in_quotes(from), in_quotes(taker->value.apply), first->at.section.line, line, in_quotes(to));
}

std::string wrong_copy(const queue_config& from, const std::string& name, const draft& d) {
    if (name == from.name)
        return fmt::format("{} is this queue itself, which has every message anyway; leave it out",
                           d.filled.in_quotes(name));
    const auto* const to = queue_named(name, d);
    if (to == nullptr) return no_queue(name, d);
    if (to->value.on_broker())
        return fmt::format("{} is on a broker, and a transaction is in one file; name queues of the same journal",
                           in_quotes(name));
    if (!to->value.copies.empty())
        return fmt::format(
            "{} has copies itself, and what is a copy is not copied again; name all queues here, and "
            "none there",
            in_quotes(name));
    return wrong_applied_copy(from.name, name, d);
}

}  // namespace

void check_copies(draft& d) {
    if (d.made_queues.at.has("copies"))
        d.say(d.made_queues.at.of("copies"), "copies: is for a queue that has a section of its own; leave this out");
    for (const auto& q : d.queues) {
        if (q.value.on_broker()) continue;  // which is said already
        const std::vector<std::string>& names = q.value.copies;
        for (auto name = names.begin(); name != names.end(); ++name) {
            const std::string wrong = std::find(names.begin(), name, *name) != name
                                          ? d.filled.in_quotes(*name) + " stands here twice"
                                          : wrong_copy(q.value, *name, d);
            d.say_if_wrong(q.at, "copies", wrong);
        }
    }
}

/// Nobody takes anything from it: then it is full one day, and nothing is published any more.
void warn_of_copies(draft& d) {
    const auto by_name = [](const found<route_config>& r) { return r.value.queue == "*"; };
    if (d.routes.empty() || std::any_of(d.routes.begin(), d.routes.end(), by_name)) return;
    for (const auto& q : d.queues) {
        for (const std::string& name : q.value.copies) {
            const bool taken =
                std::any_of(d.flows.begin(), d.flows.end(), [&](const auto& f) { return f.value.from == name; }) ||
                std::any_of(d.routes.begin(), d.routes.end(), [&](const auto& r) { return r.value.queue == name; });
            if (taken) continue;
            d.warn(q.at.of("copies"),
                   fmt::format("copies: no flow and no route takes messages of {}; when it is full, what is published "
                               "to {} is refused",
                               in_quotes(name), in_quotes(q.value.name)));
        }
    }
}

}  // namespace freshet::reading
