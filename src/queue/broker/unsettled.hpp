// The messages of a broker that are here and not settled, and where they came from. Own thread only.
#pragma once

#include <freshet/time.hpp>

#include "queue/broker/link.hpp"
#include "queue/line/message_source.hpp"

#include <deque>
#include <unordered_map>

namespace freshet {

/// What is to be done with a message that is on its way back from the broker.
struct memo {
    bool settled{false};  ///< nothing but to acknowledge it
    bool aside{false};    ///< nothing at all: it is dead, and can be put nowhere
    unsigned attempts{0};
    wall::time_point not_before{};
};

class unsettled_messages final : public message_source {
public:
    struct record {
        stored_message stored;
        std::uint64_t serial{0};
        delivery_tag tag{0};
    };

    record& put(std::uint64_t number, arrival&& one);
    record* find(std::uint64_t number);
    /// The number of the message that has this serial; 0: none.
    std::uint64_t find_serial(std::uint64_t serial) const;
    void erase(const record& p);
    /// The tags mean nothing any more.
    void untag_all();
    /// It came again.
    void tag(record& p, delivery_tag tag);
    bool any_untagged() const noexcept { return untagged_ != 0; }

    /// Kept until the message comes back; the oldest are forgotten.
    void remember(std::uint64_t serial, const memo& m);
    /// Forgets it, too. Empty memo: nothing was to be remembered.
    memo recall(std::uint64_t serial);

    void read(std::uint64_t queue, std::uint64_t after, std::uint64_t upto, std::size_t rows, std::size_t bytes,
              std::deque<stored_message>& to) override;
    std::optional<stored_message> read_one(std::uint64_t queue, std::uint64_t number) override;
    bool failed() const noexcept override { return false; }
    void mark_damaged(std::string_view how) override;

private:
    std::unordered_map<std::uint64_t, record> records_;
    std::size_t untagged_{0};
    std::unordered_map<std::uint64_t, std::uint64_t> serials_;
    std::unordered_map<std::uint64_t, memo> memos_;
    std::deque<std::uint64_t> memo_order_;
};

}  // namespace freshet
