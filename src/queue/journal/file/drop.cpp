// How a queue leaves the journal's file.
#include "queue/journal/file/file.hpp"
#include "queue/journal/file/format.hpp"

#include <spdlog/spdlog.h>
#include <sqlite3.h>

namespace freshet {

bool journal_file::remembers(std::uint64_t queue) {
    sqlite_statement s(database_, "SELECT EXISTS (SELECT 1 FROM accepted WHERE queue = ?1)");
    s.bind(1, static_cast<std::int64_t>(queue));
    return s.step() != SQLITE_ROW || s.number(0) != 0;
}

std::uint64_t journal_file::dropped_through() {
    sqlite_statement s(database_, "SELECT value FROM about WHERE name = 'dropped'");
    const int code = s.step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) check(code);
    return code == SQLITE_ROW ? static_cast<std::uint64_t>(s.number(0)) : 0;
}

void journal_file::note_dropped(std::uint64_t through) {
    sqlite_statement s(database_,
                       "INSERT INTO about VALUES ('dropped', ?1) ON CONFLICT (name) DO UPDATE SET value = "
                       "excluded.value");
    s.bind(1, static_cast<std::int64_t>(through));
    run(s);
}

/// `sql`: with the queue's number as its parameter, and perhaps how many rows at most.
void journal_file::change_queue(const char* sql, std::uint64_t queue, unsigned at_most) {
    sqlite_statement s(database_, sql);
    s.bind(1, static_cast<std::int64_t>(queue));
    if (at_most != 0) s.bind(2, static_cast<std::int64_t>(at_most));
    run(s);
}

void journal_file::remove_queue(std::uint64_t queue, std::uint64_t dropped_through) {
    change_queue("DELETE FROM queue WHERE number = ?1", queue);
    note_dropped(dropped_through);
}

void journal_file::set_aside(std::uint64_t queue, std::uint64_t dropped_through) {
    static_assert(journal_format::aside_mark == ' ');
    change_queue("UPDATE queue SET name = ' ' || number WHERE number = ?1", queue);
    note_dropped(dropped_through);
}

journal_file::swept journal_file::sweep(std::uint64_t queue, unsigned at_once) {
    begin();
    int removed = 0;
    for (const char* const some : {
             "DELETE FROM dead WHERE number IN (SELECT number FROM dead WHERE queue = ?1 LIMIT ?2)",
             "DELETE FROM accepted WHERE queue = ?1 AND id IN (SELECT id FROM accepted WHERE queue = ?1 LIMIT 10 * ?2)",
             "DELETE FROM message WHERE place IN (SELECT place FROM message WHERE place BETWEEN ?1 << 44 AND "
             "?1 << 44 | ((1 << 44) - 1) LIMIT ?2)",
         }) {
        change_queue(some, queue, at_once);
        if (!failed()) removed += database_.changes();
    }
    if (removed == 0) change_queue("DELETE FROM queue WHERE number = ?1", queue);
    switch (commit()) {
        case outcome::done: return removed == 0 ? swept::all : swept::some;
        case outcome::full:
        case outcome::no_memory: return swept::no_room;
        case outcome::broken:
            if (!is_unreadable(error_)) return swept::failed;
            spdlog::error("the journal {}: what a queue that was dropped has left cannot be removed ({})", path_,
                          sentence_);
            error_ = 0;
            return swept::unreadable;
        case outcome::unknown: return swept::failed;
    }
    return swept::failed;
}

}  // namespace freshet
