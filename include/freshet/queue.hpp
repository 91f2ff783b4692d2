// A queue is where messages wait. It is shared: every function may be called from any thread, and answers by giving the
// operation back to its home shard. At least once: what was confirmed is delivered until it is settled.
#pragma once

#include <freshet/error.hpp>
#include <freshet/item.hpp>
#include <freshet/shard.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet {

struct message {
    std::string id;    ///< unique in its queue while it or its result lives; empty: the queue makes one
    std::string key;   ///< messages of one key are handed out in order, one at a time; empty: no order among others
    std::string body;  ///< raw bytes, never wrapped
    std::uint32_t flags{0};  ///< the memcached client's
    std::vector<std::pair<std::string, std::string>> headers;
    wall::time_point time{};        ///< when it was published; set by the queue
    wall::time_point not_before{};  ///< not handed out before; 1970: at once
    wall::time_point expires{};     ///< dead-lettered after; 1970: never
    unsigned attempt{0};            ///< of a delivery: 1 the first time, counted on retry and when a lease ran out
};

/// One message on its way in.
struct publication : operation {
    enum class outcome : std::uint8_t { confirmed, duplicate, failed };

    freshet::message message;
    bool unique{false};  ///< refuse an id that was accepted within `dedupe`: outcome::duplicate
    publication::outcome outcome{outcome::failed};
    failure why{};  ///< of outcome::failed
};

/// A message that was handed out: a lease of ack_timeout, not tied to a connection.
struct delivery {
    freshet::message message;
    std::uint64_t number{0};  ///< names it to settle(); unique in its queue, also over restarts; never 0
    bool redelivered{false};  ///< it may have been handed out before
};

/// Asks for messages.
struct reception : operation {
    std::size_t max{1};          ///< at most so many
    milliseconds wait{0};        ///< until one comes; 0: only what is there now; milliseconds::max(): until cancel()
    bool settle_at_once{false};  ///< acknowledged as they are handed out: at most once
    bool exhausted_too{
        false};  ///< also those with no attempts left (attempt > max_attempts); else they are dead-lettered
    std::vector<delivery> deliveries;  ///< the answer; empty: nothing came
    std::optional<failure> why;        ///< nothing could be received
};

/// A flow's result, kept beside the queue so that a memory store finds it again after a crash.
struct kept_result {
    std::string store;
    std::string key;
    std::string value;
    std::uint32_t flags{0};
    wall::time_point expires{};  ///< 1970: never
    bool error{false};           ///< an error result: never replaces a good one
};

/// What becomes of a delivery.
struct settlement : operation {
    enum class action : std::uint8_t {
        ack,    ///< done: it is gone
        retry,  ///< again after `delay`, in its old place; with no attempts left it is dead-lettered
        dead,   ///< to the dead letters, with `reason`
        renew,  ///< the lease begins anew
    };
    enum class outcome : std::uint8_t { done, unknown, failed };  ///< unknown: no such delivery (settled already)

    settlement::action action{action::ack};
    std::uint64_t number{0};
    milliseconds delay{0};
    std::string reason;
    std::optional<kept_result> keep;  ///< ack, dead: written in the same transaction; left as it is
    settlement::outcome outcome{outcome::failed};
    failure why{};
};

struct queue_options {
    unsigned max_attempts{5};         ///< deliveries of one message; 0: no limit
    milliseconds backoff_min{1'000};  ///< the first retry's delay, doubled each time
    milliseconds backoff_max{300'000};
    milliseconds ack_timeout{60'000};      ///< the lease of a delivery
    milliseconds dedupe{600'000};          ///< how long `unique` remembers an id
    std::uint64_t length_max{10'000'000};  ///< messages that wait or are leased; more are refused: queue_full
    std::uint64_t bytes_max{std::uint64_t{8}
                            << 30};    ///< of their bodies, ids and keys; more are refused: queue_bytes_full
    milliseconds confirm_within{300};  ///< a client is answered maybe_done after so long
    bool ordered{false};               ///< one delivery at a time in the whole queue
    bool expire{false};                ///< a client's exptime expires the message
};

class queue {
public:
    virtual ~queue() = default;
    virtual const std::string& name() const noexcept = 0;   ///< for people: "queue thumbs" in sentences is made of it
    virtual const std::string& label() const noexcept = 0;  ///< "queue thumbs": the subject of a failure
    virtual const queue_options& options() const noexcept = 0;
    virtual std::uint64_t ready() const noexcept = 0;   ///< about how many could be handed out now
    virtual std::uint64_t length() const noexcept = 0;  ///< about how many are not settled

    /// Lends a chain (linked by next, last.next = nullptr); each publication comes home by itself.
    virtual void publish(publication& first, publication& last) noexcept = 0;
    void publish(publication& one) noexcept {
        one.next = nullptr;
        publish(one, one);
    }
    virtual void receive(reception& r) noexcept = 0;
    /// The reception comes home soon, with what it has or empty. Harmless when it is on its way already.
    virtual void cancel(reception& r) noexcept = 0;
    virtual void settle(settlement& s) noexcept = 0;
};

struct dead_letter {
    std::string queue;
    std::uint64_t number{0};
    freshet::message message;
    std::string reason;
    wall::time_point died{};
};

/// Reads and moves dead letters.
struct dead_request : operation {
    enum class action : std::uint8_t { list, replay, drop };
    dead_request::action action{action::list};
    std::string queue;                   ///< empty: of all queues
    std::vector<std::uint64_t> numbers;  ///< empty: all
    std::size_t max{100};                ///< list: at most so many, oldest first
    std::vector<dead_letter> letters;    ///< list: the answer
    std::uint64_t count{0};              ///< how many there are (list) or were moved
    std::optional<failure> why;
};

struct journal_options {
    std::string path;               ///< of the file; its folder exists
    bool allow_tmpfs{false};        ///< a file in memory survives no reboot: refused unless allowed
    std::size_t queues_max{1'000};  ///< names that find_or_make() makes
    queue_options defaults{};       ///< of the queues it makes
};

/// A durable file of this process with any number of named queues, one writer thread, and group commit.
class journal {
public:
    virtual ~journal() = default;  ///< stops

    /// The queue of that name with these options, made if it is new. At start-up, before it is used. It lives as long
    /// as the journal.
    virtual queue& open(std::string_view name, const queue_options& options) = 0;
    /// The queue of that name, or null. Any thread.
    virtual queue* find(std::string_view name) noexcept = 0;
    /// The queue of that name, made with the default options if it is new. Any thread.
    virtual boost::system::result<queue*, failure> find_or_make(std::string_view name) = 0;
    /// The results kept for memory stores that have not expired. Once, at start-up.
    virtual std::vector<kept_result> results() = 0;
    virtual void dead_letters(dead_request& r) noexcept = 0;
    virtual std::vector<std::string> names() const = 0;
    /// Gives back all that waits (publications that were not written: not_done, stopping), settles the marks, closes
    /// cleanly. The home shards must still run. Idempotent.
    virtual void stop() = 0;
};

/// Opens or makes the journal; a problem is one whole sentence (locked, damaged, tmpfs, not writable ...).
result<std::unique_ptr<journal>> open_journal(const journal_options& options);

}  // namespace freshet
