// What can go wrong, and whether the thing that was asked for has happened.
//
// A *failure* is not an *answer*: a miss, a value that exists, a condition that does not hold are answers and live in
// reply::outcome. A failure says why nothing could be answered, and whether the effect may have taken place all the
// same.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace freshet {

/// Did it happen? Decided by the innermost party that knows.
enum class effect : std::uint8_t {
    not_done,    ///< nothing has changed; it is safe to try again
    maybe_done,  ///< it may have happened, or may still happen
};

/// Why something failed. Each has one sentence, see explain().
enum class errc {
    busy = 1,           ///< a limit on waiting calls or bytes is reached
    timed_out,          ///< no answer within the deadline
    stopping,           ///< the process is being stopped
    queue_full,         ///< length_max of the queue is reached
    queue_bytes_full,   ///< bytes_max of the queue is reached
    too_many_queues,    ///< queues_max names exist already
    disk_full,          ///< the journal's disk has no room
    journal_stopped,    ///< the journal stopped itself after a write or sync that failed
    journal_locked,     ///< another process has the journal open
    journal_damaged,    ///< the journal's file is not readable as one
    journal_path,       ///< the journal's file or folder cannot be used
    out_of_memory,      ///< no room for the value although others were evicted
    too_large,          ///< the value is larger than item_size_max
    no_worker,          ///< a flow's program or address cannot be used
    wrong_config,       ///< the configuration has mistakes
    refused,            ///< not possible here, and why is in the text
    server_down,        ///< a memcached server failed several times in a row and is left alone for a while
    unreachable,        ///< no connection, or its name does not resolve
    connection_lost,    ///< the connection ended while calls were under way
    wrong_answer,       ///< what came is no answer to what was asked
    too_old,            ///< a memcached that does not know the meta commands
    keeps_no_versions,  ///< a memcached that is too old to keep them, behind a route with publish or a flow with apply
    needs_journal,      ///< only a journal can: a broker does not know which ids it had
    unroutable,         ///< the broker has no queue for it
    broker_refused,     ///< the broker said no; the log has its words
    message_too_large,  ///< for the broker
};

const boost::system::error_category& category() noexcept;
inline boost::system::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), category()}; }

/// One sentence without a full stop, static: "is full", "is busy" ... to stand behind a subject.
std::string_view explain(errc e) noexcept;

std::string_view to_string(effect e) noexcept;  ///< "not_done" or "maybe_done"

/// A failure as a value. `subject` names what failed ("queue thumbs"); it is a view of a name that lives as long as the
/// store or queue that failed.
struct failure {
    errc code{errc::refused};
    freshet::effect effect{freshet::effect::not_done};
    std::string_view subject{};
};

/// A failure outside the hot path: owns its sentence.
struct problem {
    errc code{errc::refused};
    freshet::effect effect{freshet::effect::not_done};
    std::string text;  ///< a whole sentence for a person
};

template <class T>
using result = boost::system::result<T, problem>;

[[noreturn]] void throw_exception_from_error(
    const problem& p, const boost::source_location& where);  ///< std::runtime_error with the sentence

}  // namespace freshet

template <>
struct boost::system::is_error_code_enum<freshet::errc> : std::true_type {};
