// One client's connection, as those see it that keep something of it between its calls. Own thread of a shard.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace freshet {

/// What somebody keeps of a client; it goes with the client.
class client_slot {
public:
    virtual ~client_slot() = default;
    /// The connection has ended; its calls may still be on their way.
    virtual void client_left() {}
};

/// Each kind of slot is there once, made when it is asked for first. Most clients have none.
class client_slots {
public:
    template <class Slot>
    Slot& of() {
        if (Slot* const there = find<Slot>()) return *there;
        slots_.emplace_back(key<Slot>(), std::make_unique<Slot>());
        return static_cast<Slot&>(*slots_.back().second);
    }
    template <class Slot>
    Slot* find() noexcept {
        for (const auto& [of, slot] : slots_) {
            if (of == key<Slot>()) return static_cast<Slot*>(slot.get());
        }
        return nullptr;
    }

    void client_left() {
        for (const auto& [of, slot] : slots_) slot->client_left();
    }

    bool sent_last{false};  ///< nothing more will come from it

private:
    template <class Slot>
    static const void* key() noexcept {
        static const char one_of_each_kind = 0;
        return &one_of_each_kind;
    }

    std::vector<std::pair<const void*, std::unique_ptr<client_slot>>> slots_;
};

}  // namespace freshet
