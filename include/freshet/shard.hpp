// A shard is a thread with its event loop. What crosses threads is an operation, lent until it comes home.
#pragma once

#include <freshet/error.hpp>
#include <freshet/item.hpp>

#include <atomic>
#include <cstdint>
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
class shard;

/// Something lent to another thread. The borrower gives it back with shard::post(); then home calls finish(), once.
/// The owner keeps it alive, and does not touch what it lent, until finish().
struct operation {
    operation* next{nullptr};
    shard* home{nullptr};
    std::uintptr_t tag{0};  ///< the borrower's own, while it is lent

    virtual void finish() = 0;

protected:
    ~operation() = default;
};

/// An intrusive lock-free stack that is taken whole. Any thread puts, one takes.
class mailbox {
public:
    /// Puts the chain first..last (linked by next, in the order in which they shall be taken).
    /// True: it was empty, so the owner must be woken.
    bool put(operation& first, operation& last) noexcept;
    bool put(operation& one) noexcept { return put(one, one); }
    /// Everything that is there, linked by next, oldest chain first.
    operation* take() noexcept;
    bool empty() const noexcept { return head_.load(std::memory_order_acquire) == nullptr; }

private:
    std::atomic<operation*> head_{nullptr};
};

/// Called about every 20 ms by a shard while it asks for it.
struct ticker {
    ticker* next_ticker{nullptr};
    virtual void tick(steady::time_point now) = 0;

protected:
    ~ticker() = default;
};

class shard {
public:
    explicit shard(std::string name);
    ~shard();
    shard(const shard&) = delete;
    shard& operator=(const shard&) = delete;

    const std::string& name() const noexcept { return name_; }
    boost::asio::io_context& context() noexcept;
    freshet::reactor& reactor() noexcept;
    /// The memory that this shard's sockets are read into. Own thread only.
    freshet::pool& pool() noexcept;

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
    /// run(), and waits until it is done. Not from the shard's own thread.
    void run_and_wait(std::function<void()> work);

    /// The time at the start of this turn. Own thread only.
    steady::time_point now() const noexcept { return now_; }
    /// The ticker is called every 20 ms until it is removed. Own thread only.
    void add(ticker& t);
    void remove(ticker& t) noexcept;

private:
    friend class reactor;
    struct parts;

    std::string name_;
    std::unique_ptr<parts> parts_;
    std::thread thread_;
    std::atomic<std::thread::id> id_{};  ///< written by the thread itself: it may ask before start() has returned
    steady::time_point now_{steady::now()};
};

}  // namespace freshet
