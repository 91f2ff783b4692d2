// What one site has answered to the writes of each key: so what may be there in the end.
#pragma once

#include "demo/packages.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freshet::demonstration {

struct site_write {
    std::uint32_t number{0};  ///< from 1, in the order in which the site was asked; 0: none
    bool removal{false};
};

class ledger {
public:
    /// Of these records, whose places are the subjects.
    ledger(std::string site, std::string key_prefix, const std::vector<package_record>& records);

    std::size_t subjects() const noexcept { return keys_.size(); }
    std::string key(std::uint32_t subject) const { return key_prefix_ + std::string(records_[subject].name); }
    std::uint32_t next_number() noexcept { return ++last_number_; }
    /// A record's text with a field in front that tells one write from another.
    std::string value(std::uint32_t subject, std::uint32_t number) const;

    /// It was answered, and so none before it may be there any more.
    void answered(std::uint32_t subject, site_write w);
    /// Nobody has said whether it happens.
    void unsure(std::uint32_t subject, site_write w);

    /// Something was asked of this key.
    bool knows(std::uint32_t subject) const;
    /// `found`, or nothing found, is the last write that was answered, or an unsure one behind it.
    bool allows(std::uint32_t subject, const std::optional<std::string>& found) const;
    /// One of its writes was answered.
    bool has_answered(std::uint32_t subject) const { return keys_[subject].last.number != 0; }

private:
    struct key_state {
        site_write last{};
        std::vector<site_write> unsure{};
    };

    bool is(std::uint32_t subject, site_write w, const std::optional<std::string>& found) const;

    std::string site_;
    std::string key_prefix_;
    const std::vector<package_record>& records_;
    std::vector<key_state> keys_;
    std::uint32_t last_number_{0};
};

/// What two sites have in the end of a key comes from one of them.
bool is_allowed(const ledger& one, const ledger& other, std::uint32_t subject, const std::optional<std::string>& found);

}  // namespace freshet::demonstration
