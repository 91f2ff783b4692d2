// What a broker's queue needs of the connection to the broker, and what it is told by it. Back shard only.
#pragma once

#include <freshet/message.hpp>

#include "queue/operations.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace freshet {

/// Where a message goes.
enum class lane : std::uint8_t {
    work,  ///< to whoever works
    dead,  ///< to the dead letters
};

/// Where a message came from, as the broker names it. 0: it is not the broker's any more.
using delivery_tag = std::uint64_t;

/// What came from the broker.
struct arrival {
    freshet::message message;
    std::uint64_t serial{0};  ///< names the message over redeliveries, and over sendings; 0: nothing does
    unsigned sending{1};      ///< which time its publisher has sent it, as it heard of no confirm
    delivery_tag tag{0};
    bool redelivered{false};
};

/// The queue, as its link sees it.
class link_owner {
public:
    /// Messages can come, as there is room for them.
    virtual void connected() = 0;
    /// Some of what was told before is gone and never arrived. connected() or arrivals_over() follows.
    virtual void history_lost() = 0;
    /// None comes, and nothing can be asked, until connected().
    virtual void disconnected() = 0;
    /// Whether something can be published is known, or has changed, or was tried once more in vain.
    virtual void publishable(bool yes) = 0;
    /// The broker hands all messages out again, perhaps to somebody else: their tags mean nothing any more.
    virtual void revoked() = 0;
    virtual void arrived(arrival&& one) = 0;
    /// All that was taken in at once has arrived.
    virtual void arrivals_over() = 0;
    /// It is the owner's again, with its outcome. arrivals_over() follows, unless it is told within publish().
    virtual void published(publication& p) = 0;
    /// level() was asked: what was ready then has arrived; so many more are ready there than there was room for.
    /// arrivals_over() follows.
    virtual void levelled(std::uint64_t ready) = 0;
    /// ask_for_others() was asked, and others may want messages.
    virtual void others_wait() = 0;

protected:
    ~link_owner() = default;
};

class broker_link {
public:
    virtual ~broker_link() = default;
    virtual void start() = 0;
    /// Only while can_publish(). Takes it until published(), which may be called at once. `reason`: of a dead letter.
    virtual void publish(publication& p, lane to, std::string_view reason) = 0;
    /// Behind one or more calls of publish() and acknowledge().
    virtual void flush() = 0;
    virtual void acknowledge(delivery_tag tag) = 0;
    /// From now on messages are wanted: so many more than until now may be here and not acknowledged; what came before
    /// a pause does not count. A process that only publishes keeps none from others.
    virtual void consume(std::size_t more) = 0;
    /// So many more come now.
    virtual std::size_t room() const noexcept = 0;
    // Two that are asked of no link whose window is fixed:
    /// None is wanted until consume(); what came stays.
    virtual void pause() = 0;
    /// The message goes to whoever wants it.
    virtual void give_back(delivery_tag tag) = 0;
    /// Does anybody else want messages of this queue? If so: others_wait(), now or later.
    virtual void ask_for_others() = 0;
    /// Nobody wants messages now: all that came is the broker's again, and none comes until consume(). Nobody works on
    /// one.
    virtual void rest() = 0;
    /// Asks for levelled(). While disconnected nothing comes of it.
    virtual void level() = 0;
    /// The loss that history_lost() told of last is made up for: it is no news any more, to nobody.
    virtual void history_made_up() {}
    virtual bool is_connected() const noexcept = 0;
    virtual bool can_publish() const noexcept = 0;
    /// What was acknowledged can still be read on the broker, by who looks for it.
    virtual bool keeps_acknowledged() const noexcept { return false; }
    /// Some publication is not told yet.
    virtual bool has_unconfirmed() const noexcept = 0;
    /// Ends the connection: tells published() of all, and nothing any more. Idempotent.
    virtual void stop() = 0;
    /// After stop(): the broker has not said yet that it has all that was acknowledged.
    virtual bool is_leaving() const noexcept { return false; }
    /// Nobody waits for that any longer.
    virtual void cut() {}
};

}  // namespace freshet
