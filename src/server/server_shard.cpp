#include "server/server_shard.hpp"

namespace freshet {

namespace {
constexpr std::size_t value_kept_bytes = std::size_t{64} << 10;  ///< memory that an unused call keeps
constexpr std::size_t prefetch_ahead = 2;
}  // namespace

session_call* server_shard::take_call() {
    if (free_calls_.empty()) {
        calls_.push_back(std::make_unique<session_call>());
        free_calls_.reserve(calls_.capacity());
        return calls_.back().get();
    }
    session_call* const c = free_calls_.back();
    free_calls_.pop_back();
    if (free_calls_.size() >= prefetch_ahead) free_calls_[free_calls_.size() - prefetch_ahead]->prefetch();
    return c;
}

void server_shard::give_back(session_call* c) {
    c->reply.value.clear();
    c->reply.lent.reset();
    if (free_calls_.size() > 1) c->reply.value.release(value_kept_bytes);
    c->behind = nullptr;
    c->answered = false;
    free_calls_.push_back(c);
}

}  // namespace freshet
