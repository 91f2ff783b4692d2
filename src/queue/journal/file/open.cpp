#include "queue/journal/file/open.hpp"

#include "base/durable.hpp"
#include "queue/journal/file/format.hpp"
#include "queue/journal/loss/loss.hpp"
#include "queue/journal/loss/mark.hpp"
#include "queue/journal/loss/salvage.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace freshet {

namespace {

constexpr std::int64_t pages_checked_max =
    4'000;  ///< a file of up to 16 MiB is checked whole: it takes no time to speak of

constexpr std::array tables{"about", "queue", "message", "accepted", "dead", "result"};

problem path_problem(const std::string& path, std::string_view why) {
    return {errc::journal_path, effect::not_done, fmt::format("the journal {} cannot be opened: {}", path, why)};
}

problem damage(const std::string& path, std::string_view what,
               std::string_view remedy = "put back a copy, or move it away to begin anew") {
    return {errc::journal_damaged, effect::not_done,
            fmt::format("the journal {} is damaged: {}; {}", path, what, remedy)};
}

// Made under another name and renamed when it is whole and on the disk: a file that has the journal's name is never
// half made.
result<void> make(const std::string& path) {
    const std::string fresh = path + ".new";
    for (const char* const suffix : {"", "-journal", "-wal", "-shm"}) ::unlink((fresh + suffix).c_str());
    // What SQLite makes beside it has its mode.
    if (const int made = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); made >= 0) ::close(made);
    sqlite_database database;
    const std::string about =
        fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}; INSERT INTO about VALUES ('tag', '{}');",
                    journal_format::application_id, journal_format::version, journal_format::make_tag());
    const std::string sql =
        fmt::format("PRAGMA page_size = {}; PRAGMA synchronous = FULL; BEGIN; {}{} COMMIT; PRAGMA journal_mode = WAL;",
                    journal_format::page_bytes, journal_format::schema, about);
    if (database.open(fresh, true) != SQLITE_OK || database.run(sql.c_str()) != SQLITE_OK) {
        const auto sentence = database.sentence();
        database.close();
        ::unlink(fresh.c_str());
        return path_problem(path, fmt::format("it cannot be made, {}", sentence));
    }
    database.close();
    const int code = put_in_place(fresh, path);
    if (code == 0) return {};
    ::unlink(fresh.c_str());
    return path_problem(path, fmt::format("it cannot be made, {}", std::strerror(code)));
}

// Before SQLite touches it: a foreign file stays as it is.
result<void> check_header(const std::string& path) {
    std::array<unsigned char, 100> header{};
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return path_problem(path, std::strerror(errno));
    const auto size = ::pread(descriptor, header.data(), header.size(), 0);
    const int code = errno;
    ::close(descriptor);
    if (size < 0) return path_problem(path, std::strerror(code));
    if (size == 0) return damage(path, "it is empty, which a journal never is");
    if (size < static_cast<ssize_t>(header.size()) || std::memcmp(header.data(), "SQLite format 3", 16) != 0)
        return damage(path, "it is not a journal");
    const auto word = [&header](std::size_t at) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i) value = value << 8 | header[at + i];
        return value;
    };
    if (word(68) != journal_format::application_id)
        return damage(path, "it is an SQLite database of another program", "choose another path");
    if (word(60) > journal_format::version)
        return problem{errc::journal_damaged, effect::not_done,
                       fmt::format("the journal {} has format {}, and this program knows formats up to {}: use the "
                                   "newer program that wrote it",
                                   path, word(60), journal_format::version)};
    return {};
}

/// Without the log. Nothing: it cannot be read so.
std::optional<opening_counts> read_opening_counts(const std::string& path) {
    sqlite_database file;
    if (file.open_unchanged(path) != SQLITE_OK) return std::nullopt;
    const auto ask = [&file](const char* name) {
        return static_cast<std::uint64_t>(
            file.ask(fmt::format("SELECT value FROM about WHERE name = '{}'", name).c_str()));
    };
    const opening_counts counts{ask("opened"), ask("closed")};
    if (file.ask("SELECT count(*) FROM about", -1) < 0) return std::nullopt;
    return counts;
}

/// Such as "journal.db-wal.lost", or with a number behind it.
std::string unused_name(const std::string& wanted) {
    std::error_code ec;
    std::string name = wanted;
    for (int i = 2; std::filesystem::exists(name, ec); ++i) name = fmt::format("{}.{}", wanted, i);
    return name;
}

/// The mark before the log, which grows if somebody else has it.
std::optional<journal_loss> known_loss(const std::string& path) {
    const auto file = read_opening_counts(path);
    const auto mark = read_mark(path);
    return find_loss(file, mark, read_write_ahead_log(path + "-wal", journal_format::page_bytes));
}

problem refused_loss(const std::string& path, const journal_loss& loss) {
    return damage(path, loss.what,
                  loss.log_is_foreign
                      ? fmt::format("put back what belongs together, and delete {}.mark if you did; or go on without "
                                    "what is missing: freshet serve --accept-loss",
                                    path)
                      : "put back a copy, or go on without what is missing: freshet serve --accept-loss");
}

/// What is there for sure: refused if it is less than what was confirmed, unless that is accepted.
result<void> look_for_loss(const std::string& path, bool accept_loss) {
    const std::string log_path = path + "-wal";
    const auto loss = known_loss(path);
    if (!loss) return {};
    if (!accept_loss) return refused_loss(path, *loss);
    spdlog::error("the journal {} is damaged: {}; it goes on without that, as it was told", path, loss->what);
    std::error_code ec;
    if (const auto left = std::filesystem::file_size(log_path, ec); ec || left == 0) return {};
    const std::string aside = unused_name(log_path + ".lost");
    if (loss->log_is_foreign) std::filesystem::rename(log_path, aside, ec);
    else std::filesystem::copy_file(log_path, aside, ec);
    if (ec && loss->log_is_foreign)
        return path_problem(path, fmt::format("{} cannot be moved away, {}", log_path, ec.message()));
    spdlog::error("the journal {}: what is left of its log is {}", path, ec ? "not kept" : "kept as " + aside);
    return {};
}

/// Into the file, and leaves it empty. The mark is told between: whatever ends this here, nothing is missing.
int move_log(const std::string& path, sqlite_database& database) {
    bool whole = false;
    const int code = database.move_log(whole);
    if (whole) mark_moved(path);
    return code == SQLITE_OK ? database.empty_log() : code;
}

/// Counts this opening, in the file itself: from now on a log that is missing is known. False: a full disk does not let
/// it be noted.
result<bool> note_opening(const std::string& path, sqlite_database& database) {
    for (auto format = database.ask("PRAGMA user_version"); format >= 1 && format < journal_format::version; ++format) {
        if (database.run(journal_format::upgrades[static_cast<std::size_t>(format - 1)]) != SQLITE_OK)
            return path_problem(path, fmt::format("it has format {} and cannot be made one of format {}, {}", format,
                                                  format + 1, database.sentence()));
    }
    int code = database.run(journal_format::count_opening);
    const std::string sentence = code == SQLITE_OK ? "" : database.sentence();
    if (database.in_transaction()) database.run("ROLLBACK");
    if (code == SQLITE_OK) code = move_log(path, database);
    if ((code & 0xff) == SQLITE_FULL) return false;
    if (code != SQLITE_OK) return damage(path, sentence.empty() ? database.sentence() : sentence);
    return true;
}

/// What is there before anything is opened.
result<void> check_unopened(const std::string& path) {
    std::error_code ec;
    if (std::filesystem::exists(path, ec)) return check_header(path);
    const bool log = std::filesystem::exists(path + "-wal", ec);
    if (!log && !std::filesystem::exists(path + ".mark", ec)) return {};
    return damage(path, fmt::format("it is missing and its {} is there", log ? "log" : "mark"),
                  fmt::format("put the file back, or move {0}-wal and {0}.mark away to begin anew", path));
}

/// `whole`: all pages are in the file, none in a log.
result<void> check_structure(const std::string& path, sqlite_database& database, bool whole) {
    std::error_code ec;
    const auto size = std::filesystem::file_size(path, ec);
    if (!ec && whole &&
        size < static_cast<std::uintmax_t>(database.ask("PRAGMA page_count") * database.ask("PRAGMA page_size")))
        return damage(path, "its end is missing");
    for (const char* const table : tables) {
        if (database.ask(fmt::format("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '{}'", table)
                             .c_str()) != 1)
            return damage(path, fmt::format("its table {} is missing", table));
    }
    return {};
}

struct damaged_table {
    std::string_view name;
    std::string how;
};

/// Not of what an older salvage has left.
std::optional<damaged_table> find_damage(sqlite_database& database) {
    for (const char* const table : tables) {
        const std::string verdict = database.ask_text(fmt::format("PRAGMA quick_check('{}')", table).c_str());
        if (verdict == "ok") continue;
        std::string how = verdict.empty() ? database.sentence() : verdict;
        std::replace(how.begin(), how.end(), '\n', ' ');
        return damaged_table{table, std::move(how)};
    }
    return std::nullopt;
}

bool is_checked_whole(sqlite_database& database) { return database.ask("PRAGMA page_count") <= pages_checked_max; }

/// Of messages what can be read is all that there is to save; what is beside them says what they mean.
problem refused_damage(const std::string& path, const damaged_table& damaged) {
    if (damaged.name != "message") return damage(path, fmt::format("its table {}, {}", damaged.name, damaged.how));
    return damage(path, damaged.how,
                  "put back a copy, or go on without what cannot be read: freshet serve --accept-loss");
}

result<void> check_content(const std::string& path, sqlite_database& database, bool accept_loss) {
    // After a checkpoint all pages are in the file; fewer means that it was cut.
    int code = move_log(path, database);
    if ((code & 0xff) == SQLITE_FULL) code = SQLITE_OK;  // goes on without: what is there can still be read
    if (code != SQLITE_OK) return damage(path, database.sentence());
    std::error_code ec;
    const auto log = std::filesystem::file_size(path + "-wal", ec);
    if (auto sound = check_structure(path, database, !ec && log == 0); !sound) return sound;
    if (!is_checked_whole(database) && !accept_loss) return {};
    const auto damaged = find_damage(database);
    if (!damaged) return {};
    if (!accept_loss || damaged->name != "message") return refused_damage(path, *damaged);
    spdlog::error("the journal {} is damaged: {}; what can be read is put into new pages", path, damaged->how);
    const std::string wrong = salvage(path, database);
    if (!wrong.empty()) return damage(path, wrong);
    return {};
}

}  // namespace

result<void> check_journal_file(const std::string& path, bool accept_loss) {
    std::error_code ec;
    if (auto sound = check_unopened(path); !sound) return sound;
    if (accept_loss || !std::filesystem::exists(path, ec)) return {};
    if (const auto loss = known_loss(path)) return refused_loss(path, *loss);
    if (std::filesystem::exists(path + "-wal", ec)) return {};
    sqlite_database database;
    if (database.open_unchanged(path) != SQLITE_OK || database.run("SELECT count(*) FROM sqlite_schema;") != SQLITE_OK)
        return damage(path, database.sentence());
    if (auto sound = check_structure(path, database, true); !sound) return sound;
    if (!is_checked_whole(database)) return {};
    if (const auto damaged = find_damage(database)) return refused_damage(path, *damaged);
    return {};
}

result<std::unique_ptr<journal_file>> open_journal_file(const std::string& path, bool accept_loss) {
    if (auto sound = check_unopened(path); !sound) return sound.error();
    std::error_code ec;
    if (!std::filesystem::exists(path, ec)) {
        if (auto made = make(path); !made) return made.error();
    }
    if (auto whole = look_for_loss(path, accept_loss); !whole) return whole.error();
    sqlite_database database;
    const int opened = database.open(path, false);
    if (opened != SQLITE_OK) return path_problem(path, database.sentence());
    // EXCLUSIVE: the index of the log stays in memory, and nobody else comes between. secure_delete is on in Debian's
    // build.
    const int code = database.run(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA "
        "wal_autocheckpoint = 0;"
        "PRAGMA secure_delete = OFF; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF;"
        "SELECT count(*) FROM sqlite_schema;");
    if (code != SQLITE_OK) {
        if ((code & 0xff) == SQLITE_BUSY)
            return problem{errc::journal_locked, effect::not_done,
                           fmt::format("the journal {} is open in another program: close that one", path)};
        return damage(path, database.sentence());
    }
    if (auto sound = check_content(path, database, accept_loss); !sound) return sound.error();
    database.keep_log(true);  // until an end in good order: a missing one is a loss to who opens the file then
    const auto noted = note_opening(path, database);
    if (!noted) return noted.error();
    auto file = std::make_unique<journal_file>(std::move(database), path, *noted);
    if (file->failed()) return damage(path, file->error_sentence());
    return file;
}

}  // namespace freshet
