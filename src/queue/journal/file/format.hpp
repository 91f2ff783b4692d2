// What the journal's file holds, as docs/formats/journal.md says: numbers, encodings and the schema.
#pragma once

#include <freshet/message.hpp>

#include "queue/operations.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet::journal_format {

inline constexpr std::int64_t application_id = 0x46726a6c;  ///< "Frjl", in the header of the file
inline constexpr std::int64_t version = 3;                  ///< PRAGMA user_version
/// Of a new file. Twice SQLite's own: fewer pages to read back, to log and to check; 16 KiB do more for large messages,
/// and less for one that comes alone, whose log is longer.
inline constexpr std::int64_t page_bytes = 8'192;
/// Of body, id and key: SQLite has no row of 10^9 bytes.
inline constexpr std::uint64_t message_bytes_max = 900'000'000;

/// A message's row: the queue's number in front, the message's own behind, so that a queue is one range of the table.
inline constexpr unsigned number_bits = 44;
inline constexpr std::uint64_t number_max = (std::uint64_t{1} << number_bits) - 1;
inline constexpr std::uint64_t queue_number_max = (std::uint64_t{1} << (63 - number_bits)) - 1;

constexpr std::int64_t place(std::uint64_t queue_number, std::uint64_t number) noexcept {
    return static_cast<std::int64_t>(queue_number << number_bits | number);
}
constexpr std::uint64_t number_of(std::int64_t place) noexcept {
    return static_cast<std::uint64_t>(place) & number_max;
}

/// Of a queue that was dropped and is not removed yet: no queue's name begins so.
inline constexpr char aside_mark = ' ';
constexpr bool is_set_aside(std::string_view name) noexcept { return name.starts_with(aside_mark); }

using headers = std::vector<std::pair<std::string, std::string>>;
/// Each name and value behind its length in four bytes, least first.
std::string encode(const headers& h);
/// Nothing: it is not what encode() makes.
std::optional<headers> decode(std::string_view stored);

/// The id of a message that came without one: readable, and unlike any other of this or another journal.
std::string make_id(std::string_view journal_tag, std::uint64_t queue_number, std::uint64_t number);
/// Five random characters that tell journals apart.
std::string make_tag();

/// After so many ends in a row that were in no good order what may have been worked on is handed out alone; and after
/// so many while it was alone a message is dead.
inline constexpr std::int64_t unclean_ends_max = 3;

/// Of what a message is, as docs/formats/journal.md says: CRC-32. `encoded`: its headers.
std::uint32_t sum_of(const message& m, std::string_view encoded) noexcept;
std::uint32_t sum_of(const kept_result& r) noexcept;

extern const char* const schema;
/// Counts an opening, and what the last one ended with.
extern const char* const count_opening;
/// The first makes a journal of format 1 one of format 2, and so on.
extern const std::array<const char*, version - 1> upgrades;

}  // namespace freshet::journal_format
