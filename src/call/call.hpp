// A request under way. Whoever makes a call owns it from submit to reply, and a store borrows it: it is in one
// place at a time, and each submit is answered once. Who has something to ask for a call's sake makes another call,
// which may fly for longer: its answer comes home to its maker, never to a call that is somebody else's by now.
#pragma once

#include <freshet/time.hpp>

#include "call/client.hpp"
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

/// How a program asks that is no client.
inline const freshet::form plain_form{};

struct call {
    static constexpr std::size_t steps_max = 4;  ///< checked where a way is built, see store::steps()

    freshet::request request;
    freshet::reply reply;
    const freshet::form* form{&plain_form};  ///< how the client wants the answer; as the views of the request it is
                                             ///< there until submit() returns
    shard* home{nullptr};
    client_slots* client{nullptr};                           ///< null: no client's, or a call for a call's sake
    call_holder* holder{nullptr};                            ///< set by who has it; null: it cannot be had back
    steady::time_point now{};                                ///< when it was submitted
    steady::time_point deadline{steady::time_point::max()};  ///< of waiting for a value that is not there

    void push(step& who) noexcept {
        assert(depth_ < steps_max);
        steps_[depth_++] = &who;
    }
    /// Whoever pushed last does not want to be told: the call was answered at once.
    void pop() noexcept { --depth_; }
    /// The call is answered: tells the steps, last pushed first. On the home shard only.
    void complete() {
        holder = nullptr;
        while (depth_ != 0) {
            if (!steps_[--depth_]->on_reply(*this)) return;
        }
    }
    /// Nobody wants the answer any more. It comes all the same, now or later.
    void abandon() {
        if (holder != nullptr) holder->abandon(*this);
    }
    /// Nothing more will come from the client. It still reads, or it has left.
    void client_sent_last() {
        if (holder != nullptr) holder->client_sent_last(*this);
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
    std::array<step*, steps_max> steps_;
    std::size_t depth_{0};
    std::array<char, key_size_max> key_;
};

/// A call that has the form of its answer with it.
struct client_call : call {
    client_call() { form = &wanted; }
    client_call(const client_call&) = delete;
    client_call& operator=(const client_call&) = delete;

    /// Of a free one, for free_list.
    std::size_t kept_bytes() const noexcept { return reply.value.capacity(); }
    void release_memory() noexcept { reply.value.release(); }

    freshet::form wanted;
};

}  // namespace freshet
