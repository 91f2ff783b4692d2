#include "demo/sites/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace freshet::demonstration {

ledger::ledger(std::string site, std::string key_prefix, const std::vector<package_record>& records)
    : site_(std::move(site)), key_prefix_(std::move(key_prefix)), records_(records), keys_(records.size()) {}

std::string ledger::value(std::uint32_t subject, std::uint32_t number) const {
    return fmt::format("Written: {} {}\n{}", site_, number, records_[subject].text);
}

void ledger::answered(std::uint32_t subject, site_write w) { keys_[subject] = {w, {}}; }

void ledger::unsure(std::uint32_t subject, site_write w) { keys_[subject].unsure.push_back(w); }

bool ledger::knows(std::uint32_t subject) const { return has_answered(subject) || !keys_[subject].unsure.empty(); }

bool ledger::allows(std::uint32_t subject, const std::optional<std::string>& found) const {
    const key_state& key = keys_[subject];
    const auto it = [&](site_write w) { return is(subject, w, found); };
    return (key.last.number != 0 && it(key.last)) || std::any_of(key.unsure.begin(), key.unsure.end(), it);
}

bool ledger::is(std::uint32_t subject, site_write w, const std::optional<std::string>& found) const {
    return w.removal ? !found : found && *found == value(subject, w.number);
}

bool is_allowed(const ledger& one, const ledger& other, std::uint32_t subject,
                const std::optional<std::string>& found) {
    if (one.allows(subject, found) || other.allows(subject, found)) return true;
    return !found && !one.has_answered(subject) && !other.has_answered(subject);
}

}  // namespace freshet::demonstration
