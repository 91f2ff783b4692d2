#include "store/pool/connection.hpp"

#include "base/guarded.hpp"
#include "protocol/request.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>

namespace freshet {

namespace {

constexpr std::string_view greeting_text = "mg freshet:probe E1\r\nversion\r\n";
constexpr std::string_view not_told = "the end of a connection to a server is not told to one that waited there";
constexpr std::size_t prefetch_ahead = 3;  ///< calls
constexpr int receive_all_max = 64;        ///< times; of 64 KiB, if it is no large value
constexpr std::size_t out_kept_bytes = std::size_t{1} << 20;
/// In a shard's chunks. Beyond it large values are not taken in: their calls fail.
constexpr std::size_t lent_max_bytes = std::size_t{512} << 20;

/// It changes nothing, whatever became of it.
bool only_reads(const request& r) noexcept {
    return (r.command == command::get && !r.touch && !r.vivify) || r.command == command::inspect ||
           r.command == command::stats;
}

}  // namespace

void answer_failed(call& c, const memcached_options& options, errc why, effect happened, std::string_view subject) {
    c.reply.reset();
    const bool missed = options.miss_on_error && !c.request.no_guess;
    if (c.request.command == command::get && missed) return;  // reset() leaves a miss
    c.reply.fail(why, only_reads(c.request) ? effect::not_done : happened, subject);
}

connection::connection(shard& home, const memcached_options& options, std::string_view subject, connection_owner& owner)
    : home_(home), options_(options), subject_(subject), owner_(owner), begun_(steady::now()), input_(home.pool()) {}

connection::~connection() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void connection::open(const socket_address& to) {
    peer_ = to;
    const int family = to.storage.ss_family;
    descriptor_ = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor_ >= 0 && family != AF_UNIX) {
        const int one = 1;
        ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        ::setsockopt(descriptor_, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    }
    if (descriptor_ < 0 || (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to.storage), to.size) != 0 &&
                            errno != EINPROGRESS)) {
        return cut(errc::unreachable, std::strerror(errno));
    }
    try {
        home_.reactor().add(*this, descriptor_);
    } catch (const std::system_error& why) {
        return cut(errc::unreachable, why.what());
    }
    home_.reactor().watch(*this, descriptor_, true, true);  // it can be written to once it is connected
}

void connection::watch(bool write) {
    if (write == watching_write_) return;
    watching_write_ = write;
    home_.reactor().watch(*this, descriptor_, true, write);
}

bool connection::submit(call& c) {
    if (ring_.size() >= options_.waiting_max || out_.size() >= options_.waiting_max_bytes) {
        answer_failed(c, options_, errc::busy, effect::not_done, subject_);
        return true;
    }
    home_.reactor().dirty_server(*this);
    const std::size_t before = out_.size();
    try {
        const asked_as how = ask_server(c.request, *c.form, out_);
        ring_.push({&c, asked_ + out_.size() - before - (how.fenced ? fence_bytes : 0), how});
    } catch (const std::bad_alloc&) {
        half_asked_ = true;
        answer_failed(c, options_, errc::busy, effect::not_done, subject_);
        return true;
    }
    asked_ += out_.size() - before;
    return false;
}

/// Calls are held until the greeting is answered: a server that knows no meta commands would take the value of a set
/// for commands.
void connection::greet() {
    const std::string_view rest = greeting_text.substr(greeted_);
    const ssize_t n = rest.empty() ? 0 : ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return cut(errc::unreachable, std::strerror(errno));
    if (n > 0) greeted_ += static_cast<std::size_t>(n);
    watch(greeted_ < greeting_text.size());
}

void connection::flush() {
    if (ended_ || descriptor_ < 0) return;
    if (half_asked_) return cut(errc::busy, "there is no memory");
    if (greeting_ != greeting::done) return greet();
    std::size_t sent = 0;
    const bool good = out_.send(descriptor_, sent);
    sent_ += sent;  // something may have been before it failed
    if (!good) {
        const int error = errno;
        receive_all();
        return cut(broken(), std::strerror(error));
    }
    if (out_.empty()) out_.clear(out_kept_bytes);
    watch(!out_.empty());
}

void connection::dead() {
    if (ended_) return;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
    cut(broken(), error != 0 ? std::strerror(error) : "it hung up");
}

void connection::readable() { receive(); }

/// What has come already is told before anybody is told that it did not come.
void connection::receive_all() {
    for (int i = 0; i < receive_all_max && receive(); ++i) {}
}

/// True: something came, and there may be more.
bool connection::receive() {
    if (ended_ || descriptor_ < 0) return false;
    const ssize_t n = input_.receive(descriptor_, reader_.wanted());
    if (n <= 0) {
        if (n == 0) cut(errc::connection_lost, "it closed the connection");
        else if (errno != EAGAIN && errno != EINTR) cut(broken(), std::strerror(errno));
        return false;
    }
    moved_ = home_.now();
    reader_.begin(input_.source());
    if (greeting_ == greeting::done || read_greeting()) read_answers();
    if (!ended_) input_.settle(reader_.wanted());
    return !ended_;
}

void connection::read_answers() {
    const std::uint64_t before = ring_.popped();
    const char* wrong = nullptr;
    bool any = false;
    while (!input_.unread.empty() && input_.unread.size() >= reader_.wanted()) {
        if (ring_.empty()) {
            wrong = "it said something that nobody had asked for";
            break;
        }
        const pending_ring::entry asked = ring_.front();
        if (const call* const soon = ring_.ahead(prefetch_ahead)) soon->prefetch();
        const auto status = asked.who != nullptr
                                ? reader_.next(input_.unread, asked.who->request, asked.how, asked.who->reply)
                                : reader_.drop_next(input_.unread, asked.how);
        if (status == answer_reader::status::more) break;
        if (status == answer_reader::status::wrong) {
            wrong = "it gave an answer that is none";
            break;
        }
        ring_.pop();
        if (asked.who == nullptr) continue;
        any = true;
        call& c = *asked.who;
        if (c.reply.lent && home_.pool().used_bytes() > std::min(lent_max_bytes, home_.memory().max_bytes()))
            answer_failed(c, options_, errc::busy, effect::maybe_done, subject_);
        c.complete();
        if (ended_) return;
    }
    if (slow_front_ && ring_.popped() != before) way_free_ = home_.now();
    if (any) {
        useful_ = home_.now();
        owner_.answered(*this);
    }
    if (wrong != nullptr) cut(errc::wrong_answer, wrong);
}

/// True: it is answered to its end.
bool connection::read_greeting() {
    while (greeting_ != greeting::done) {
        if (!read_greeting_line()) return false;
    }
    owner_.greeted(*this);
    return true;
}

/// False: there is no whole line yet, or the connection has ended.
bool connection::read_greeting_line() {
    constexpr std::size_t line_max = 512;
    const std::size_t end = input_.unread.find("\r\n");
    const bool whole = end != std::string_view::npos;
    if (!whole && input_.unread.size() < line_max) return false;
    const std::string_view line = input_.unread.substr(0, whole ? end : line_max);
    if (!whole || !take_greeting(line)) {
        cut_after(line);
        return false;
    }
    input_.unread.remove_prefix(line.size() + 2);
    return true;
}

bool connection::take_greeting(std::string_view line) {
    constexpr std::string_view version = "VERSION ";
    if (greeting_ == greeting::probe) {
        explicit_cas_ = line.starts_with("EN") || line.starts_with("HD");  // somebody may have stored a value there
        greeting_ = greeting::version;
        return explicit_cas_ || line.starts_with("CLIENT_ERROR");
    }
    if (!line.starts_with(version)) return false;
    for (const char c : line.substr(version.size())) version_ += c > ' ' && c < 0x7f ? c : '?';
    if (options_.versions && !explicit_cas_) return false;
    greeting_ = greeting::done;
    if (!out_.empty()) home_.reactor().dirty_server(*this);
    return true;
}

/// It is no server for this pool.
void connection::cut_after(std::string_view said) {
    if (said == "ERROR")
        return cut(errc::too_old, fmt::format("it knows no meta commands: memcached {} or later is needed",
                                              options_.versions ? "1.6.27" : "1.6.10"));
    if (version_.empty()) return cut(errc::wrong_answer, "what it said at the beginning is not memcached's");
    cut(errc::keeps_no_versions,
        fmt::format("it is memcached {}, which keeps no versions: 1.6.27 or later is needed", version_));
}

/// Its calls are answered: what the kernel has not delivered yet is not to come later, behind what is asked then.
void connection::forget_what_is_under_way() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void connection::cut(errc why, const std::string& reason) {
    if (ended_) return;
    ended_ = true;
    const bool idle = !waits();
    if (descriptor_ >= 0) home_.reactor().remove(*this, descriptor_);
    if (descriptor_ >= 0 && why != errc::stopping && sent_ != 0 && !ring_.empty()) forget_what_is_under_way();
    input_.clear();
    guarded(not_told, [&] { owner_.lost(*this, why, reason, idle); });
    pending_ring waiting = std::move(ring_);
    ring_ = {};
    for (; !waiting.empty(); waiting.pop()) {
        const pending_ring::entry asked = waiting.front();
        if (asked.who == nullptr) continue;
        answer_failed(*asked.who, options_, why, asked.end > sent_ ? effect::not_done : effect::maybe_done, subject_);
        guarded(not_told, [&] { asked.who->complete(); });
    }
    out_.clear(0);
    home_.reactor().dispose(this);
}

}  // namespace freshet
