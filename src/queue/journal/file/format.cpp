#include "queue/journal/file/format.hpp"

#include <freshet/message.hpp>

#include "base/bytes.hpp"
#include "base/since_1970.hpp"

#include <zlib.h>

#include <array>
#include <random>

namespace freshet::journal_format {

const char* const schema = R"(
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE queue (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, next INTEGER NOT NULL, mark INTEGER NOT NULL,
    length INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
CREATE TABLE message (place INTEGER PRIMARY KEY, id BLOB NOT NULL, key BLOB, flags INTEGER NOT NULL, headers BLOB,
    time INTEGER NOT NULL, not_before INTEGER, expires INTEGER, attempt INTEGER NOT NULL, handed INTEGER NOT NULL,
    body BLOB NOT NULL, origin BLOB, sum INTEGER) STRICT;
CREATE INDEX message_expires ON message (place >> 44, expires) WHERE expires IS NOT NULL;
CREATE TABLE accepted (queue INTEGER NOT NULL, id BLOB NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (queue, id)) STRICT,
    WITHOUT ROWID;
CREATE INDEX accepted_until ON accepted (until);
CREATE TABLE dead (number INTEGER PRIMARY KEY AUTOINCREMENT, queue INTEGER NOT NULL, id BLOB NOT NULL, key BLOB,
    flags INTEGER NOT NULL, headers BLOB, time INTEGER NOT NULL, expires INTEGER, attempt INTEGER NOT NULL,
    handed INTEGER NOT NULL, reason TEXT NOT NULL, died INTEGER NOT NULL, body BLOB NOT NULL, origin BLOB, sum INTEGER) STRICT;
CREATE INDEX dead_queue ON dead (queue);
CREATE TABLE result (number INTEGER PRIMARY KEY AUTOINCREMENT, store TEXT NOT NULL, key BLOB NOT NULL, flags INTEGER NOT NULL,
    expires INTEGER, error INTEGER NOT NULL, value BLOB NOT NULL, sum INTEGER, version INTEGER, UNIQUE (store, key)) STRICT;
CREATE INDEX result_expires ON result (expires) WHERE expires IS NOT NULL;
CREATE TABLE suspect (place INTEGER PRIMARY KEY, ends INTEGER NOT NULL) STRICT;
INSERT INTO about VALUES ('opened', '0'), ('closed', '0'), ('unclean', '0'), ('alone', '0');
)";

const char* const count_opening = R"(
BEGIN IMMEDIATE;
INSERT INTO suspect SELECT CAST(value AS INTEGER), 1 FROM about WHERE name = 'alone' AND value <> '0'
    ON CONFLICT (place) DO UPDATE SET ends = ends + 1;
UPDATE about SET value = '0' WHERE name = 'alone';
UPDATE about SET value = CASE WHEN (SELECT value FROM about WHERE name = 'opened') = (SELECT value FROM about WHERE name = 'closed')
    THEN '0' ELSE value + 1 END WHERE name = 'unclean';
DELETE FROM suspect WHERE (SELECT value FROM about WHERE name = 'unclean') = '0';
UPDATE about SET value = value + 1 WHERE name = 'opened';
COMMIT;
)";

namespace {

constexpr const char* to_format_2 = R"(
BEGIN IMMEDIATE;
ALTER TABLE message ADD COLUMN origin BLOB;
ALTER TABLE message ADD COLUMN sum INTEGER;
CREATE INDEX message_expires ON message (place >> 44, expires) WHERE expires IS NOT NULL;
ALTER TABLE dead ADD COLUMN origin BLOB;
ALTER TABLE dead ADD COLUMN sum INTEGER;
ALTER TABLE result ADD COLUMN sum INTEGER;
CREATE TABLE suspect (place INTEGER PRIMARY KEY, ends INTEGER NOT NULL) STRICT;
INSERT INTO about VALUES ('opened', '0'), ('closed', '0'), ('unclean', '0'), ('alone', '0');
PRAGMA user_version = 2;
COMMIT;
)";

constexpr const char* to_format_3 = R"(
BEGIN IMMEDIATE;
ALTER TABLE result ADD COLUMN version INTEGER;
PRAGMA user_version = 3;
COMMIT;
)";

}  // namespace

const std::array<const char*, version - 1> upgrades{to_format_2, to_format_3};

namespace {

void put(std::string& to, std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    for (unsigned shift = 0; shift < 32; shift += 8) to.push_back(static_cast<char>(size >> shift & 0xff));
    to.append(text);
}

std::optional<std::string> take(std::string_view& from) {
    if (from.size() < 4) return std::nullopt;
    std::uint32_t size = 0;
    for (unsigned i = 0; i < 4; ++i) size |= std::uint32_t{static_cast<unsigned char>(from[i])} << 8 * i;
    from.remove_prefix(4);
    if (from.size() < size) return std::nullopt;
    std::string text(from.substr(0, size));
    from.remove_prefix(size);
    return text;
}

/// Each part behind its length, as in encode().
class parts_sum {
public:
    void add(std::string_view part) noexcept {
        add_number(part.size(), 4);
        if (part.empty()) return;  // its null pointer would begin the sum anew
        sum_ = ::crc32_z(sum_, reinterpret_cast<const Bytef*>(part.data()), part.size());
    }
    void add_number(std::uint64_t number, unsigned bytes) noexcept {
        std::array<Bytef, 8> digits{};
        for (unsigned i = 0; i < bytes; ++i) digits[i] = static_cast<Bytef>(number >> 8 * i & 0xff);
        sum_ = ::crc32_z(sum_, digits.data(), bytes);
    }
    std::uint32_t get() const noexcept { return static_cast<std::uint32_t>(sum_); }

private:
    uLong sum_{0};
};

void append_base36(std::string& to, std::uint64_t n) {
    char digits[13];
    std::size_t count = 0;
    do {
        digits[count++] = "0123456789abcdefghijklmnopqrstuvwxyz"[n % 36];
        n /= 36;
    } while (n != 0);
    while (count != 0) to.push_back(digits[--count]);
}

}  // namespace

std::string encode(const headers& h) {
    std::string stored;
    for (const auto& [name, value] : h) {
        put(stored, name);
        put(stored, value);
    }
    return stored;
}

std::optional<headers> decode(std::string_view stored) {
    headers h;
    while (!stored.empty()) {
        auto name = take(stored);
        if (!name) return std::nullopt;
        auto value = take(stored);
        if (!value) return std::nullopt;
        h.emplace_back(std::move(*name), std::move(*value));
    }
    return h;
}

std::uint32_t sum_of(const message& m, std::string_view encoded) noexcept {
    parts_sum sum;
    for (const std::string_view part : {std::string_view(m.id), std::string_view(m.key), encoded,
                                        std::string_view(m.origin), std::string_view(m.body)})
        sum.add(part);
    sum.add_number(m.flags, 4);
    sum.add_number(static_cast<std::uint64_t>(ms_since_1970(m.time)), 8);
    return sum.get();
}

std::uint32_t sum_of(const kept_result& r) noexcept {
    parts_sum sum;
    for (const std::string* const part : {&r.store, &r.key, &r.value}) sum.add(*part);
    sum.add_number(r.flags, 4);
    if (r.version != 0) sum.add_number(r.version, 8);
    return sum.get();
}

std::string make_id(std::string_view journal_tag, std::uint64_t queue_number, std::uint64_t number) {
    std::string id(journal_tag);
    id.push_back('-');
    append_base36(id, queue_number);
    id.push_back('-');
    append_base36(id, number);
    return id;
}

std::string make_tag() {
    std::random_device random;
    std::string tag;
    for (int i = 0; i < 5; ++i) append_base36(tag, random() % 36);
    return tag;
}

}  // namespace freshet::journal_format
