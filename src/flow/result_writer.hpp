// Where a flow's results go: each is put there until it is there. Own thread of a shard.
#pragma once

#include <freshet/time.hpp>

#include "flow/pauses.hpp"
#include "protocol/reply.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "store/execute.hpp"
#include "store/store.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>

namespace freshet {

class result_writer {
public:
    enum class stored : std::uint8_t {
        done,
        not_needed,  ///< an error, and there is something else
        too_large,
        given_up,  ///< it may be there, or may come
    };

    /// All outlive this. `of`: whose results they are, for the log. `marked`: what is stored is marked as kept in a
    /// journal.
    result_writer(shard& home, store& behind, pauses& rests, std::string of, bool marked)
        : home_(home), behind_(behind), rests_(rests), of_(std::move(of)), marked_(marked) {}

    /// A store that fails is asked again, until give_up(). What is done has its version. An error result takes nothing
    /// else's place; one that is there word for word is written anew, since it may be here and not be told to other
    /// sites.
    boost::asio::awaitable<stored> put(kept_result& what, seconds ttl);
    /// Nobody has deleted or replaced it meanwhile. What has a version is marked: it may have come here as a change.
    boost::asio::awaitable<bool> has(const kept_result& what);
    /// Ends what put() waits for, now that `rests` are over for good.
    void give_up() { writes_.abandon(); }

private:
    boost::asio::awaitable<reply> look(const kept_result& what);
    void say_why_it_waits(const reply& said) const;

    shard& home_;
    store& behind_;
    pauses& rests_;
    std::string of_;
    bool marked_;
    executions writes_;
};

}  // namespace freshet
