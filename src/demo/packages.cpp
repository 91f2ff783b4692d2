#include "demo/packages.hpp"

#include "demo/server/files.hpp"
#include "demo/server/program.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

namespace freshet::demonstration {

namespace {

constexpr const char* apt_cache = "/usr/bin/apt-cache";
constexpr const char* dpkg_query = "/usr/bin/dpkg-query";
constexpr const char* dpkg_status = "/var/lib/dpkg/status";

/// Takes the text up to `separator` off the front of `rest`; without one all of it.
std::string_view take_until(std::string_view& rest, std::string_view separator) {
    const std::size_t end = rest.find(separator);
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + separator.size());
    return part;
}

/// The value of a field with its folded lines; empty: there is none.
std::string_view field(std::string_view record, std::string_view name) {
    while (!record.empty()) {
        const bool found = record.starts_with(name) && record.substr(name.size()).starts_with(":");
        std::size_t end = record.find('\n');
        while (end != std::string_view::npos && record.substr(end + 1).starts_with(" "))
            end = record.find('\n', end + 1);
        if (found) return record.substr(0, end).substr(name.size() + 1);
        record.remove_prefix(end == std::string_view::npos ? record.size() : end + 1);
    }
    return {};
}

std::string_view trimmed(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \n\t"), text.size()));
    return text.substr(0, text.find_last_not_of(" \n\t") + 1);
}

/// Calls `take` with each package of a list such as "libc6 (>= 2.34), exim4 | mail-transport-agent:any".
template <class Take>
void each_package(std::string_view list, Take take) {
    while (!list.empty()) {
        std::string_view choices = take_until(list, ",");
        while (!choices.empty()) {
            const std::string_view one = trimmed(take_until(choices, "|"));
            take(one.substr(0, one.find_first_of(" \n\t(:[<")));
        }
    }
}

}  // namespace

std::vector<package_record> parse_packages(std::string_view text) {
    std::vector<package_record> records;
    std::unordered_set<std::string_view> names;
    while (!text.empty()) {
        std::string_view record = take_until(text, "\n\n");
        record.remove_prefix(std::min(record.find_first_not_of('\n'), record.size()));  // more than one empty line
        if (record.ends_with('\n')) record.remove_suffix(1);
        const std::string_view name = trimmed(field(record, "Package"));
        if (!name.empty() && names.insert(name).second) records.push_back({name, record});
    }
    return records;
}

std::vector<std::uint32_t> reverse_dependencies(const std::vector<package_record>& records) {
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < records.size(); ++i) places.emplace(records[i].name, i);
    std::vector<std::uint32_t> counts(records.size());
    std::vector<std::size_t> named_by(records.size(), records.size());  // the last one: a record counts once
    for (std::size_t i = 0; i < records.size(); ++i) {
        for (const char* kind : {"Depends", "Pre-Depends", "Recommends"}) {
            each_package(field(records[i].text, kind), [&](std::string_view name) {
                const auto found = places.find(name);
                if (found == places.end() || found->second == i || named_by[found->second] == i) return;
                named_by[found->second] = i;
                ++counts[found->second];
            });
        }
    }
    return counts;
}

std::size_t package_database::size_bytes() const noexcept {
    std::size_t sum = 0;
    for (const package_record& r : records) sum += r.text.size();
    return sum;
}

package_database read_packages() {
    package_database d;
    d.source = "apt-cache dumpavail";
    d.text = run_program({apt_cache, "dumpavail"}).output;
    d.records = parse_packages(d.text);
    if (d.records.empty()) {
        d.source = dpkg_status;
        d.text = read_file(dpkg_status);
        d.records = parse_packages(d.text);
    }
    if (d.records.empty())
        throw std::runtime_error("neither apt-cache dumpavail nor /var/lib/dpkg/status knows a package");
    return d;
}

std::vector<std::string> installed_packages(std::size_t max) {
    const auto said = run_program({dpkg_query, "-W", "-f", "${db:Status-Status} ${binary:Package}\n"});
    std::vector<std::string> all;
    for (std::string_view rest = said.output; !rest.empty();) {
        std::string_view line = take_until(rest, "\n");
        if (take_until(line, " ") == "installed") all.emplace_back(line);
    }
    if (all.empty()) throw std::runtime_error("dpkg-query names no installed package");
    if (all.size() <= max) return all;
    std::vector<std::string> some;
    for (std::size_t i = 0; i < max; ++i) some.push_back(all[i * all.size() / max]);
    return some;
}

std::string ask_source(std::string_view name) {
    auto said = run_program({apt_cache, "show", std::string(name)});
    return said.exit_status == 0 ? std::move(said.output) : std::string();
}

}  // namespace freshet::demonstration
