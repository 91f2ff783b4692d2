// One client's connection: bytes to calls, answers to bytes, in order. Own thread only.
#pragma once

#include <freshet/error.hpp>

#include "base/bytes.hpp"
#include "call/call.hpp"
#include "call/client.hpp"
#include "call/step.hpp"
#include "protocol/request_parser.hpp"
#include "server/server_shard.hpp"
#include "server/session_stage.hpp"
#include "shard/intake.hpp"
#include "shard/memory_holders.hpp"
#include "shard/output.hpp"

#include <optional>
#include <utility>

namespace freshet {

class session final : public endpoint, public step, public memory_holder {
public:
    /// Takes the descriptor, a connected non-blocking socket.
    session(server_shard& home, int descriptor);
    ~session() override;

    void readable() override;
    void flush() override {
        goes_on_ = std::exchange(yields_, false);
        advance();
    }
    void dead() override { close(); }
    void sent_last() override;
    bool on_reply(call& c) override;

    /// Reads no more; closes once all is answered and sent.
    void finish();
    /// Closes at once; lives on until its calls are answered, which it asks those who have them to do soon.
    void close();
    session* next() const noexcept { return next_; }
    std::size_t held_bytes() const noexcept { return held_; }
    /// When it sent or took a byte last.
    steady::time_point moved_at() const noexcept { return moved_at_; }

private:
    /// While this lives, what is answered is told later, and the session stays.
    class processing {
    public:
        explicit processing(session& of) noexcept : of_(of), before_(std::exchange(of.processing_, true)) {}
        ~processing() { of_.processing_ = before_; }
        processing(const processing&) = delete;
        processing& operator=(const processing&) = delete;

    private:
        session& of_;
        bool before_;
    };

    void happened(session_event e) noexcept { stage_ = next_stage(stage_, e); }
    bool is_closed() const noexcept { return stage_ == session_stage::closed; }
    bool is_ending() const noexcept { return stage_ == session_stage::ending; }
    void end(session_event why);
    void drop_answers();
    void each_unanswered(void (call::*told)());
    void dispose_if_unused();
    void process();
    void understand();
    void process_kept();
    void begin(session_call* c);
    bool submit(session_call* c);
    bool answer_locally(session_call* c);
    void append_statistics(bytes& to, std::string_view group);
    void say(std::string_view lines);
    void queue_up(session_call* c);
    void advance();
    bool render_answered();
    void tell(const session_call& c);
    bool send_out();
    bool may_go_on() const noexcept;
    void watch(bool read, bool write);
    output& out() noexcept { return unsent_.empty() ? shard_.scratch : unsent_; }
    void count_held();
    /// Who sends a get with very many keys may read nothing before the end of the line.
    bool reads_on() const noexcept {
        return stage_ == session_stage::stalled && parser_.is_in_line() && !client_.sent_last &&
               input_.unread.size() < server_shard::line_max_bytes;
    }
    bool over_limits() const noexcept {
        return pending_ >= server_shard::pending_max ||
               unsent_.size() + answered_bytes_ > server_shard::unsent_max_bytes ||
               (unsent_.size() + pending_ != 0 && shard_.memory.is_tight());
    }

    server_shard& shard_;
    int descriptor_;
    request_parser parser_;
    intake input_;
    output unsent_;        ///< what the socket would not take
    std::size_t held_{0};  ///< as it was counted last
    steady::time_point moved_at_;
    session_call* first_{nullptr};  ///< the line of replies
    session_call* last_{nullptr};
    std::size_t pending_{0};         ///< calls in that line
    std::size_t answered_bytes_{0};  ///< of the answers that stand in it
    std::size_t unanswered_{0};
    session_call* submitting_{nullptr};
    client_slots client_{};
    std::optional<failure> broken_get_{};  ///< of a key of the multi-key get that is being told
    session* next_{nullptr};
    session* previous_{nullptr};
    session_stage stage_{session_stage::reading};
    bool goes_on_{false};     ///< it has yielded: no limit has stopped it
    bool yields_{false};      ///< it goes on when the others have had their turn
    bool processing_{false};  ///< what is answered meanwhile is told at the end
    bool watching_read_{true};
    bool watching_end_{false};
    bool watching_write_{false};
};

}  // namespace freshet
