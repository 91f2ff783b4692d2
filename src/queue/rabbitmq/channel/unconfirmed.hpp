// The messages that were sent to the broker and are not confirmed. Back shard only.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "queue/broker/link.hpp"
#include "queue/operations.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace freshet {

class rabbitmq_unconfirmed {
public:
    struct record {
        enum class standing : std::uint8_t {
            sent,
            returned,  ///< no queue took it: its confirm follows, and says nothing of that
            told,      ///< to the owner, out of its turn
        };
        publication* who;
        lane to;
        std::string reason;  ///< of a dead letter
        std::uint64_t serial;
        steady::time_point since;
        unsigned sendings{1};  ///< with the one that is under way
        record::standing standing{standing::sent};
    };

    /// `of_refusal`: what has become of what the broker refuses.
    explicit rabbitmq_unconfirmed(link_owner& owner, effect of_refusal = effect::not_done) noexcept
        : owner_(owner), of_refusal_(of_refusal) {}

    /// All are told.
    bool empty() const noexcept { return open_ == 0; }
    /// It is sent now: the channel counts what it is given.
    void add(publication& p, lane to, std::string_view reason, std::uint64_t serial, steady::time_point since);
    const record& newest() const noexcept { return records_.back(); }
    /// It was not sent.
    void drop_newest();
    /// The broker has it, and with `multiple` all before; or has not taken it, with this reason.
    void confirm(std::uint64_t tag, bool multiple, std::optional<errc> refusal);
    void returned(std::uint64_t serial);
    /// A new channel, which counts from 1: all are sent again, in their order. What `send` gives back false for cannot
    /// be sent there, and is answered so.
    void send_again(const std::function<bool(const record&)>& send);
    /// Answers all.
    void fail_all(errc why);
    /// Answers those that were given before this time. True: there were such.
    bool time_out(steady::time_point before);

private:
    void tell(record& r, std::optional<failure> why);
    void forget_told();

    link_owner& owner_;
    effect of_refusal_;
    std::deque<record> records_{};
    std::size_t open_{0};         ///< that are not told
    std::uint64_t first_tag_{1};  ///< of records_
};

/// Answers one publication. `why`: it failed.
void tell_published(link_owner& owner, publication& p, std::optional<failure> why);

}  // namespace freshet
