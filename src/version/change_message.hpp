// A change as a message, in a queue that every site reads: docs/formats/change.md.
#pragma once

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "version/change.hpp"

#include <cstdint>
#include <string_view>

namespace freshet {

/// A change with all that a store has to know of it.
struct told_change {
    std::string_view key{};
    change what{};
    std::string_view value{};
    std::uint32_t flags{0};
    wall::time_point item_expires{};  ///< 1970: never
};

/// What stands among a message's headers. On brokers the kind stands in the event's type: "dev.freshet.set".
constexpr std::string_view change_header = "freshet-change";  ///< "set" or "delete"
constexpr std::string_view change_type_prefix = "dev.freshet.";
constexpr std::string_view version_number_header = "freshet-version";
constexpr std::string_view previous_header = "freshet-previous";
constexpr std::string_view site_header = "freshet-site";
constexpr std::string_view item_expires_header = "freshet-item-expires";  ///< milliseconds since 1970

/// One of these, which a receiver sees although others that begin so are not shown.
bool is_change_header(std::string_view name) noexcept;

/// All but the body, which is the value.
void describe_change(const told_change& c, std::string_view site, message& to);
/// Who wrote it; empty: another program.
std::string_view site_of(const message& m) noexcept;
/// Views of `m`. A change that others have written without a version has that of its time. The problem: why it cannot
/// be read.
result<told_change> read_change(const message& m);

}  // namespace freshet
