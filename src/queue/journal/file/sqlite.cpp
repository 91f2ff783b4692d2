#include "queue/journal/file/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstring>
#include <iterator>

namespace freshet {

int sqlite_database::open(const std::string& path, bool make) {
    // NOMUTEX: one thread at a time uses it, SQLite needs no lock per call.
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (make ? SQLITE_OPEN_CREATE : 0);
    // Debian's build reads "file:..." as a URI.
    return sqlite3_open_v2(path.starts_with('/') ? path.c_str() : ("./" + path).c_str(), &handle_, flags, nullptr);
}

int sqlite_database::open_unchanged(const std::string& path) {
    std::string uri = path.starts_with('/') ? "file:" : "file:./";
    for (const char c : path) {
        if (c == '%' || c == '?' || c == '#') fmt::format_to(std::back_inserter(uri), "%{:02X}", c);
        else uri += c;
    }
    uri += "?immutable=1";
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    return sqlite3_open_v2(uri.c_str(), &handle_, flags, nullptr);
}

void sqlite_database::close() noexcept { sqlite3_close_v2(std::exchange(handle_, nullptr)); }

int sqlite_database::run(const char* sql) { return sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); }

std::int64_t sqlite_database::ask(const char* sql, std::int64_t otherwise) {
    sqlite_statement question(*this, sql);
    return question && question.step() == SQLITE_ROW ? question.number(0) : otherwise;
}

std::string sqlite_database::ask_text(const char* sql) {
    sqlite_statement question(*this, sql);
    return question && question.step() == SQLITE_ROW ? std::string(question.blob(0)) : std::string();
}

int sqlite_database::move_log(bool& whole) {
    int log = 0, moved = 0;
    const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &log, &moved);
    whole = code == SQLITE_OK && log == moved;
    return code;
}

int sqlite_database::empty_log() {
    return sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

void sqlite_database::keep_log(bool yes) noexcept {
    int how = yes ? 1 : 0;
    sqlite3_file_control(handle_, "main", SQLITE_FCNTL_PERSIST_WAL, &how);
}

int sqlite_database::code() const noexcept { return sqlite3_extended_errcode(handle_); }
int sqlite_database::system_error() const noexcept { return sqlite3_system_errno(handle_); }

std::string sqlite_database::sentence() const {
    std::string text = sqlite3_errmsg(handle_);
    if (const int e = system_error(); e != 0 && (code() & 0xff) != SQLITE_CORRUPT)
        text.append(" (").append(std::strerror(e)).append(")");
    return text;
}

int sqlite_database::changes() const noexcept { return sqlite3_changes(handle_); }
bool sqlite_database::in_transaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }

bool is_unreadable(int code) noexcept { return (code & 0xff) == SQLITE_CORRUPT || code == SQLITE_IOERR_READ; }

sqlite_statement::sqlite_statement(sqlite_database& in, std::string_view sql) {
    sqlite3_prepare_v3(in.handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &handle_,
                       nullptr);
}

sqlite_statement::~sqlite_statement() { sqlite3_finalize(handle_); }

void sqlite_statement::bind(int at, std::int64_t value) { sqlite3_bind_int64(handle_, at, value); }
void sqlite_statement::bind_null(int at) { sqlite3_bind_null(handle_, at); }

void sqlite_statement::bind_blob(int at, std::string_view value) {
    // A null pointer would be NULL, not an empty blob.
    sqlite3_bind_blob(handle_, at, value.data() != nullptr ? value.data() : "", static_cast<int>(value.size()),
                      SQLITE_STATIC);
}

void sqlite_statement::bind_text(int at, std::string_view value) {
    sqlite3_bind_text(handle_, at, value.data() != nullptr ? value.data() : "", static_cast<int>(value.size()),
                      SQLITE_STATIC);
}

void sqlite_statement::bind_row(const sqlite_statement& row) {
    for (int i = 0; i < sqlite3_column_count(row.handle_); ++i)
        sqlite3_bind_value(handle_, i + 1, sqlite3_column_value(row.handle_, i));
}

int sqlite_statement::step() { return sqlite3_step(handle_); }
void sqlite_statement::reset() { sqlite3_reset(handle_); }

int sqlite_statement::run() {
    const int code = sqlite3_step(handle_);
    sqlite3_reset(handle_);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

std::int64_t sqlite_statement::number(int column) const { return sqlite3_column_int64(handle_, column); }

std::string_view sqlite_statement::blob(int column) const {
    const void* const data = sqlite3_column_blob(handle_, column);
    return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

bool sqlite_statement::null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

}  // namespace freshet
