// From a tree of values to a draft: every section by itself.
#include <freshet/config.hpp>

#include "base/escape.hpp"
#include "base/name.hpp"
#include "config/draft.hpp"
#include "config/file.hpp"
#include "config/options.hpp"
#include "config/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace freshet::reading {

void read_entries(std::string_view section, const table& from, sections& to, places& at, draft& d);

namespace {

places read_section(std::string_view section, const table& from, place begin, sections& to, draft& d) {
    places at{begin, {}};
    read_entries(section, from, to, at, d);
    for (const option& o : options()) {
        const bool given = std::any_of(from.begin(), from.end(), [&](const entry& e) { return e.key == o.key; });
        if (o.section == section && o.required && !given)
            d.say(begin, fmt::format("this {} has no {}", header_of(section), o.key));
    }
    return at;
}

/// [store.NAME] and [queue.NAME].
template <class Read>
void read_named(std::string_view section, const entry& all, draft& d, Read read) {
    const value& from = all.value;
    if (from.entries() == nullptr) {
        const bool lists = from.items() != nullptr;
        return d.say(all.at,
                     fmt::format("{} is {}; write {}", section, lists ? "no list" : "no value", header_of(section)));
    }
    for (const entry& e : *from.entries()) {
        if (find_option(section, e.key) != nullptr && e.value.entries() == nullptr) {
            d.say(e.at,
                  fmt::format("{} stands in no section with a name; write {} above it", e.key, header_of(section)));
        } else if (e.value.entries() == nullptr) {
            d.say(e.at,
                  fmt::format("{} is {}, not a section {}", in_quotes(e.key), kind_of(e.value), header_of(section)));
        } else {
            read(e);
        }
    }
}

/// [[route]] and [[flow]].
template <class Read>
void read_list(std::string_view section, const entry& all, draft& d, Read read) {
    const value& from = all.value;
    if (from.items() == nullptr)
        return d.say(all.at, fmt::format("there can be several; write {}, with two brackets", header_of(section)));
    for (const value& item : *from.items()) {
        if (item.entries() != nullptr) read(item);
        else d.say(item.at, fmt::format("this is {}, not a {}", kind_of(item), header_of(section)));
    }
}

void check_name(std::string_view what, const entry& e, draft& d) {
    if (!is_name(e.key)) d.say(e.at, fmt::format("{} is no name of a {}; {}", in_quotes(e.key), what, name_rule));
}

void read_store(const entry& e, draft& d) {
    check_name("store", e, d);
    sections to;
    places at = read_section("store", *e.value.entries(), e.at, to, d);
    to.store.name = e.key;
    if (!to.store.in_memory() && !at.has("flush_all")) to.store.flush_all = false;
    d.stores.push_back({std::move(to.store), std::move(at)});
}

void read_queue(const entry& e, draft& d) {
    const bool made = e.key == "*";
    if (!made) check_name("queue", e, d);
    sections to;
    places at = read_section("queue", *e.value.entries(), e.at, to, d);
    to.queue.name = e.key;
    if (made && at.has("url"))
        d.say(at.of("url"),
              "url: queues that are made by name are in the file of the state folder, \"journal:\"; leave this out");
    if (made) d.made_queues = {std::move(to.queue), std::move(at)};
    else d.queues.push_back({std::move(to.queue), std::move(at)});
}

}  // namespace

void read_sections(const table& root, draft& d) {
    for (const entry& e : root) {
        if (e.key == "server" || e.key == "site") {
            if (e.value.entries() == nullptr) {
                d.say(e.at, fmt::format("{0} is {1}; write [{0}]", e.key,
                                        e.value.items() != nullptr ? "no list" : "no value"));
                continue;
            }
            sections to;
            places at = read_section(e.key, *e.value.entries(), e.value.at, to, d);
            if (e.key == "server") d.server = {std::move(to.server), std::move(at)};
            else d.site = {std::move(to.site), std::move(at)};
        } else if (e.key == "store") {
            read_named("store", e, d, [&](const entry& one) { read_store(one, d); });
        } else if (e.key == "queue") {
            read_named("queue", e, d, [&](const entry& one) { read_queue(one, d); });
        } else if (e.key == "route") {
            read_list("route", e, d, [&](const value& one) {
                sections to;
                places at = read_section("route", *one.entries(), one.at, to, d);
                const auto leads = [](const entry& one_of) { return one_of.key == "store" || one_of.key == "queue"; };
                if (std::none_of(one.entries()->begin(), one.entries()->end(), leads))
                    d.say(one.at, "this [[route]] leads nowhere; it needs a store or a queue");
                d.routes.push_back({std::move(to.route), std::move(at)});
            });
        } else if (e.key == "flow") {
            read_list("flow", e, d, [&](const value& one) {
                sections to;
                places at = read_section("flow", *one.entries(), one.at, to, d);
                const auto does = [](const entry& one_of) { return one_of.key == "call" || one_of.key == "apply"; };
                if (std::none_of(one.entries()->begin(), one.entries()->end(), does))
                    d.say(one.at, "this [[flow]] does nothing; it needs a call or an apply");
                d.flows.push_back({std::move(to.flow), std::move(at)});
            });
        } else if (const later* const l = find_later("", e.key)) {
            d.say(e.at, fmt::format("{}: {}", e.key, l->sentence));
        } else {
            const std::string hint = [&]() -> std::string {
                const auto near = nearest(e.key, {"site", "server", "store", "queue", "route", "flow"});
                if (!near.empty()) return fmt::format(", did you mean {}?", header_of(near));
                for (const option& o : options()) {
                    if (o.key == e.key && o.section != "call")
                        return fmt::format("; it belongs in {}", header_of(o.section));
                }
                return "; there are [site], [server], [store.NAME], [queue.NAME], [[route]] and [[flow]]";
            }();
            d.say(e.at, fmt::format("unknown {} {}{}", e.value.entries() != nullptr ? "section" : "key",
                                    in_quotes(e.key), hint));
        }
    }
}

}  // namespace freshet::reading

namespace freshet {

file_reading read_file_text(std::string_view text) {
    reading::parsed file = reading::parse(text);
    file_reading to;
    if (!file.error.empty()) {
        to.mistakes.push_back({file.at.line, file.at.column, escaped(file.error)});
        return to;
    }
    reading::draft d;
    reading::read_sections(file.root, d);
    reading::check_together(d);
    if (d.mistakes.empty()) reading::warn_of(d);
    const auto places_of = [](const auto& all) {
        std::vector<reading::places> places;
        for (const auto& one : all) places.push_back(one.at);
        return places;
    };
    to.server = d.server.at;
    to.queues = places_of(d.queues);
    to.routes = places_of(d.routes);
    if (d.mistakes.empty()) to.value = reading::complete(d);
    to.mistakes = std::move(d.mistakes);
    to.warnings = std::move(d.warnings);
    to.secrets = d.filled.secrets();
    to.sort();
    return to;
}

void file_reading::sort() {
    for (auto* const all : {&mistakes, &warnings}) {
        std::stable_sort(all->begin(), all->end(), [](const mistake& a, const mistake& b) {
            return reading::place{a.line, a.column} < reading::place{b.line, b.column};
        });
    }
}

reading::place file_reading::place_of(std::string_view section, std::size_t number, std::string_view key) const {
    if (section == "server") return server.of(key);
    const auto& all = section == "queue" ? queues : routes;
    return number < all.size() ? all[number].of(key) : reading::place{};
}

config_reading read_config(std::string_view text) { return read_file_text(text); }

file_reading read_file(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
    std::string text;
    bool failed = file == nullptr;
    while (!failed) {
        constexpr std::size_t far_too_large = std::size_t{2} << 20;
        char part[16'384];
        const std::size_t n = std::fread(part, 1, sizeof part, file.get());
        text.append(part, n);
        failed = std::ferror(file.get()) != 0;
        if (n == 0 || text.size() > far_too_large) break;
    }
    if (!failed) return read_file_text(text);
    file_reading to;
    to.mistakes.push_back({0, 0, fmt::format("cannot be read: {}", std::strerror(errno))});
    return to;
}

config_reading read_config_file(const std::string& path) { return read_file(path); }

}  // namespace freshet
