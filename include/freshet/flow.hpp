// A flow is what happens afterwards: it takes messages from a queue, calls a program or a URL, and puts what that says
// into a store. Order: call, result, ack. It runs on the back shard.
#pragma once

#include <freshet/queue.hpp>
#include <freshet/store.hpp>

#include <memory>
#include <string>
#include <vector>

namespace freshet {

struct flow_config {
    std::string from;                ///< a queue's name
    std::string url;                 ///< "http://HOST[:PORT]/PATH": POSTed the body; or empty
    std::vector<std::string> exec;   ///< an argv list with an absolute path: stdin -> stdout; or empty
    milliseconds timeout{30'000};    ///< of one call
    unsigned concurrency{1};         ///< calls at a time, 1..1,000
    std::string into;                ///< a store's name; empty: results go nowhere
    std::string key{"result:{id}"};  ///< the result's key; {id}, {key} and {queue} are filled in
    seconds ttl{3'600};              ///< of the result; 0: never expires
    std::size_t result_size_max_bytes{std::size_t{1}
                                      << 20};  ///< a larger result is an error: the store's item_size_max
};

/// What a call came to.
struct call_result {
    enum class verdict : std::uint8_t { good, retry, dead };
    call_result::verdict verdict{verdict::retry};
    std::string body;             ///< good: the result; else: what the error result says
    std::uint32_t flags{0};       ///< of the result, 0 unless the worker says otherwise
    milliseconds retry_after{0};  ///< 0: the queue's back-off
};

/// Counted since the flow was started. Read from any thread.
struct flow_figures {
    std::uint64_t called{0}, good{0}, retried{0}, dead{0};
};

class flow {
public:
    virtual ~flow() = default;
    virtual const flow_config& config() const noexcept = 0;
    virtual void start() = 0;
    /// Receives no more, lets the running calls end until `deadline`, then gives their deliveries back. Waits. Not from
    /// the back shard.
    virtual void stop(steady::time_point deadline) = 0;
    virtual flow_figures figures() const noexcept = 0;
};

/// `keep_results`: `into` lives in this process only, so results are kept in the journal too, under the store's name.
std::unique_ptr<flow> make_flow(shard& back, queue& from, store* into, const flow_config& config, bool keep_results);

}  // namespace freshet
