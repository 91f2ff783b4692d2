// A shard is a thread with its event loop: some serve clients, the back shard runs flows and brokers. What belongs to a
// shard is touched by its thread alone; others hand it operations or functions.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "shard/memory_budget.hpp"
#include "shard/operation.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace boost::asio {
class io_context;
}

namespace freshet {

class pool;
class reactor;

/// Called about every 20 ms by a shard while it asks for it.
struct ticker {
    ticker* next_ticker{nullptr};
    virtual void tick(steady::time_point now) = 0;

protected:
    ~ticker() = default;
};

class shard {
public:
    /// `name`: of the thread, for tools of the system; at most 15 bytes are shown.
    explicit shard(std::string name);
    ~shard();
    shard(const shard&) = delete;
    shard& operator=(const shard&) = delete;

    const std::string& name() const noexcept { return name_; }
    boost::asio::io_context& context() noexcept;
    freshet::reactor& reactor() noexcept;
    /// The memory that this shard's sockets are read into. Own thread only.
    freshet::pool& pool() noexcept;
    /// What is held for clients' sake here; without a limit until one is set.
    memory_budget& memory() noexcept { return memory_; }

    /// Starts the thread.
    void start();
    /// Ends the loop once what is running returns, and joins. Idempotent. Not from the shard's own thread.
    void stop();
    bool is_running() const noexcept { return thread_.joinable(); }
    /// True on the shard's own thread.
    bool here() const noexcept { return std::this_thread::get_id() == id_.load(std::memory_order_relaxed); }

    /// Hands a chain of operations to this shard, from any thread: each is finished here. Never fails, never waits.
    void post(operation& first, operation& last) noexcept;
    void post(operation& one) noexcept {
        one.next = nullptr;
        post(one, one);
    }
    /// Runs a function on the shard, from any thread. Allocates; not for the hot path.
    void run(std::function<void()> work);
    /// run(), and waits until it is done; what it throws is thrown here. Not from the shard's own thread.
    void run_and_wait(std::function<void()> work);

    /// The time at the start of this turn. Own thread only.
    steady::time_point now() const noexcept { return now_; }
    /// The ticker is called every 20 ms until it is removed. Own thread only.
    void add(ticker& t) noexcept;
    void remove(ticker& t) noexcept;

private:
    friend class reactor;
    struct parts;

    std::string name_;
    memory_budget memory_;
    std::unique_ptr<parts> parts_;
    std::thread thread_;
    std::atomic<std::thread::id> id_{};  ///< written by the thread itself: it may ask before start() has returned
    steady::time_point now_{steady::now()};
};

}  // namespace freshet
