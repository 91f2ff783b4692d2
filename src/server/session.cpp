#include "server/session.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace freshet {

namespace {
constexpr std::size_t input_step_bytes = std::size_t{16} << 10;
constexpr std::size_t arena_kept_bytes = std::size_t{2} << 20;
}  // namespace

session::session(front& home, int descriptor)
    : front_(home), descriptor_(descriptor), parser_(home.server.config.item_size_max_bytes), next_(home.sessions) {
    if (next_ != nullptr) next_->previous_ = this;
    home.sessions = this;
    front_figures::add(home.figures.accepted, 1);
    home.reactor.add(*this, descriptor);
}

session::~session() {
    if (!closed_) ::close(descriptor_);
}

void session::close() {
    if (closed_) return;
    closed_ = true;
    client_.gone = true;
    front_.reactor.remove(descriptor_);
    ::close(descriptor_);
    if (arena_begin_ != arena_end_) --front_.arena_users;
    arena_begin_ = arena_end_ = 0;
    (previous_ != nullptr ? previous_->next_ : front_.sessions) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    input_.release();
    unsent_.release();
    unsent_at_ = 0;
    count_held();
    front_.server.leave();
    if (unanswered_ == 0 && !processing_) drain();
}

void session::finish() {
    ending_ = true;
    settle();
}

void session::readable() {
    ssize_t n;
    const std::size_t kept = input_.size();
    if (kept == 0) {
        n = ::recv(descriptor_, front_.read_buffer.data(), front_.read_buffer.size(), 0);
    } else {
        // A value larger than what has come is received straight into a buffer of its size.
        const std::size_t missing = parser_.wanted() > kept ? parser_.wanted() - kept : 0;
        const std::size_t room = std::max(missing, input_step_bytes);
        n = ::recv(descriptor_, input_.prepare(room), room, 0);
    }
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR) close();
        return;
    }
    if (n == 0) {
        ending_ = true;
        settle();
        return;
    }
    front_figures::add(front_.figures.bytes_read, static_cast<std::uint64_t>(n));
    if (kept != 0) {
        input_.commit(static_cast<std::size_t>(n));
        process_kept();
    } else {
        std::string_view input(front_.read_buffer.data(), static_cast<std::size_t>(n));
        process(input);
        if (!closed_ && !ending_ && !input.empty()) {
            input_.prepare(std::max(input.size(), parser_.wanted()));
            input_.append(input);
        }
    }
    settle();
}

void session::process_kept() {
    std::string_view input = input_.view();
    process(input);
    if (closed_) return;
    if (input.empty() || ending_) input_.release();
    else input_.consume(input_.size() - input.size());
}

void session::process(std::string_view& input) {
    processing_ = true;
    session_call* c = nullptr;
    while (!ending_ && !closed_ && input.size() >= parser_.wanted()) {
        if (over_limits()) break;
        if (c == nullptr) c = front_.take_call();
        switch (parser_.next(input, c->request, c->form)) {
            case request_parser::status::more:
                processing_ = false;
                front_.give_back(c);
                return;
            case request_parser::status::call:
                submit(c);
                if (!c->answered || first_ != nullptr) {
                    queue_up(c);
                    c = nullptr;
                } else {
                    bytes& to = out();
                    render(c->request, c->form, c->reply, to);
                    written(to);
                }
                break;
            case request_parser::status::local: answer_locally(c); break;
            case request_parser::status::error:
                if (!c->form.noreply) say(parser_.text());
                break;
            case request_parser::status::closing:
                say(parser_.text());
                ending_ = true;
                break;
            case request_parser::status::nothing: break;
        }
        if (front_.arena.size() > front::arena_flush_bytes) front_.reactor.flush();
    }
    if (c != nullptr) front_.give_back(c);
    processing_ = false;
}

void session::submit(session_call* c) {
    c->reply.reset();
    c->home = &front_.home;
    c->client = &client_;
    c->now = front_.home.now();
    c->scratch = nullptr;
    c->answered = false;
    submitting_ = c;
    ++unanswered_;
    start(*front_.routes, *c, *this);
    submitting_ = nullptr;
}

bool session::on_reply(call& c) {
    auto& mine = static_cast<session_call&>(c);
    mine.answered = true;
    --unanswered_;
    if (submitting_ == &mine) return true;
    if (!processing_) {
        drain();
        settle();
    }
    return false;  // the call may be somebody else's by now
}

/// Behind those that are not answered yet.
void session::queue_up(session_call* c) {
    c->keep_key();
    c->behind = nullptr;
    (last_ != nullptr ? last_->behind : first_) = c;
    last_ = c;
    ++pending_;
}

/// Says what is answered, up to the first call that is not.
void session::drain() {
    while (first_ != nullptr && first_->answered) {
        session_call* const c = first_;
        first_ = c->behind;
        if (first_ == nullptr) last_ = nullptr;
        --pending_;
        if (!closed_) {
            bytes& to = out();
            render(c->request, c->form, c->reply, to);
            written(to);
        }
        front_.give_back(c);
    }
    if (closed_ && unanswered_ == 0) front_.reactor.bury(this);
}

/// After anything happened: go on with what was kept back, read or stop reading, or close.
void session::settle() {
    drain();
    if (closed_) return;
    bool read = reading_;
    if (!reading_ && !ending_ && pending_ <= front::pending_max / 2 && unsent_bytes() <= front::unsent_max_bytes / 2) {
        process_kept();
        drain();
        if (closed_) return;
        read = true;
    }
    if (client_.close_asked) ending_ = true;
    if (ending_ && pending_ == 0 && unsent_bytes() == 0) {
        close();
        return;
    }
    if (ending_ || over_limits()) read = false;
    if (read == reading_) return;
    reading_ = read;
    front_.reactor.watch(*this, descriptor_, reading_, watching_write_);
}

/// Where the next bytes of this session go: the turn's arena, or behind what could not be sent.
bytes& session::out() {
    bytes& arena = front_.arena;
    const bool part = arena_begin_ != arena_end_;
    if (unsent_.size() == 0 && !front_.reactor.flushing()) {
        if (!part) arena_begin_ = arena_end_ = arena.size();
        if (arena_end_ == arena.size()) return arena;
    }
    if (part) {  // somebody else spoke in between
        unsent_.append(arena.view().substr(arena_begin_, arena_end_ - arena_begin_));
        arena_begin_ = arena_end_ = 0;
        --front_.arena_users;
    }
    return unsent_;
}

void session::written(const bytes& to) {
    if (&to == &front_.arena) {
        if (arena_begin_ == arena_end_ && to.size() != arena_end_) ++front_.arena_users;
        arena_end_ = to.size();
    } else {
        count_held();
    }
    if (unsent_bytes() != 0) front_.reactor.dirty_client(*this);
}

void session::count_held() noexcept {
    front_.held_bytes += unsent_.size() - held_;
    held_ = unsent_.size();
}

bool session::send_some(const char* data, std::size_t size, std::size_t& sent) {
    const ssize_t n = ::send(descriptor_, data, size, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        close();
        return false;
    }
    sent = n < 0 ? 0 : static_cast<std::size_t>(n);
    front_figures::add(front_.figures.bytes_written, sent);
    return true;
}

void session::flush() {
    if (closed_) return;
    std::size_t sent = 0;
    if (arena_begin_ != arena_end_) {
        const std::string_view part = front_.arena.view().substr(arena_begin_, arena_end_ - arena_begin_);
        if (!send_some(part.data(), part.size(), sent)) return;
        if (sent != part.size()) unsent_.append(part.substr(sent));
        arena_begin_ = arena_end_ = 0;
        if (--front_.arena_users == 0) {
            front_.arena.clear();
            front_.arena.release(arena_kept_bytes);
        }
    } else if (unsent_.size() != 0) {
        if (!send_some(unsent_.data() + unsent_at_, unsent_.size() - unsent_at_, sent)) return;
        unsent_at_ += sent;
        if (unsent_at_ == unsent_.size()) {
            unsent_.release();
            unsent_at_ = 0;
        }
    }
    count_held();
    const bool more = unsent_.size() != 0;
    if (more != watching_write_) {
        watching_write_ = more;
        front_.reactor.watch(*this, descriptor_, reading_, watching_write_);
    }
    if (!processing_ && (ending_ || !reading_)) settle();
}

void session::say(std::string_view lines) {
    if (lines.empty()) return;
    if (first_ == nullptr) {
        bytes& to = out();
        to.append(lines);
        written(to);
        return;
    }
    session_call* const c = front_.take_call();
    c->request = {};
    c->form.dialect = dialect::classic_line;
    c->form.noreply = false;
    c->reply.reset();
    c->reply.outcome = outcome::text;
    c->reply.value.append(lines);
    c->answered = true;
    queue_up(c);
}

}  // namespace freshet
