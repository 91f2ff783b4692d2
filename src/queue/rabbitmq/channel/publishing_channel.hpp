// The channel that a link publishes on. One that was opened while a quorum queue had no leader refuses all that it is
// given, also once there is one; a new one asks again who leads. What a full queue refuses, it refuses there, too.
#pragma once

#include <freshet/time.hpp>

#include <cstdint>
#include <optional>

namespace freshet {

class rabbitmq_publishing_channel {
public:
    /// What is to be done about a refusal.
    struct move {
        std::uint16_t from, to;  ///< the one is closed, the other is opened
        bool first;              ///< nothing was refused before, on this connection
    };

    std::uint16_t number() const noexcept { return number_; }
    /// A new connection.
    void begin_again() noexcept;
    /// The broker has refused a message. Nothing: it is too early to move again.
    std::optional<move> refused(steady::time_point now);
    /// The broker has closed a channel, as it was asked.
    void closed() noexcept;
    /// The broker has closed the channel by itself. False: there is no other now.
    bool replace() noexcept;

private:
    enum class state : std::uint8_t {
        first,   ///< nothing was refused on this connection
        moving,  ///< the channel that was published on before is being closed
        moved,
    };
    static constexpr std::uint16_t numbers[] = {1, 3};  ///< one at a time: between them is the consumer's

    std::uint16_t other() const noexcept { return number_ == numbers[0] ? numbers[1] : numbers[0]; }

    state state_{state::first};
    std::uint16_t number_{numbers[0]};
    steady::time_point next_move_{};  ///< not before
};

}  // namespace freshet
