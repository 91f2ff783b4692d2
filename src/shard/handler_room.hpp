// Memory for what asio keeps of a wait, beside who waits: a wait that cannot begin would be waited for in vain, and
// asio does not survive one in a coroutine. Own thread of a shard.
#pragma once

#include <boost/asio/bind_allocator.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace freshet {

/// For one wait at a time; what there is more comes from the heap. It outlives the wait.
class handler_room {
public:
    handler_room() = default;
    handler_room(const handler_room&) = delete;
    handler_room& operator=(const handler_room&) = delete;

    /// The handler or completion token, with its memory here.
    template <class Handler>
    auto hold(Handler handler) noexcept {
        return boost::asio::bind_allocator(allocator<char>(*this), std::move(handler));
    }

private:
    static constexpr std::size_t size = 256;

    template <class T>
    struct allocator {
        using value_type = T;
        explicit allocator(handler_room& r) noexcept : room(&r) {}
        template <class U>
        allocator(const allocator<U>& other) noexcept : room(other.room) {}  // NOLINT: as the standard wants it
        T* allocate(std::size_t n) const {
            static_assert(sizeof(T) <= size && alignof(T) <= alignof(std::max_align_t));
            if (n != 1 || std::exchange(room->taken_, true)) return std::allocator<T>().allocate(n);
            return reinterpret_cast<T*>(room->bytes_.data());
        }
        void deallocate(T* p, std::size_t n) const noexcept {
            if (reinterpret_cast<std::byte*>(p) == room->bytes_.data()) room->taken_ = false;
            else std::allocator<T>().deallocate(p, n);
        }
        bool operator==(const allocator&) const noexcept = default;
        handler_room* room;
    };

    alignas(std::max_align_t) std::array<std::byte, size> bytes_;
    bool taken_{false};
};

}  // namespace freshet
