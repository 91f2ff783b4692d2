// A queue is where messages wait. It is shared: every function may be called from any thread, and answers by giving the
// operation back to its home shard. At least once: what was confirmed is delivered until it is settled.
#pragma once

#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "queue/operations.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace freshet {

/// Figures for people, about as they are now.
struct queue_figures {
    std::uint64_t ready{0};    ///< could be handed out
    std::uint64_t leased{0};   ///< handed out and not settled
    std::uint64_t delayed{0};  ///< wait for their time, or for an earlier one of their key
    wall::time_point
        oldest{};  ///< when the first of those that are ready was published; 1970: it is not known, or there is none
    std::optional<std::uint64_t> dead{};  ///< dead letters; nothing: they are elsewhere
    /// What is confirmed here and not on its broker yet.
    struct waiting {
        std::uint64_t length{0};
        wall::time_point oldest{};  ///< when the first of them was published; 1970: there is none
    };
    std::optional<waiting> outbox{};  ///< nothing: there is none
};

/// Failures come home in the operations: errc, effect, and label() as the subject.
class queue {
public:
    virtual ~queue() = default;
    virtual const std::string& name() const noexcept = 0;   ///< for people: "queue thumbs" in sentences is made of it
    virtual const std::string& label() const noexcept = 0;  ///< "queue thumbs": the subject of a failure
    virtual const queue_options& options() const noexcept = 0;
    virtual std::uint64_t ready() const noexcept = 0;   ///< about how many could be handed out now
    virtual std::uint64_t length() const noexcept = 0;  ///< about how many are not settled
    virtual queue_figures figures() const noexcept {
        const std::uint64_t now = ready();
        return {.ready = now, .leased = std::max(length(), now) - now};
    }

    /// Whoever keeps a pointer to it holds it (queue_ptr): one that clients have made may go while nobody does.
    virtual void hold() noexcept {}
    virtual void let_go() noexcept {}

    /// Lends a chain (linked by next, last.next = nullptr); each publication comes home by itself.
    virtual void publish(publication& first, publication& last) noexcept = 0;
    void publish(publication& one) noexcept {
        one.next = nullptr;
        publish(one, one);
    }
    /// Lends it until there is something to hand out, or its time is over.
    virtual void receive(reception& r) noexcept = 0;
    /// The reception comes home soon, with what it has or empty. Harmless when it is on its way already.
    virtual void cancel(reception& r) noexcept = 0;
    /// Lends it until it is decided; a delivery that is not known (any more) is an outcome, not a failure.
    virtual void settle(settlement& s) noexcept = 0;
};

inline void intrusive_ptr_add_ref(queue* q) noexcept { q->hold(); }
inline void intrusive_ptr_release(queue* q) noexcept { q->let_go(); }
using queue_ptr = boost::intrusive_ptr<queue>;

}  // namespace freshet
