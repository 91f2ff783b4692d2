#include "version/change_message.hpp"

#include "base/escape.hpp"
#include "base/since_1970.hpp"
#include "base/whole_number.hpp"
#include "version/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace freshet {

namespace {

constexpr std::string_view set_word = "set", delete_word = "delete";
constexpr std::size_t cache_key_size_max = 250;  ///< bytes, as memcached's

/// Null: there is none of that name.
const std::string* header_of(const message& m, std::string_view name) noexcept {
    for (const auto& [known_as, value] : m.headers) {
        if (known_as == name) return &value;
    }
    return nullptr;
}

/// In the place of those that there are, whose memory is used again.
class header_writer {
public:
    explicit header_writer(message& to) noexcept : headers_(to.headers) {}
    ~header_writer() { headers_.erase(headers_.begin() + static_cast<std::ptrdiff_t>(count_), headers_.end()); }
    header_writer(const header_writer&) = delete;
    header_writer& operator=(const header_writer&) = delete;

    void add(std::string_view name, std::string_view value) {
        if (count_ == headers_.size()) headers_.emplace_back();
        auto& [known_as, is] = headers_[count_++];
        known_as = name;
        is = value;
    }
    template <std::integral Number>
    void add(std::string_view name, Number number) {
        std::array<char, 20> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        add(name, std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
    }

private:
    std::vector<std::pair<std::string, std::string>>& headers_;
    std::size_t count_{0};
};

problem unreadable(std::string why) { return {errc::refused, effect::not_done, std::move(why)}; }

/// 0: it has none. Nothing: what stands there is none.
std::optional<version> version_in(const message& m, std::string_view name) {
    const std::string* const text = header_of(m, name);
    if (text == nullptr) return version{0};
    const auto number = whole_number<std::uint64_t>(*text);
    if (!number || *number < lowest_version || *number >= version_end) return std::nullopt;
    return *number;
}

}  // namespace

bool is_change_header(std::string_view name) noexcept {
    constexpr std::string_view all[] = {change_header, version_number_header, previous_header, site_header,
                                        item_expires_header};
    return std::find(std::begin(all), std::end(all), name) != std::end(all);
}

void describe_change(const told_change& c, std::string_view site, message& to) {
    to.key = c.key;
    to.flags = c.flags;
    header_writer headers(to);
    headers.add(change_header, c.what.kind == change_kind::set ? set_word : delete_word);
    headers.add(version_number_header, c.what.version);
    if (c.what.previous != 0) headers.add(previous_header, c.what.previous);
    headers.add(site_header, site);
    if (c.item_expires != wall::time_point{}) headers.add(item_expires_header, ms_since_1970(c.item_expires));
}

std::string_view site_of(const message& m) noexcept {
    const std::string* const name = header_of(m, site_header);
    return name != nullptr ? std::string_view(*name) : std::string_view();
}

result<told_change> read_change(const message& m) {
    told_change c;
    const std::string* const kind = header_of(m, change_header);
    if (kind == nullptr)
        return unreadable("it is no change: its type is neither dev.freshet.set nor dev.freshet.delete");
    if (*kind != set_word && *kind != delete_word)
        return unreadable(fmt::format("its type is dev.freshet.{}; there are dev.freshet.set and dev.freshet.delete",
                                      escaped(*kind)));
    c.what.kind = *kind == set_word ? change_kind::set : change_kind::remove;
    if (m.key.empty() || m.key.size() > cache_key_size_max)
        return unreadable(
            fmt::format("its key has {} bytes; a key of a store has 1 to {}", m.key.size(), cache_key_size_max));
    if (has_blank_or_control(m.key) && (m.key.size() + 2) / 3 * 4 > cache_key_size_max)
        return unreadable("its key has blanks or control characters, and is too long for base64");
    c.key = m.key;
    const auto number = version_in(m, version_number_header), previous = version_in(m, previous_header);
    if (!number) return unreadable(fmt::format("its {} is no version", version_number_header));
    c.what.version = *number;
    c.what.previous = previous.value_or(0);
    if (c.what.version == 0) {
        c.what.previous = 0;
        const bool timed = m.time > wall::time_point{};
        if (!timed && c.what.kind == change_kind::set)
            return unreadable("it has neither a version nor a time, so nobody knows whether it is the newest");
        c.what.version = version_at(timed ? m.time : wall::now());
    }
    if (c.what.kind == change_kind::remove) return c;
    c.value = m.body;
    c.flags = m.flags;
    if (const std::string* const expires = header_of(m, item_expires_header)) {
        const auto ms = whole_number<std::int64_t>(*expires);
        if (!ms || *ms <= 0) return unreadable(fmt::format("its {} is no time in milliseconds", item_expires_header));
        c.item_expires = from_ms_since_1970(*ms);
    }
    return c;
}

}  // namespace freshet
