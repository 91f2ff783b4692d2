// A flow's worker: it is given one delivery and says what came of it. One kind per file: exec, http, and
// client/function_worker for functions of a program.
#pragma once

#include <freshet/time.hpp>

#include "queue/operations.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>

namespace freshet {

/// What a call came to.
struct work_result {
    enum class verdict : std::uint8_t { good, retry, dead };
    work_result::verdict verdict{verdict::retry};
    std::string body;             ///< good: the result; else: what the error result says
    std::uint32_t flags{0};       ///< of the result, 0 unless the worker says otherwise
    milliseconds retry_after{0};  ///< 0: the queue's back-off
    bool began{true};             ///< false: nothing of the task can have reached the worker
};

class flow_worker {
public:
    virtual ~flow_worker() = default;
    /// After `limit` the call is ended, verdict retry. `d` lives until it returns. On the back shard.
    virtual boost::asio::awaitable<work_result> call(const delivery& d, std::string_view queue_name,
                                                     milliseconds limit) = 0;
    /// Ends all running calls at once; each returns with verdict retry.
    virtual void abort() = 0;
};

/// What a worker may say at most of its own trouble, in a reason.
inline constexpr std::size_t reason_size_max_bytes = 1'024;

/// Text of a worker as part of a sentence: control characters become blanks, no blanks at either end.
std::string one_line(std::string_view text);

inline work_result work_ended(enum work_result::verdict verdict, std::string reason) {
    work_result r;
    r.verdict = verdict;
    r.body = std::move(reason);
    return r;
}

}  // namespace freshet
