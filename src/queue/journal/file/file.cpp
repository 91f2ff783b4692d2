#include "queue/journal/file/file.hpp"

#include "base/since_1970.hpp"
#include "queue/journal/file/format.hpp"

#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace freshet {

namespace {

constexpr long log_bytes_max = 32L << 20;  ///< then the log is moved into the file
constexpr const char* opened_question = "SELECT value FROM about WHERE name = 'opened'";
constexpr std::uint64_t results_max = 1'000'000;
constexpr std::uint64_t results_bytes_max = std::uint64_t{256} << 20;

constexpr std::string_view message_columns =
    "place, id, key, flags, headers, time, not_before, expires, attempt, handed, body, origin, sum";

bool disk_is_full(int code, int system_error) {
    if ((code & 0xff) == SQLITE_FULL) return true;
    return code == SQLITE_IOERR_WRITE && (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG);
}

bool sync_failed(int code) { return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC; }

void bind_time(sqlite_statement& s, int at, wall::time_point t) {
    if (t == wall::time_point{}) s.bind_null(at);
    else s.bind(at, ms_since_1970(t));
}

void bind_unless_empty(sqlite_statement& s, int at, std::string_view value) {
    if (value.empty()) s.bind_null(at);
    else s.bind_blob(at, value);
}

}  // namespace

journal_file::journal_file(sqlite_database database, std::string path, bool counted)
    : path_(std::move(path)), database_(std::move(database)), reserve_(path_), mark_(path_), place_(path_) {
    const auto prepare = [this](std::string_view sql) { return sqlite_statement(database_, sql); };
    const std::string columns(message_columns);
    begin_ = prepare("BEGIN IMMEDIATE");
    commit_ = prepare("COMMIT");
    rollback_ = prepare("ROLLBACK");
    insert_ =
        prepare("INSERT INTO message (" + columns + ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, ?9, ?10, ?11)");
    remove_ = prepare("DELETE FROM message WHERE place BETWEEN ?1 AND ?2");
    remove_one_ = prepare("DELETE FROM message WHERE place = ?1");
    change_ = prepare("UPDATE message SET attempt = ?2, not_before = ?3, handed = 1 WHERE place = ?1");
    change_handed_ = prepare("UPDATE message SET handed = 1 WHERE place = ?1");
    read_ = prepare("SELECT " + columns + " FROM message WHERE place >= ?1 AND place <= ?2 ORDER BY place");
    read_one_ = prepare("SELECT " + columns + " FROM message WHERE place = ?1");
    write_queue_ = prepare(
        "INSERT INTO queue (number, name, next, mark, length, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT "
        "(number) "
        "DO UPDATE SET next = excluded.next, mark = excluded.mark, length = excluded.length, bytes = excluded.bytes");
    accept_ = prepare(
        "INSERT INTO accepted (queue, id, until) VALUES (?1, ?2, ?3) ON CONFLICT (queue, id) "
        "DO UPDATE SET until = excluded.until WHERE until <= ?4");
    dead_letter_ = prepare(
        "INSERT INTO dead (queue, id, key, flags, headers, time, expires, attempt, handed, reason, died, body, origin, "
        "sum) "
        "SELECT ?2, id, key, flags, headers, time, expires, ?3, ?4, ?5, ?6, body, origin, sum FROM message WHERE place "
        "= ?1");
    keep_ = prepare(
        "INSERT INTO result (store, key, flags, expires, error, value, sum, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
        "?8, ?10) ON "
        "CONFLICT "
        "(store, key) "
        "DO UPDATE SET flags = excluded.flags, expires = excluded.expires, error = excluded.error, value = "
        "excluded.value, sum = excluded.sum, version = excluded.version "
        "WHERE excluded.error = 0 OR result.error = 1 OR result.expires <= ?7 OR ?9 = 1");
    note_alone_ = prepare("UPDATE about SET value = ?1 WHERE name = 'alone'");
    touch_result_ = prepare("UPDATE result SET expires = ?3 WHERE store = ?1 AND key = ?2");
    remove_result_ = prepare("DELETE FROM result WHERE store = ?1 AND key = ?2");
    replay_ = prepare("INSERT INTO message (" + columns +
                      ") SELECT ?2, id, key, flags, headers, time, NULL, NULL, 0, handed, body, origin, sum "
                      "FROM dead WHERE number = ?1");
    drop_ = prepare("DELETE FROM dead WHERE number = ?1");
    for (const sqlite_statement* const s : {&begin_, &commit_, &rollback_, &insert_, &remove_, &remove_one_, &change_,
                                            &change_handed_, &read_, &read_one_, &write_queue_, &accept_, &dead_letter_,
                                            &keep_, &note_alone_, &touch_result_, &remove_result_, &drop_, &replay_}) {
        if (!*s) check(SQLITE_CORRUPT);  // the schema is not ours
    }
    tag_ = database_.ask_text("SELECT value FROM about WHERE name = 'tag'");
    results_.count = static_cast<std::uint64_t>(database_.ask("SELECT count(*) FROM result"));
    results_.bytes = static_cast<std::uint64_t>(database_.ask("SELECT sum(length(key) + length(value)) FROM result"));
    read_suspects();
    reserve_.take();
    if (!counted) mark_.remove();
    else if (!mark_.begin(static_cast<std::uint64_t>(database_.ask(opened_question))))
        spdlog::warn(
            "the journal {} has no mark (PATH.mark cannot be written): a log that loses its end is not noticed", path_);
    const auto committed = [](void* file, sqlite3*, const char*, int pages) {
        static_cast<journal_file*>(file)->committed(pages);
        return SQLITE_OK;
    };
    sqlite3_wal_hook(database_.handle(), committed, this);
}

void journal_file::read_suspects() {
    const std::int64_t ends = database_.ask("SELECT value FROM about WHERE name = 'unclean'");
    suspicious_ = ends >= journal_format::unclean_ends_max;
    if (!suspicious_) return;
    spdlog::warn(
        "the journal {}: the process has ended {} times in a row without closing it: what may have been worked on then "
        "is "
        "handed out one at a time",
        path_, ends);
    sqlite_statement s(database_, "SELECT place FROM suspect WHERE ends >= ?1");
    s.bind(1, journal_format::unclean_ends_max);
    while (s.step() == SQLITE_ROW) fatal_.insert(s.number(0));
}

void journal_file::note_alone(std::int64_t place) {
    if (std::exchange(alone_, place) == place) return;
    note_alone_.bind(1, place);
    run(note_alone_);
}

void journal_file::committed(int log_pages) {
    log_pages_ = log_pages;
    mark_.committed(static_cast<std::uint64_t>(log_pages));
}

void journal_file::check(int code) {
    if (code == SQLITE_OK || error_ != 0) return;
    error_ = code;
    sentence_ = code == database_.code() ? database_.sentence() : sqlite3_errstr(code);
}

void journal_file::mark_damaged(std::string_view how) {
    if (error_ != 0) return;
    error_ = SQLITE_CORRUPT;
    sentence_ = how;
}

bool journal_file::forgive_no_memory() noexcept {
    if ((error_ & 0xff) != SQLITE_NOMEM || database_.in_transaction()) return false;
    error_ = 0;
    return true;
}

void journal_file::run(sqlite_statement& s) {
    if (error_ == 0) check(s.run());
}

void journal_file::begin() { run(begin_); }

void journal_file::insert(std::uint64_t queue, std::uint64_t number, const message& m) {
    insert_.bind(1, journal_format::place(queue, number));
    insert_.bind_blob(2, m.id);
    bind_unless_empty(insert_, 3, m.key);
    insert_.bind(4, m.flags);
    headers_ = journal_format::encode(m.headers);
    bind_unless_empty(insert_, 5, headers_);
    bind_unless_empty(insert_, 10, m.origin);
    insert_.bind(11, journal_format::sum_of(m, headers_));
    insert_.bind(6, ms_since_1970(m.time));
    bind_time(insert_, 7, m.not_before);
    bind_time(insert_, 8, m.expires);
    insert_.bind_blob(9, m.body);
    run(insert_);
}

bool journal_file::accept(std::uint64_t queue, std::string_view id, wall::time_point until, wall::time_point now) {
    accept_.bind(1, static_cast<std::int64_t>(queue));
    accept_.bind_blob(2, id);
    accept_.bind(3, ms_since_1970(until));
    accept_.bind(4, ms_since_1970(now));
    run(accept_);
    return failed() || database_.changes() != 0;
}

void journal_file::remove(std::uint64_t queue, std::uint64_t first, std::uint64_t last) {
    sqlite_statement& s = first == last ? remove_one_ : remove_;  // which does not look at the page behind it
    s.bind(1, journal_format::place(queue, first));
    if (first != last) s.bind(2, journal_format::place(queue, last));
    run(s);
}

void journal_file::change(std::uint64_t queue, std::uint64_t number, unsigned attempt, wall::time_point not_before) {
    change_.bind(1, journal_format::place(queue, number));
    change_.bind(2, attempt);
    bind_time(change_, 3, not_before);
    run(change_);
}

void journal_file::change_handed(std::uint64_t queue, std::uint64_t number) {
    change_handed_.bind(1, journal_format::place(queue, number));
    run(change_handed_);
}

void journal_file::add_dead_letter(std::uint64_t queue, std::uint64_t number, unsigned attempt, bool handed,
                                   std::string_view reason, wall::time_point died) {
    dead_letter_.bind(1, journal_format::place(queue, number));
    dead_letter_.bind(2, static_cast<std::int64_t>(queue));
    dead_letter_.bind(3, attempt);
    dead_letter_.bind(4, handed ? 1 : 0);
    dead_letter_.bind_text(5, reason);
    dead_letter_.bind(6, ms_since_1970(died));
    run(dead_letter_);
    remove(queue, number, number);
}

void journal_file::keep(const kept_result& r, wall::time_point now) {
    keep_.bind_text(1, r.store);
    keep_.bind_blob(2, r.key);
    keep_.bind(3, r.flags);
    bind_time(keep_, 4, r.expires);
    keep_.bind(5, r.error ? 1 : 0);
    keep_.bind_blob(6, r.value);
    keep_.bind(7, ms_since_1970(now));
    keep_.bind(8, journal_format::sum_of(r));
    keep_.bind(9, r.replaces ? 1 : 0);
    keep_.bind(10, static_cast<std::int64_t>(r.version));
    run(keep_);
    ++results_.count;  // at most: one that was replaced counts twice until they are counted again
    results_.bytes += r.key.size() + r.value.size();
    if (results_.count > results_max || results_.bytes > results_bytes_max) bound_results();
}

void journal_file::change_result(std::string_view store, std::string_view key,
                                 std::optional<wall::time_point> expires) {
    sqlite_statement& change = expires ? touch_result_ : remove_result_;
    change.bind_text(1, store);
    change.bind_blob(2, key);
    if (expires) bind_time(change, 3, *expires);
    run(change);
}

void journal_file::bound_results() {
    if (error_ != 0) return;
    const auto count = [this] {
        results_.count = static_cast<std::uint64_t>(database_.ask("SELECT count(*) FROM result"));
        results_.bytes =
            static_cast<std::uint64_t>(database_.ask("SELECT sum(length(key) + length(value)) FROM result"));
    };
    for (count(); results_.count > results_max || results_.bytes > results_bytes_max; count()) {
        check(database_.run(
            "DELETE FROM result WHERE number <= (SELECT min(number) + (max(number) - min(number)) / 8 FROM result)"));
        if (error_ != 0) return;
    }
}

void journal_file::write(const queue_row& row) {
    write_queue_.bind(1, static_cast<std::int64_t>(row.number));
    write_queue_.bind_text(2, row.name);
    write_queue_.bind(3, static_cast<std::int64_t>(row.next));
    write_queue_.bind(4, static_cast<std::int64_t>(row.mark));
    write_queue_.bind(5, static_cast<std::int64_t>(row.length));
    write_queue_.bind(6, static_cast<std::int64_t>(row.bytes));
    run(write_queue_);
}

void journal_file::replay(std::uint64_t dead_number, std::uint64_t queue, std::uint64_t number) {
    replay_.bind(1, static_cast<std::int64_t>(dead_number));
    replay_.bind(2, journal_format::place(queue, number));
    run(replay_);
    drop(dead_number);
}

void journal_file::drop(std::uint64_t dead_number) {
    drop_.bind(1, static_cast<std::int64_t>(dead_number));
    run(drop_);
}

void journal_file::prune(const moment& now) {
    sqlite_statement ids(database_,
                         "DELETE FROM accepted WHERE (queue, id) IN "
                         "(SELECT queue, id FROM accepted WHERE until <= ?1 ORDER BY until LIMIT 1000)");
    sqlite_statement results(database_,
                             "DELETE FROM result WHERE number IN "
                             "(SELECT number FROM result WHERE expires <= ?1 ORDER BY expires LIMIT 1000)");
    ids.bind(1, ms_since_1970(now.paced));
    run(ids);
    results.bind(1, ms_since_1970(now.date));
    run(results);
}

bool journal_file::has_old(const moment& now) {
    sqlite_statement old(database_,
                         "SELECT EXISTS (SELECT 1 FROM accepted WHERE until <= ?1) "
                         "OR EXISTS (SELECT 1 FROM result WHERE expires <= ?2)");
    old.bind(1, ms_since_1970(now.paced));
    old.bind(2, ms_since_1970(now.date));
    return old.step() == SQLITE_ROW && old.number(0) != 0;
}

void journal_file::note_end() {
    if (error_ == 0)
        check(
            database_.run("UPDATE about SET value = (SELECT value FROM about WHERE name = 'opened') WHERE name = "
                          "'closed'"));
    ends_well_ = error_ == 0;
}

journal_file::outcome journal_file::commit() {
    const bool before_commit = error_ != 0;
    run(commit_);
    if (error_ == 0) return outcome::done;
    alone_ = -1;  // whatever was noted of it, it is noted again
    const bool full = disk_is_full(error_, database_.system_error());
    if (database_.in_transaction()) rollback_.run();
    ends_well_ = false;
    if ((full || (before_commit && (error_ & 0xff) == SQLITE_NOMEM)) && !database_.in_transaction()) {
        error_ = 0;
        return full ? outcome::full : outcome::no_memory;
    }
    return before_commit && !sync_failed(error_) ? outcome::broken : outcome::unknown;
}

// What is in the log moves into the file, as far as there is room; then the log begins anew, without what it held on
// the disk.
void journal_file::make_room() {
    reserve_.release();
    empty_log();
}

/// The mark is told before the log is emptied: whatever ends this between, nothing is missing.
void journal_file::empty_log() {
    bool whole = false;
    move_log(whole);
    if (whole) database_.empty_log();
}

/// And tells the mark.
int journal_file::move_log(bool& whole) {
    const int code = database_.move_log(whole);
    if (whole) mark_.moved();
    return code;
}

bool journal_file::take_reserve() {
    if (reserve_.take()) return true;
    empty_log();
    return reserve_.take();
}

std::uint64_t journal_file::free_bytes() {
    return static_cast<std::uint64_t>(database_.ask("PRAGMA freelist_count") * database_.ask("PRAGMA page_size"));
}

bool journal_file::checkpoint_if_long() {
    if (log_pages_ < std::min(log_bytes_max, reserve_.size_bytes() / 2) / journal_format::page_bytes) return true;
    log_pages_ = 0;  // counted anew by the next commit
    bool whole = false;
    const int code = move_log(whole);
    if (code == SQLITE_OK) {
        checkpoint_failed_ = false;
        return true;
    }
    if (!checkpoint_failed_) spdlog::warn("the journal {} cannot be tidied up: {}", path_, database_.sentence());
    checkpoint_failed_ = true;
    if (!sync_failed(code)) return true;
    check(code);
    return false;
}

void journal_file::close() {
    for (sqlite_statement* const s : {&begin_, &commit_, &rollback_, &insert_, &remove_, &remove_one_, &change_,
                                      &change_handed_, &read_, &read_one_, &write_queue_, &accept_, &dead_letter_,
                                      &keep_, &note_alone_, &touch_result_, &remove_result_, &drop_, &replay_})
        *s = sqlite_statement();
    bool whole = false;
    move_log(whole);  // which closing does, too, without telling the mark
    database_.keep_log(!ends_well_);
    database_.close();
    std::error_code ec;
    if (ends_well_ && !std::filesystem::exists(path_ + "-wal", ec)) mark_.remove();
    error_ = SQLITE_MISUSE;
    sentence_ = "it is closed";
}

}  // namespace freshet
