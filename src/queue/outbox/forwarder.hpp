// Moves what waits in a queue of a journal on to where it goes (a broker, a server), all of it in its order: each
// message leaves the journal once it is confirmed there. Back shard only.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "base/now_and_then.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "shard/operation.hpp"
#include "shard/shard.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace freshet {

class forwarder final : private ticker {
public:
    /// Takes a chain of publications, which come home confirmed or failed; later, not within the call.
    using taker = std::function<void(publication& first, publication& last)>;

    /// All outlive it. `box` is a plain queue that nobody else reads; `label` names where its messages go.
    forwarder(shard& back, queue& box, std::string label, taker deliver);
    ~forwarder();
    forwarder(const forwarder&) = delete;
    forwarder& operator=(const forwarder&) = delete;

    void start() { ask(); }
    /// Sends nothing more; what is not confirmed stays in the box.
    void stop();
    /// What was said of that it is held up is over, in another way than that it goes on.
    void forget_what_was_said() { said_.reset(); }
    bool is_sending() const noexcept { return sent_ != 0; }
    /// Nothing is taken where it goes.
    bool is_held_up() const noexcept { return held_up_; }
    /// Nothing that was in the box is with it, or has left the box and is not known to be gone.
    bool has_nothing() const noexcept {
        const bool came = !asked_ && !asking_.deliveries.empty();  // what is asked for is the box's until it comes
        return way_.empty() && leaving_ == 0 && stuck_ == nullptr && !came;
    }
    /// After stop(): nothing has to come home any more.
    bool is_idle() const noexcept { return sent_ == 0 && leaving_ == 0 && !asked_; }
    void tick(steady::time_point now) override;

private:
    struct passage;
    struct departure;
    struct asking final : reception {
        forwarder* owner{nullptr};
        void finish() override { owner->asked_ = false, owner->take_over(); }
    };

    void ask();
    void take_over();
    void take_over(delivery& d);
    void send(std::size_t at_most);
    void send_what_may_go() {
        if (!held_up_ && sent_ < sent_max_) send(sent_max_ - sent_);
    }
    void came_home(passage& p);
    void confirmed();
    void too_large(passage& p);
    void hold_up(errc why);
    void all_are_home(bool taken);
    void probe();
    void find_unsent();
    void go_on();
    void depart();
    void settle(departure& d);
    void settled(departure& d);
    void tick_while_needed();

    shard& back_;
    queue& box_;
    const std::string label_;
    const taker deliver_;
    asking asking_;
    std::size_t taken_over_{0};                 ///< of its deliveries
    std::deque<std::unique_ptr<passage>> way_;  ///< what was taken from the box and has not left, in its order
    std::deque<passage*> unsent_;               ///< of them, in its order
    std::size_t bytes_{0};                      ///< of all of them
    std::size_t sent_{0}, leaving_{0};          ///< lent to the taker, and to the box
    std::size_t sent_max_;                      ///< at a time
    std::size_t confirmed_{0};                  ///< since that was raised
    operation* stuck_{nullptr};                 ///< departures that the box could not write
    bool asked_{false}, stopping_{false}, ticking_{false};
    bool held_up_{false};  ///< some were refused: once all are home the first is tried until that is taken
    bool probing_{false};  ///< it is being tried
    bool pausing_{false};  ///< not before a pause
    now_and_then said_{};  ///< that it is held up
    milliseconds pause_;
    steady::time_point probe_at_{}, look_at_{};  ///< the next try; the next look at what failed in the box
};

}  // namespace freshet
