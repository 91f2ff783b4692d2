// A store answers calls. A call is a request under way; a step is who is told when it is answered.
// On the path: session -> protocol -> route -> store -> reply. A store knows neither routes nor flows.
#pragma once

#include <freshet/protocol.hpp>
#include <freshet/shard.hpp>

#include <array>
#include <cassert>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace freshet {

struct call;
class queue;

/// Who is told when a call is answered.
class step {
public:
    /// True: the call is answered, go on to the next step. False: it was submitted again, or is kept.
    virtual bool on_reply(call& c) = 0;

protected:
    ~step() = default;
};

/// What belongs to one client's connection and outlives a call.
struct client_state {
    struct open_delivery {
        freshet::queue* queue;
        std::uint64_t number;
    };
    std::vector<open_delivery> open;  ///< deliveries taken with /open, oldest first
    std::size_t opening{0};           ///< /open calls under way: what settles waits for them
    std::size_t held{0};              ///< calls that wait so
    bool gone{false};                 ///< the client has left; whoever waits for its sake may stop
    bool close_asked{false};          ///< close the connection behind the replies (a lost noreply publish)
};

/// A request under way. Whoever makes it owns it from submit to reply; a store borrows it.
struct call {
    freshet::request request;
    freshet::form form;
    freshet::reply reply;
    shard* home{nullptr};
    client_state* client{nullptr};  ///< may be null
    steady::time_point now{};       ///< when it was submitted
    void* scratch{nullptr};         ///< of the store that holds the call

    void push(step& who) noexcept {
        assert(depth_ < steps_.size());
        steps_[depth_++] = &who;
    }
    /// The call is answered: tells the steps, last pushed first. On the home shard only.
    void complete() {
        while (depth_ != 0) {
            if (!steps_[--depth_]->on_reply(*this)) return;
        }
    }
    /// Copies the key into the call, so that it outlives the reader's buffer.
    void keep_key() noexcept {
        if (request.key.empty() || request.key.data() == key_.data()) return;
        std::memcpy(key_.data(), request.key.data(), request.key.size());
        request.key = {key_.data(), request.key.size()};
    }

private:
    std::array<step*, 8> steps_;
    std::size_t depth_{0};
    std::array<char, key_size_max> key_;
};

/// Woken when a key may have got a value. Lent to the store from watch() until finish() or a true unwatch().
struct watcher : operation {
    std::string key;
};

/// Anything that answers a call.
class store {
public:
    virtual ~store() = default;

    /// True: answered now, in c.reply. False: c.complete() runs later, once, on c.home.
    /// Views of the request (but the key) are not read after it returns.
    [[nodiscard]] virtual bool submit(call& c) = 0;

    /// Tells `w` once, by w.home->post(w), when a value is stored under w.key. False: this store cannot.
    virtual bool watch(watcher& w) {
        (void)w;
        return false;
    }
    /// True: `w` is the caller's again and will not be finished. False: finish() is on its way.
    virtual bool unwatch(watcher& w) {
        (void)w;
        return true;
    }
};

/// Submits the call and tells `who` when it is answered, now or later.
inline void start(store& s, call& c, step& who) {
    c.push(who);
    if (s.submit(c)) c.complete();
}

/// One line of statistics, as memcached's "STAT name value".
struct statistic {
    std::string name;
    std::string value;
};

struct memory_options {
    std::size_t size_bytes{std::size_t{64} << 20};          ///< of all it uses: items, index, ghosts
    std::size_t item_size_max_bytes{std::size_t{1} << 20};  ///< as memcached's -I: key, header and value together
};

/// The memory store. submit() always answers now and may be called from any thread.
class memory_store : public store {
public:
    /// Everything goes at once (delay 0), or when `delay` is over.
    virtual void flush_all(steady::time_point now, seconds delay) = 0;
    virtual void add_statistics(std::vector<statistic>& to, std::string_view group, steady::time_point now) = 0;
    virtual void reset_statistics() = 0;
    virtual std::size_t bytes_used() const = 0;
};

std::unique_ptr<memory_store> make_memory_store(const memory_options& options);

}  // namespace freshet
