#include "queue/journal/loss/salvage.hpp"

#include "queue/journal/file/format.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <cstdint>
#include <limits>
#include <optional>

namespace freshet {

namespace {

bool is_row_or_end(int code) { return code == SQLITE_ROW || code == SQLITE_DONE; }

constexpr std::string_view columns =
    "place, id, key, flags, headers, time, not_before, expires, attempt, handed, body, origin, sum";

/// The messages of a file, as far as they can be read. From a connection of its own: once one has met a bad page in a
/// transaction it writes nothing more.
class readable_messages {
public:
    explicit readable_messages(sqlite_database& in)
        : next_(in, "SELECT place FROM message WHERE place >= ?1 ORDER BY place LIMIT 1"),
          row_(in, fmt::format("SELECT {} FROM message WHERE place = ?1", columns)) {}

    /// The first place from `place` on. Nothing: there is none. `passed_over`: some could not be read.
    std::optional<std::int64_t> from(std::int64_t place, bool& passed_over) {
        std::optional<std::int64_t> found;
        passed_over = !ask(place, found);
        if (!passed_over) return found;
        std::int64_t bad = place, step = 1;  // double the steps until one is behind the damage, then back to its end
        while (!ask(bad > last - step ? last : bad + step, found)) {
            if (bad > last - step) return std::nullopt;
            bad += step;
            step *= 2;
        }
        for (std::int64_t good = bad > last - step ? last : bad + step; good - bad > 1;) {
            const std::int64_t middle = bad + (good - bad) / 2;
            std::optional<std::int64_t> there;
            if (!ask(middle, there)) {
                bad = middle;
            } else {
                good = middle;
                found = there;
            }
        }
        return found;
    }
    /// False: it cannot be read.
    bool copy(std::int64_t place, sqlite_statement& to) {
        row_.bind(1, place);
        const bool there = row_.step() == SQLITE_ROW;
        if (there) to.bind_row(row_);
        return there;
    }
    void copied() { row_.reset(); }

private:
    static constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();

    bool ask(std::int64_t place, std::optional<std::int64_t>& found) {
        next_.bind(1, place);
        const int code = next_.step();
        if (is_row_or_end(code)) found = code == SQLITE_ROW ? std::optional(next_.number(0)) : std::nullopt;
        next_.reset();
        return is_row_or_end(code);
    }

    sqlite_statement next_, row_;
};

std::string message_table_of_schema() {
    const std::string_view all(journal_format::schema);
    const auto begin = all.find("CREATE TABLE message ");
    return std::string(all.substr(begin, all.find(';', begin) + 1 - begin));
}

}  // namespace

std::string salvage(const std::string& path, sqlite_database& database) {
    if (database.ask("PRAGMA user_version") != journal_format::version)
        return "and it has an older format, of which nothing is put into new pages";
    const auto number = database.ask("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'damaged%'") + 1;
    const std::string old = fmt::format("damaged{}", number);
    sqlite_database file;  // to which nothing is moved meanwhile
    if (file.open_unchanged(path) != SQLITE_OK) return file.sentence();
    const std::string begin =
        fmt::format("BEGIN IMMEDIATE; ALTER TABLE message RENAME TO {}; {} ", old, message_table_of_schema());
    if (database.run(begin.c_str()) != SQLITE_OK) return database.sentence();
    readable_messages messages(file);
    sqlite_statement insert(
        database,
        fmt::format("INSERT INTO message ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                    columns));
    std::uint64_t copied = 0;
    bool passed_over = false;
    for (auto place = messages.from(0, passed_over); place; place = messages.from(*place + 1, passed_over)) {
        if (passed_over) spdlog::error("the journal {}: messages in front of place {} cannot be read", path, *place);
        const bool readable = messages.copy(*place, insert);
        const int code = readable ? insert.run() : SQLITE_OK;
        messages.copied();
        if (code != SQLITE_OK) return database.sentence();
        copied += readable;
        if (!readable) spdlog::error("the journal {}: the message at place {} cannot be read", path, *place);
    }
    if (passed_over) spdlog::error("the journal {}: its last messages cannot be read", path);
    const std::string end = fmt::format(
        "CREATE INDEX message_expires_{} ON message (place >> 44, expires) WHERE expires IS NOT NULL;"
        "UPDATE queue SET length = (SELECT count(*) FROM message WHERE place >> 44 = queue.number),"
        "bytes = (SELECT ifnull(sum(length(id) + ifnull(length(key), 0) + length(body)), 0) FROM message WHERE place "
        ">> 44 = "
        "queue.number); COMMIT;",
        number);
    if (database.run(end.c_str()) != SQLITE_OK) {
        const std::string why = database.sentence();
        if (database.in_transaction()) database.run("ROLLBACK");
        return why;
    }
    spdlog::warn("the journal {}: {} messages could be read; what could not be is in its table {}, for people", path,
                 copied, old);
    return {};
}

}  // namespace freshet
