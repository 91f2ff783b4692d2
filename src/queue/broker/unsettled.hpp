// The messages of a broker that are here and not settled, and where they came from. Own thread only.
#pragma once

#include <freshet/time.hpp>

#include "queue/broker/link.hpp"
#include "queue/line/message_source.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace freshet {

/// What is to be done with a message that is on its way back from the broker.
struct memo {
    bool settled{false};  ///< nothing but to acknowledge it
    bool aside{false};    ///< nothing at all: it is dead, and can be put nowhere
    unsigned attempts{0};
    wall::time_point not_before{};
};

/// What an arrival is to the messages that are here, or were.
enum class acquaintance : std::uint8_t {
    none,     ///< another message, if only somebody's copy of one: it is handed out
    same,     ///< it is here since before the broker had it back; nothing is to be done
    surplus,  ///< it was sent twice, or is settled: it is acknowledged, and that is all
};

class unsettled_messages final : public message_source {
public:
    struct record {
        stored_message stored;
        std::uint64_t serial{0};
        delivery_tag tag{0};
        std::uint32_t own{0};   ///< the bit of its sending
        std::uint32_t seen{0};  ///< the sendings that have come, with this one
    };

    /// Whoever copies a message copies its serial, too. So a serial alone says nothing: of each sending of each message
    /// one arrival is known again while that is here, and where the bodies differ none. What is remembered of it goes
    /// into the arrival.
    acquaintance meet(arrival& one);
    record& put(std::uint64_t number, arrival&& one);
    record* find(std::uint64_t number);
    void erase(const record& p);
    /// It is settled, and the broker knows. What was sent again and comes late is known for a while.
    void settled(const record& p);
    /// The tags mean nothing any more.
    void untag_all();
    /// What comes again from now on is new, whatever is known of it.
    void forget_serials() noexcept { serials_.clear(), memos_.clear(), memo_order_.clear(); }
    std::size_t size() const noexcept { return records_.size(); }
    std::vector<std::uint64_t> numbers_above(std::uint64_t number) const;
    bool any_untagged() const noexcept { return untagged_ != 0; }

    /// Kept until the message comes back; the oldest are forgotten.
    void remember(const record& p, const memo& m);

    void read(std::uint64_t queue, std::uint64_t after, std::uint64_t upto, std::size_t rows, std::size_t bytes,
              std::deque<stored_message>& to) override;
    std::optional<stored_message> read_one(std::uint64_t queue, std::uint64_t number) override;
    bool failed() const noexcept override { return false; }
    void mark_damaged(std::string_view how) override;

private:
    struct kept_memo {
        memo what;
        std::size_t body;  ///< its hash
    };

    acquaintance meet(arrival& one, record& p);
    record* find_serial(std::uint64_t serial);
    void note_settled(std::uint64_t serial, std::uint32_t seen, std::size_t body);
    bool was_settled(const arrival& one);
    memo recall(const arrival& one);

    std::unordered_map<std::uint64_t, record> records_;
    std::size_t untagged_{0};
    std::unordered_map<std::uint64_t, std::uint64_t> serials_;
    std::unordered_map<std::uint64_t, kept_memo> memos_;
    std::deque<std::uint64_t> memo_order_;
    struct settled_message {
        std::uint64_t serial{0};
        std::uint32_t seen{0};  ///< the sendings that have come
        std::size_t body{0};    ///< its hash
    };
    std::vector<settled_message> settled_ = std::vector<settled_message>(4'096);  ///< each at the place of its serial
};

}  // namespace freshet
