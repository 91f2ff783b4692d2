#include "server/session.hpp"

#include "protocol/form.hpp"
#include "protocol/render.hpp"
#include "protocol/reply.hpp"
#include "shard/turn_share.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace freshet {

namespace {
constexpr std::size_t scratch_kept_bytes = std::size_t{2} << 20;
constexpr unsigned understood_for_a_look = 16;  ///< commands for a look at the clock
}  // namespace

session::session(server_shard& home, int descriptor)
    : shard_(home),
      descriptor_(descriptor),
      parser_(home.server.config.item_size_max_bytes),
      input_(home.home.pool()),
      moved_at_(home.home.now()),
      next_(home.sessions) {
    home.reactor.add(*this, descriptor);  // which may fail: nothing knows of it yet
    if (next_ != nullptr) next_->previous_ = this;
    home.sessions = this;
    connection_figures::add(home.figures.accepted, 1);
}

session::~session() {
    if (!is_closed()) ::close(descriptor_);
}

void session::close() { end(session_event::socket_failed); }

void session::end(session_event why) {
    if (is_closed()) return;
    happened(why);
    shard_.reactor.remove(*this, descriptor_);
    ::close(descriptor_);
    (previous_ != nullptr ? previous_->next_ : shard_.sessions) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    input_.clear();
    shard_.scratch.clear(scratch_kept_bytes);
    unsent_.clear(0);
    drop_answers();
    count_held();
    shard_.server.leave();
    each_unanswered(&call::abandon);
    client_.client_left();
    dispose_if_unused();
}

/// Nobody reads what stands in the line.
void session::drop_answers() {
    for (session_call* c = first_; c != nullptr; c = c->behind) {
        if (c->answered) c->forget_answer();
    }
    answered_bytes_ = 0;
}

/// What they are told may be their end.
void session::each_unanswered(void (call::*told)()) {
    const processing within(*this);
    for (session_call* c = first_; c != nullptr; c = c->behind) {
        if (!c->answered) (c->*told)();
    }
}

void session::dispose_if_unused() {
    if (!is_closed() || processing_ || unanswered_ != 0) return;
    while (first_ != nullptr) shard_.give_back(std::exchange(first_, first_->behind));
    last_ = nullptr;
    shard_.reactor.dispose(this);
}

void session::finish() {
    happened(session_event::input_over);
    advance();
}

/// What it sent before may stand in the socket still, where the session does not read.
void session::sent_last() {
    if (std::exchange(client_.sent_last, true)) return;
    each_unanswered(&call::client_sent_last);
    advance();
}

void session::readable() {
    const ssize_t n = input_.receive(descriptor_, parser_.wanted());
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR) close();
        return;
    }
    if (n == 0) {
        sent_last();
        if (stage_ != session_stage::stalled) finish();  // else what was kept back comes first
        return;
    }
    moved_at_ = shard_.home.now();
    connection_figures::add(shard_.figures.bytes_read, static_cast<std::uint64_t>(n));
    process_kept();
    advance();
}

/// Goes on with what has been received and is not understood yet.
void session::process_kept() {
    process();
    if (is_closed()) return;
    if (is_ending()) input_.clear();
    else input_.settle(parser_.wanted());
}

void session::process() {
    {
        const processing within(*this);
        understand();
    }
    if (yields_) shard_.reactor.dirty_client(*this);
    if (yields_ || over_limits()) happened(session_event::over_limit);
    dispose_if_unused();
}

/// Commands, one after the other, until there is no whole one any more or no room for its answer.
void session::understand() {
    session_call* c = nullptr;
    bool more = true;
    turn_share share{understood_for_a_look};
    happened(session_event::room_again);
    const std::size_t others = shard_.memory.held_bytes() - input_.kept_bytes();
    parser_.wait_for_values_up_to(shard_.memory.is_tight() ? server_shard::tight_value_max_bytes
                                                           : shard_.memory.max_bytes() - others);
    while (more && stage_ == session_stage::reading && input_.unread.size() >= parser_.wanted() && !over_limits()) {
        if (c == nullptr) c = shard_.take_call();
        switch (parser_.next(input_.unread, c->request, c->wanted)) {
            case request_parser::status::more: more = false; break;
            case request_parser::status::call:
                if (c->request.no_room) shard_.memory.note_refusal();
                begin(c);
                if (!submit(c)) c = nullptr;
                break;
            case request_parser::status::local:
                begin(c);
                if (!answer_locally(c)) c = nullptr;
                break;
            case request_parser::status::error:
                if (!c->wanted.noreply) say(parser_.text());
                break;
            case request_parser::status::closing:
                say(parser_.text());
                happened(session_event::input_over);
                break;
        }
        if (shard_.scratch.size() > server_shard::scratch_max_bytes && !send_out()) break;
        yields_ = more && share.over();
        if (yields_) break;
    }
    if (c != nullptr) shard_.give_back(c);
}

void session::begin(session_call* c) {
    c->reply.reset();
    c->request.source = input_.source();
    c->home = &shard_.home;
    c->client = &client_;
    c->now = shard_.home.now();
    c->answered = false;
}

/// True: the answer is told, the call is free again. False: it stands in the line of replies.
bool session::submit(session_call* c) {
    submitting_ = c;
    ++unanswered_;
    start(*shard_.routes, *c, *this);
    submitting_ = nullptr;
    if (c->answered && first_ == nullptr) {
        tell(*c);
        return true;
    }
    queue_up(c);
    return false;
}

bool session::on_reply(call& c) {
    auto& mine = static_cast<session_call&>(c);
    mine.answered = true;
    --unanswered_;
    if (submitting_ == &mine) return true;
    if (is_closed()) {
        mine.forget_answer();
        dispose_if_unused();
        return false;
    }
    answered_bytes_ += mine.reply.data().size();
    if (first_ == &mine || shard_.memory.is_tight()) shard_.reactor.dirty_client(*this);
    else count_held();
    return false;  // the call may be somebody else's by now
}

void session::queue_up(session_call* c) {
    c->keep_key();
    c->behind = nullptr;
    (last_ != nullptr ? last_->behind : first_) = c;
    last_ = c;
    ++pending_;
    if (c->answered) answered_bytes_ += c->reply.data().size();
}

/// Appends the answer to what is said next.
void session::tell(const session_call& c) {
    output& to = out();
    if (c.reply.close) happened(session_event::input_over);
    if (!c.wanted.single) {  // a key of several: who reads the values of others must see that this one is no miss
        if (c.reply.outcome == outcome::failed && !broken_get_) broken_get_ = c.reply.why;
        if (c.wanted.last && broken_get_) {
            form open = c.wanted;
            open.last = false;
            render(c.request, open, c.reply, to);
            render(*broken_get_, to.text());
            broken_get_.reset();
            return;
        }
    } else if (broken_get_) {
        broken_get_.reset();  // that get ended with an error
    }
    render(c.request, c.wanted, c.reply, to);
}

/// Says what is answered, up to the first call that is not. False: there is more, but what is said must be sent first.
bool session::render_answered() {
    while (first_ != nullptr && first_->answered) {
        if (out().size() > server_shard::scratch_max_bytes) return false;
        session_call* const c = first_;
        first_ = c->behind;
        if (first_ == nullptr) last_ = nullptr;
        --pending_;
        answered_bytes_ -= c->reply.data().size();
        if (first_ != nullptr && first_->behind != nullptr) first_->behind->prefetch();
        tell(*c);
        shard_.give_back(c);
    }
    return true;
}

/// Half of the limits: it does not stop and go on with every command.
bool session::may_go_on() const noexcept {
    return !over_limits() && pending_ <= server_shard::pending_max / 2 &&
           unsent_.size() + answered_bytes_ <= server_shard::unsent_max_bytes / 2;
}

/// After anything happened: says and sends what can be, goes on with what was kept back, reads or stops reading, or
/// closes.
void session::advance() {
    if (processing_ || is_closed()) return;
    for (bool again = true; again;) {
        const bool all = render_answered();
        if (!send_out()) return;
        again = !all && unsent_.empty();
        if (!all || stage_ != session_stage::stalled || yields_) continue;
        if (!(std::exchange(goes_on_, false) ? !over_limits() : may_go_on())) continue;
        process_kept();
        if (is_closed()) return;
        again = true;
    }
    if (over_limits()) happened(session_event::over_limit);
    if (is_ending() && pending_ == 0 && unsent_.empty()) return end(session_event::all_said);
    watch(stage_ == session_stage::reading || reads_on(), !unsent_.empty());
    count_held();
    shard_.relief.relieve();  // which may be its own end
}

void session::watch(bool read, bool write) {
    const bool end = !read && !client_.sent_last;
    if (read == watching_read_ && write == watching_write_ && end == watching_end_) return;
    watching_read_ = read;
    watching_write_ = write;
    watching_end_ = end;
    shard_.reactor.watch(*this, descriptor_, read, write, end);
}

void session::count_held() {
    const std::size_t waiting = is_closed() ? 0 : pending_ * server_shard::waiting_call_bytes;
    const std::size_t now = unsent_.size() + answered_bytes_ + input_.kept_bytes() + waiting;
    if (now != held_) shard_.relief.changed(*this, std::exchange(held_, now), now);
}

/// False: the socket has failed, and the session is closed.
bool session::send_out() {
    output& from = out();
    if (from.empty()) return true;
    std::size_t sent = 0;
    if (!from.send(descriptor_, sent)) {
        close();
        return false;
    }
    if (sent != 0) moved_at_ = shard_.home.now();
    connection_figures::add(shard_.figures.bytes_written, sent);
    if (&from != &unsent_) {
        from.move_to(unsent_);
        from.clear(scratch_kept_bytes);
    } else if (unsent_.empty()) {
        unsent_.clear(0);
    }
    return true;
}

void session::say(std::string_view lines) {
    if (lines.empty()) return;
    if (first_ == nullptr) {
        broken_get_.reset();
        return out().text().append(lines);
    }
    session_call* const c = shard_.take_call();
    c->request = {};
    c->wanted.dialect = dialect::classic_line;
    c->wanted.noreply = false;
    c->wanted.single = true;
    c->reply.reset();
    c->reply.outcome = outcome::text;
    c->reply.value.append(lines);
    c->answered = true;
    queue_up(c);
}

}  // namespace freshet
