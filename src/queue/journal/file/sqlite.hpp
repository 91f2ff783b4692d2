// SQLite, thinly: a database handle and prepared statements. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace freshet {

class sqlite_database {
public:
    sqlite_database() = default;
    sqlite_database(sqlite_database&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    sqlite_database& operator=(sqlite_database&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~sqlite_database() { close(); }

    /// The result of sqlite3_open_v2; the handle can be asked for the error.
    int open(const std::string& path, bool make);
    /// To be read, by somebody who changes nothing on the disk, not even beside the file: nobody else has it open, and
    /// it has no log.
    int open_unchanged(const std::string& path);
    void close() noexcept;
    /// SQLITE_OK or an extended error.
    int run(const char* sql);
    /// The first column of the first row, or `otherwise`; an error is in code().
    std::int64_t ask(const char* sql, std::int64_t otherwise = 0);
    std::string ask_text(const char* sql);

    /// Of its log: into the file, which is synced then, as far as it goes (`whole`: nothing is left to move).
    int move_log(bool& whole);
    /// The same, and leaves it empty.
    int empty_log();
    /// close() leaves it where it is, or removes it once it is moved.
    void keep_log(bool yes) noexcept;

    int code() const noexcept;          ///< of the last call that failed, extended
    int system_error() const noexcept;  ///< errno behind it
    std::string sentence() const;       ///< what the last error was, for people
    int changes() const noexcept;
    bool in_transaction() const noexcept;
    sqlite3* handle() const noexcept { return handle_; }

private:
    sqlite3* handle_{nullptr};
};

/// What is asked for is on a damaged page, or on one that the disk does not read.
bool is_unreadable(int code) noexcept;

/// Bound from 1, read from 0. What is bound must live until the step.
class sqlite_statement {
public:
    sqlite_statement() = default;
    sqlite_statement(sqlite_database& in, std::string_view sql);
    sqlite_statement(sqlite_statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    sqlite_statement& operator=(sqlite_statement&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~sqlite_statement();

    explicit operator bool() const noexcept { return handle_ != nullptr; }
    void bind(int at, std::int64_t value);
    void bind_null(int at);
    void bind_blob(int at, std::string_view value);
    void bind_text(int at, std::string_view value);
    /// The columns of another one's row, from 1.
    void bind_row(const sqlite_statement& row);
    int step();  ///< SQLITE_ROW, SQLITE_DONE or an extended error
    void reset();
    /// For a statement without rows: SQLITE_OK or an extended error.
    int run();

    std::int64_t number(int column) const;
    std::string_view blob(int column) const;  ///< until the next step or reset
    bool null(int column) const;

private:
    sqlite3_stmt* handle_{nullptr};
};

}  // namespace freshet
