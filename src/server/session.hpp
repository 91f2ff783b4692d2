// One client's connection: bytes to calls, answers to bytes, in order. Own thread only.
#pragma once

#include "server/front.hpp"

namespace freshet {

class session final : public endpoint, public step {
public:
    /// Takes the descriptor, a connected non-blocking socket.
    session(front& home, int descriptor);
    ~session() override;

    void readable() override;
    void flush() override;
    void dead() override { close(); }
    bool on_reply(call& c) override;

    /// Reads no more; closes once all is answered and sent.
    void finish();
    /// Closes at once; lives on, buried, until its calls are answered.
    void close();
    session* next() const noexcept { return next_; }

private:
    void process(std::string_view& input);
    void process_kept();
    void submit(session_call* c);
    void answer_locally(session_call* c);
    void append_statistics(bytes& to, std::string_view group);
    void say(std::string_view lines);
    void queue_up(session_call* c);
    void drain();
    void settle();
    bytes& out();
    void written(const bytes& to);
    void count_held() noexcept;
    std::size_t unsent_bytes() const noexcept { return unsent_.size() - unsent_at_ + (arena_end_ - arena_begin_); }
    bool over_limits() const noexcept {
        return pending_ >= front::pending_max || unsent_bytes() > front::unsent_max_bytes ||
               (held_ != 0 && front_.held_bytes > front::held_max_bytes);
    }
    bool send_some(const char* data, std::size_t size, std::size_t& sent);

    front& front_;
    int descriptor_;
    request_parser parser_;
    bytes input_;   ///< read, not yet understood
    bytes unsent_;  ///< what the socket would not take, from unsent_at_
    std::size_t unsent_at_{0};
    std::size_t held_{0};  ///< of front::held_bytes
    std::size_t arena_begin_{0}, arena_end_{0};
    session_call* first_{nullptr};  ///< the line of replies
    session_call* last_{nullptr};
    std::size_t pending_{0};  ///< calls in that line
    std::size_t unanswered_{0};
    session_call* submitting_{nullptr};
    client_state client_{};
    session* next_{nullptr};
    session* previous_{nullptr};
    bool processing_{false};
    bool reading_{true};
    bool watching_write_{false};
    bool ending_{false};  ///< no more input is looked at; closes when all is said
    bool closed_{false};
};

}  // namespace freshet
