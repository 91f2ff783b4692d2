// A request under way.
#pragma once

#include <freshet/time.hpp>

#include "call/client_state.hpp"
#include "call/step.hpp"
#include "protocol/form.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "shard/shard.hpp"

#include <array>
#include <cassert>
#include <cstddef>
#include <cstring>

namespace freshet {

/// A request under way. Whoever makes it owns it from submit to reply; a store borrows it.
struct call {
    freshet::request request;
    freshet::form form;
    freshet::reply reply;
    shard* home{nullptr};
    client_state* client{nullptr};  ///< may be null
    steady::time_point now{};       ///< when it was submitted
    void* scratch{nullptr};         ///< of the store that holds the call

    void push(step& who) noexcept {
        assert(depth_ < steps_.size());
        steps_[depth_++] = &who;
    }
    /// The call is answered: tells the steps, last pushed first. On the home shard only.
    void complete() {
        while (depth_ != 0) {
            if (!steps_[--depth_]->on_reply(*this)) return;
        }
    }
    /// Copies the key into the call, so that it outlives the reader's buffer.
    void keep_key() noexcept {
        if (request.key.empty() || request.key.data() == key_.data()) return;
        std::memcpy(key_.data(), request.key.data(), request.key.size());
        request.key = {key_.data(), request.key.size()};
    }

    /// Fetches it from memory while others are worked on: thousands are under way, and no cache near the core holds
    /// all.
    void prefetch() const noexcept {
        constexpr std::size_t line = 64;
        const char* const begin = reinterpret_cast<const char*>(this);
        for (std::size_t at = 0; at < sizeof(call); at += line) __builtin_prefetch(begin + at, 1);
    }

private:
    std::array<step*, 8> steps_;
    std::size_t depth_{0};
    std::array<char, key_size_max> key_;
};

}  // namespace freshet
