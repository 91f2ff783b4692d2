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

    /// Fetches it from memory while others are worked on: thousands are under way, and no cache near the core holds
    /// all.
    void prefetch() const noexcept {
        constexpr std::size_t line = 64;
        const char* const begin = reinterpret_cast<const char*>(this);
        for (std::size_t at = 0; at < sizeof(call); at += line) __builtin_prefetch(begin + at, 1);
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

/// Where a memcached server is. What is written here decides where keys lie, not what a name resolves to.
struct server_address {
    std::string host{};         ///< a name or an address, without brackets; or the path of a Unix socket
    std::uint16_t port{11211};  ///< 0: a Unix socket
    unsigned weight{1};         ///< its share of the keys beside the others' weights (ketama); 0 is 1

    bool is_unix() const noexcept { return port == 0; }
    /// "10.0.0.1:11211", "[::1]:11211" or "unix:/run/memcached.sock"
    std::string name() const;
};

/// Which server a key belongs to.
enum class placement_kind : std::uint8_t {
    ketama,  ///< as libmemcached's weighted ketama: a pool that grows by one server moves few keys
    modula,  ///< as libmemcached without settings; weights mean nothing, and a pool that grows moves nearly all keys
};

/// A pool of memcached servers. One pipelined connection to each from every shard that uses it.
struct memcached_options {
    std::string name{"main"};  ///< for sentences
    std::vector<server_address> servers{};
    placement_kind hash{placement_kind::ketama};
    std::string hash_tag{};              ///< "{}": only what stands between these decides, where both are in the key
    milliseconds timeout{250};           ///< a server's call is answered within it and a tick of 20 ms
    unsigned failures_max{3};            ///< so many failures in a row: the server is left alone
    milliseconds backoff_min{100};       ///< until it is asked again, doubled each time
    milliseconds backoff_max{10'000};    ///< the longest such pause
    milliseconds resolve_every{30'000};  ///< names are looked up again so often
    bool miss_on_error{true};            ///< a get that fails is told as a miss; else as the failure
    std::size_t waiting_max{262'144};    ///< calls under way to one server on one shard
    std::size_t waiting_max_bytes{std::size_t{64} << 20};  ///< of them, what is not sent yet
};

/// Of one shard: made, used and destroyed on it, or while it does not run. It begins to connect at once. A server that
/// fails answers its calls with not_done or maybe_done; destroying the store answers all that wait.
std::unique_ptr<store> make_memcached_store(shard& home, const memcached_options& options);

/// Asks all stores and answers once: flush_all of those of `emptied`, and the sum of what all say of themselves, behind
/// what reply::value holds already. The targets live as long as it does.
std::unique_ptr<store> make_every_store(shard& home, std::vector<store*> all, std::vector<store*> emptied);

}  // namespace freshet
