// What one coroutine waits for until somebody opens it, or for a time; awaited.hpp and store/execute.cpp are made of it.
// Own thread of a shard.
#pragma once

#include <freshet/time.hpp>

#include "shard/shard.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstddef>
#include <tuple>

namespace freshet {

/// Opened by anybody, waited for by one coroutine. open() never resumes it inline: a frame that goes away must not take
/// along whoever is just opening.
class gate {
public:
    explicit gate(shard& home);
    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;

    void open() noexcept;
    bool is_open() const noexcept { return open_; }
    /// Returns once the gate is open, or so late, and closes it again. All its memory is taken here, and none once it
    /// is awaited, which asio would not survive: so wait() is called before what opens the gate is lent, and awaited
    /// after.
    boost::asio::awaitable<void> wait(milliseconds at_most = milliseconds::max());

private:
    using ending = std::tuple<boost::system::error_code>;
    /// For the one wait that there is at a time.
    template <class T>
    struct allocator {
        using value_type = T;
        explicit allocator(gate& g) noexcept : of(&g) {}
        template <class U>
        allocator(const allocator<U>& other) noexcept : of(other.of) {}  // NOLINT: as the standard wants it
        T* allocate(std::size_t n) const {
            static_assert(sizeof(T) <= room_size && alignof(T) <= alignof(std::max_align_t));
            return n == 1 ? reinterpret_cast<T*>(of->room_.data()) : std::allocator<T>().allocate(n);
        }
        void deallocate(T* p, std::size_t n) const noexcept {
            if (n != 1) std::allocator<T>().deallocate(p, n);
        }
        bool operator==(const allocator&) const noexcept = default;
        gate* of;
    };

    boost::asio::awaitable<void> pass(boost::asio::awaitable<ending> timer_ends);

    static constexpr std::size_t room_size = 256;
    alignas(std::max_align_t) std::array<std::byte, room_size> room_;
    boost::asio::steady_timer timer_;
    bool open_{false};
};

}  // namespace freshet
