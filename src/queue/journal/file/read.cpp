#include "queue/journal/file/file.hpp"

#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "base/escape.hpp"
#include "base/since_1970.hpp"
#include "queue/journal/file/format.hpp"
#include "queue/line/queue_line.hpp"
#include "queue/operations.hpp"

#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <algorithm>

namespace freshet {

namespace {
/// A row is 20 bytes or more.
constexpr std::uint64_t messages_on_a_page_max = journal_format::page_bytes / 20;
}  // namespace

// Columns as in message_columns; nearly all messages have nothing in most of them.
void journal_file::read_row(const sqlite_statement& s, stored_message& row) {
    const auto time = [&s](int column) {
        return s.null(column) ? wall::time_point{} : from_ms_since_1970(s.number(column));
    };
    row.number = journal_format::number_of(s.number(0));
    row.message.id = s.blob(1);
    if (!s.null(2)) row.message.key = s.blob(2);
    row.message.flags = static_cast<std::uint32_t>(s.number(3));
    if (!s.null(4)) {
        if (auto h = journal_format::decode(s.blob(4))) row.message.headers = std::move(*h);
        else row.damaged = true;
    }
    row.message.time = from_ms_since_1970(s.number(5));
    row.message.not_before = time(6);
    row.message.expires = time(7);
    row.message.attempt = static_cast<unsigned>(s.number(8));
    row.handed = s.number(9) != 0;
    row.message.body = s.blob(10);
    row.fatal = !fatal_.empty() && fatal_.contains(s.number(0));
    if (!s.null(11)) row.message.origin = s.blob(11);
    if (!s.null(12)) row.damaged |= s.number(12) != journal_format::sum_of(row.message, s.blob(4));
}

void journal_file::read(std::uint64_t queue, std::uint64_t after, std::uint64_t upto, std::size_t rows,
                        std::size_t bytes, std::deque<stored_message>& to) {
    if (error_ != 0) return;
    while (rows != 0 && bytes != 0 && after < upto) {
        const int code = read_some(queue, after, upto, rows, bytes, to);
        if (!is_unreadable(code)) return check(code);
        const auto readable = step_over(queue, after, upto);
        if (!readable) return check(code);
        after = *readable;
    }
}

/// Some rows behind `after`, which is moved ahead with them; the error that ended it, if one did.
int journal_file::read_some(std::uint64_t queue, std::uint64_t& after, std::uint64_t upto, std::size_t& rows,
                            std::size_t& bytes, std::deque<stored_message>& to) {
    read_.bind(1, journal_format::place(queue, after + 1));
    read_.bind(2, journal_format::place(queue, upto));
    int code = SQLITE_ROW;
    for (; rows != 0 && bytes != 0 && (code = read_.step()) == SQLITE_ROW; --rows) {
        read_row(read_, to.emplace_back());
        after = to.back().number;
        bytes -= std::min<std::size_t>(bytes, std::max<std::uint64_t>(queue_line::weight_of(to.back().message), 1));
        if (to.back().damaged) say_damaged(queue, after, after, "is damaged: it goes to the dead letters");
    }
    read_.reset();
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/// The last before a message that can be read, behind the messages of a page that cannot be, or one whose body cannot.
/// Nothing: it is more than a page of messages.
std::optional<std::uint64_t> journal_file::step_over(std::uint64_t queue, std::uint64_t after, std::uint64_t upto) {
    const auto can_read_from = [&](std::uint64_t number) {
        read_.bind(1, journal_format::place(queue, number));
        read_.bind(2, journal_format::place(queue, upto));
        const int code = read_.step();
        read_.reset();
        return code == SQLITE_ROW || code == SQLITE_DONE;
    };
    has_holes_ = true;
    std::uint64_t bad = after + 1, good = upto + 1;
    for (std::uint64_t step = 1; bad + step <= upto; step *= 2) {  // not far beyond the next that is good
        if (can_read_from(bad + step)) {
            good = bad + step;
            break;
        }
        bad += step;
    }
    while (good - bad > 1) {
        const std::uint64_t middle = bad + (good - bad) / 2;
        (can_read_from(middle) ? good : bad) = middle;
    }
    if (good - after > messages_on_a_page_max) return std::nullopt;
    say_damaged(queue, after + 1, good - 1, "cannot be read and left where it is: the page is damaged");
    return good - 1;
}

void journal_file::say_damaged(std::uint64_t queue, std::uint64_t first, std::uint64_t last, std::string_view what) {
    sqlite_statement named(database_, "SELECT name FROM queue WHERE number = ?1");
    named.bind(1, static_cast<std::int64_t>(queue));
    const std::string name(named.step() == SQLITE_ROW ? named.blob(0) : std::string_view());
    if (first == last) spdlog::error("the journal {}: queue {}: message {} {}", path_, name, first, what);
    else spdlog::error("the journal {}: queue {}: messages {} to {} {}", path_, name, first, last, what);
}

std::optional<stored_message> journal_file::read_one(std::uint64_t queue, std::uint64_t number) {
    std::optional<stored_message> found;
    if (error_ != 0) return found;
    read_one_.bind(1, journal_format::place(queue, number));
    const int code = read_one_.step();
    if (code == SQLITE_ROW) read_row(read_one_, found.emplace());
    else if (is_unreadable(code)) has_holes_ = true;
    else if (code != SQLITE_DONE) check(code);
    read_one_.reset();
    return found;
}

std::vector<std::uint64_t> journal_file::expired(std::uint64_t queue, wall::time_point now, std::size_t max) {
    std::vector<std::uint64_t> numbers;
    if (error_ != 0) return numbers;
    sqlite_statement s(database_,
                       "SELECT place FROM message WHERE place >> 44 = ?1 AND expires <= ?2 AND expires IS NOT NULL "
                       "ORDER BY expires LIMIT ?3");
    s.bind(1, static_cast<std::int64_t>(queue));
    s.bind(2, ms_since_1970(now));
    s.bind(3, static_cast<std::int64_t>(max));
    while (s.step() == SQLITE_ROW) numbers.push_back(journal_format::number_of(s.number(0)));
    return numbers;
}

std::vector<queue_row> journal_file::queues() {
    std::vector<queue_row> rows;
    sqlite_statement s(database_, "SELECT number, name, next, mark, length, bytes FROM queue ORDER BY number");
    int code = SQLITE_ERROR;
    while (s && (code = s.step()) == SQLITE_ROW) {
        const auto at = [&s](int column) { return static_cast<std::uint64_t>(s.number(column)); };
        rows.push_back({at(0), std::string(s.blob(1)), at(2), at(3), at(4), at(5)});
    }
    if (code != SQLITE_DONE) check(code);
    return rows;
}

std::uint64_t journal_file::last_number(std::uint64_t queue) {
    sqlite_statement s(database_,
                       "SELECT place FROM message WHERE place BETWEEN ?1 AND ?2 ORDER BY place DESC LIMIT 1");
    s.bind(1, journal_format::place(queue, 0));
    s.bind(2, journal_format::place(queue, journal_format::number_max));
    const int code = s.step();
    if (code == SQLITE_ROW) return journal_format::number_of(s.number(0));
    if (code != SQLITE_DONE) check(code);
    return 0;
}

std::vector<kept_result> journal_file::results(wall::time_point now) {
    std::vector<kept_result> found;
    if (error_ != 0) return found;
    sqlite_statement s(database_,
                       "SELECT store, key, flags, expires, error, value, sum, version FROM result "
                       "WHERE expires IS NULL OR expires > ?1 ORDER BY number");
    s.bind(1, ms_since_1970(now));
    int code = SQLITE_ERROR;
    while ((code = s.step()) == SQLITE_ROW) {
        kept_result& r = found.emplace_back();
        r.store = s.blob(0);
        r.key = s.blob(1);
        r.flags = static_cast<std::uint32_t>(s.number(2));
        r.expires = from_ms_since_1970(s.number(3));
        r.error = s.number(4) != 0;
        r.value = s.blob(5);
        r.version = static_cast<std::uint64_t>(s.number(7));
        if (s.null(6) || s.number(6) == journal_format::sum_of(r)) continue;
        spdlog::error("the journal {}: the result {} is damaged and left out", path_, escaped(r.key));
        found.pop_back();
    }
    if (code != SQLITE_DONE) check(code);
    return found;
}

std::vector<std::uint64_t> journal_file::dead_numbers(std::uint64_t queue, std::uint64_t after, std::size_t max) {
    std::vector<std::uint64_t> numbers;
    sqlite_statement s(
        database_, queue == 0 ? "SELECT number FROM dead WHERE number > ?1 AND ?2 = 0 AND queue NOT IN "
                                "(SELECT number FROM queue WHERE name = ' ' || number) ORDER BY number LIMIT ?3"
                              : "SELECT number FROM dead WHERE number > ?1 AND queue = ?2 ORDER BY number LIMIT ?3");
    s.bind(1, static_cast<std::int64_t>(after));
    s.bind(2, static_cast<std::int64_t>(queue));
    s.bind(3, static_cast<std::int64_t>(max));
    int code = SQLITE_ERROR;
    while ((code = s.step()) == SQLITE_ROW) numbers.push_back(static_cast<std::uint64_t>(s.number(0)));
    if (code != SQLITE_DONE) check(code);
    return numbers;
}

std::optional<stored_dead_letter> journal_file::read_dead(std::uint64_t dead_number) {
    std::optional<stored_dead_letter> found;
    sqlite_statement s(database_,
                       "SELECT queue, id, key, flags, headers, time, expires, attempt, reason, died, body, origin "
                       "FROM dead WHERE number = ?1");
    s.bind(1, static_cast<std::int64_t>(dead_number));
    const int code = s.step();
    if (code == SQLITE_DONE) return found;
    if (code != SQLITE_ROW) {
        check(code);
        return found;
    }
    stored_dead_letter& d = found.emplace();
    d.queue = static_cast<std::uint64_t>(s.number(0));
    d.letter.number = dead_number;
    message& m = d.letter.message;
    m.id = s.blob(1);
    m.key = s.blob(2);
    m.flags = static_cast<std::uint32_t>(s.number(3));
    if (auto h = journal_format::decode(s.blob(4))) m.headers = std::move(*h);  // else it died of them
    m.time = from_ms_since_1970(s.number(5));
    m.expires = from_ms_since_1970(s.number(6));
    m.attempt = static_cast<unsigned>(s.number(7));
    d.letter.reason = s.blob(8);
    d.letter.died = from_ms_since_1970(s.number(9));
    m.body = s.blob(10);
    m.origin = s.blob(11);
    return found;
}

std::uint64_t journal_file::count_dead(std::uint64_t queue) {
    sqlite_statement s(database_, queue == 0
                                      ? "SELECT count(*) FROM dead WHERE ?1 = 0 AND queue NOT IN (SELECT number FROM "
                                        "queue WHERE name = ' ' || number)"
                                      : "SELECT count(*) FROM dead WHERE queue = ?1");
    s.bind(1, static_cast<std::int64_t>(queue));
    if (const int code = s.step(); code != SQLITE_ROW) {
        check(code);
        return 0;
    }
    return static_cast<std::uint64_t>(s.number(0));
}

}  // namespace freshet
