// Messages that wait for their time in a journal before they go to the broker: their pauses and the attempts that they
// have used up outlive this process. Back shard only.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>

#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "shard/shard.hpp"

#include <functional>
#include <string>
#include <vector>

namespace freshet {

/// The options of the journal's queue.
queue_options later_options();

class delayed_messages {
public:
    /// What became of a message: null, the journal has it.
    using told = std::function<void(const failure* why)>;
    /// Takes a message whose time has come, until sent().
    using sender = std::function<void(publication&)>;

    /// `tag` marks what the sender gets; `over` is called behind one or more that it got when their time came. The
    /// journal outlives this.
    delayed_messages(shard& back, queue& journal, std::uintptr_t tag, sender send, std::function<void()> over);
    ~delayed_messages();
    delayed_messages(const delayed_messages&) = delete;
    delayed_messages& operator=(const delayed_messages&) = delete;

    void start();
    /// m.not_before: its time. m.attempt: the attempts that are used up.
    void keep(message m, told tell);
    /// The broker has it, or not.
    void sent(publication& p);
    /// What the broker did not take is sent again, and what the journal could not hand out is asked for again.
    void send_again();
    bool any_unsent() const noexcept { return !unsent_.empty() || (!asked_ && asking_.why); }
    /// Some are on their way to the broker. Not those that it did not take.
    bool any_due() const noexcept { return sending_ > unsent_.size() || (asked_ && journal_.ready() != 0); }
    std::uint64_t length() const noexcept { return journal_.length(); }

    /// Begins nothing new.
    void stop();
    /// Nothing of the journal's has to come home any more.
    bool is_idle() const noexcept { return lent_ == 0; }

private:
    struct keeping;
    struct sending;
    struct acknowledgement;
    struct asking final : reception {
        delayed_messages* owner{nullptr};
        void finish() override { owner->due(); }
    };

    void ask();
    void due();
    void settle(sending& s, enum settlement::action what);

    shard& back_;
    queue& journal_;
    const std::uintptr_t tag_;
    const sender send_;
    const std::function<void()> over_;
    asking asking_;
    std::vector<sending*> unsent_;
    std::size_t sending_{0};  ///< that came from the journal and that the broker does not have
    std::size_t lent_{0};
    bool asked_{false}, stopping_{false};
};

}  // namespace freshet
