#include "flow/http/curl_loop.hpp"

#include "flow/http/received_bytes.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <stdexcept>

namespace freshet {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr int timeouts_per_turn = 8;  ///< before the rest of the shard has its say

// A direction is a direction, whether libcurl asks for it or is told of it.
static_assert(CURL_POLL_IN == CURL_CSELECT_IN && CURL_POLL_OUT == CURL_CSELECT_OUT);

/// libcurl's own state, which stays until the process ends: others may use the library too.
bool begin_curl() {
    static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
    return done == CURLE_OK;
}

curl_transfer* transfer_of(CURL* easy) noexcept {
    char* who = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &who);
    return reinterpret_cast<curl_transfer*>(who);
}

}  // namespace

/// One of libcurl's sockets. Asio watches it from when it is made until it is closed, and never closes it.
struct curl_loop::watch {
    explicit watch(asio::io_context& context) : descriptor(context) {}
    asio::posix::stream_descriptor descriptor;
    int wanted{CURL_POLL_NONE};
    int waits{CURL_POLL_NONE};  ///< directions for which a callback is under way
    bool made_here{false};      ///< false: libcurl made it for itself, for a look-up
    bool closed{false};
    curl_transfer* user{nullptr};  ///< the last one; it may have gone
    std::uint64_t received{0};     ///< before the present user
};

std::shared_ptr<curl_loop> curl_loop::make(shard& home, unsigned connections_max) {
    std::shared_ptr<curl_loop> made(new curl_loop(home));
    curl_multi_setopt(made->multi_, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(connections_max));
    curl_multi_setopt(made->multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(connections_max));
    return made;
}

curl_loop::curl_loop(shard& home)
    : context_(home.context()), multi_(begin_curl() ? curl_multi_init() : nullptr), timer_(home.context()) {
    if (multi_ == nullptr) throw std::runtime_error("libcurl cannot be used");
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

curl_loop::~curl_loop() { close(); }

void curl_loop::close() {
    if (multi_ == nullptr) return;
    for (curl_transfer* who : running_) curl_multi_remove_handle(multi_, who->easy());
    running_.clear();
    answered_.clear();
    sender_ = nullptr;
    curl_multi_cleanup(multi_);  // closes the kept connections
    multi_ = nullptr;
    while (!watches_.empty()) forget_watch(watches_.begin()->first);
    timer_.cancel();
}

void curl_loop::add(curl_transfer& who) {
    who.socket_ = -1;
    who.loop_ = this;
    curl_easy_setopt(who.easy(), CURLOPT_PRIVATE, &who);
    curl_easy_setopt(who.easy(), CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(who.easy(), CURLOPT_OPENSOCKETDATA, &who);
    curl_easy_setopt(who.easy(), CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(who.easy(), CURLOPT_CLOSESOCKETDATA, this);  // connections outlive transfers
    running_.insert(&who);
    if (curl_multi_add_handle(multi_, who.easy()) != CURLM_OK) return end(who, CURLE_FAILED_INIT);
    drive();
}

void curl_loop::remove(curl_transfer& who) {
    if (running_.erase(&who) == 0) return;
    std::erase(answered_, &who);
    if (sender_ == &who) sender_ = nullptr;
    curl_multi_remove_handle(multi_, who.easy());
    drive();
}

/// Does what is due, and tells of what has ended.
void curl_loop::drive() {
    for (int n = 0; n < timeouts_per_turn && due_ <= steady::now(); ++n) {
        due_ = steady::time_point::max();
        act(CURL_SOCKET_TIMEOUT, 0);
    }
    report();
    arm();
}

void curl_loop::act(curl_socket_t socket, int directions) {
    int running = 0;
    curl_multi_socket_action(multi_, socket, directions, &running);
}

void curl_loop::report() {
    int left = 0;
    while (const CURLMsg* const m = curl_multi_info_read(multi_, &left)) {
        if (m->msg == CURLMSG_DONE) end(*transfer_of(m->easy_handle), m->data.result);
    }
    while (!answered_.empty()) end(*answered_.back(), CURLE_OK);
}

void curl_loop::end(curl_transfer& who, CURLcode how) {
    running_.erase(&who);
    std::erase(answered_, &who);
    if (sender_ == &who) sender_ = nullptr;
    curl_multi_remove_handle(multi_, who.easy());
    note_received(who);
    who.ended(how);
}

void curl_loop::arm() {
    if (due_ >= armed_) return;  // an early ring does no harm, and most of what libcurl wants later it takes back
    armed_ = due_;
    timer_.expires_at(due_);
    timer_.async_wait([weak = weak_from_this()](const error_code& ec) {
        const auto self = weak.lock();
        if (ec || !self || self->multi_ == nullptr) return;
        self->armed_ = steady::time_point::max();
        self->drive();
    });
}

int curl_loop::on_timer(CURLM*, long after_ms, void* self) noexcept {
    auto& loop = *static_cast<curl_loop*>(self);
    loop.due_ = after_ms < 0 ? steady::time_point::max() : steady::now() + milliseconds(after_ms);
    return 0;
}

curl_socket_t curl_loop::open_socket(void* transfer, curlsocktype, curl_sockaddr* to) noexcept {
    auto& who = *static_cast<curl_transfer*>(transfer);
    const int made = ::socket(to->family, to->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->protocol);
    who.socket_error_ = made < 0 ? errno : 0;
    if (made < 0) return CURL_SOCKET_BAD;
    try {
        if (who.loop_->add_watch(made, true)) return made;
        who.socket_error_ = errno;
    } catch (const std::bad_alloc&) {
        who.socket_error_ = ENOMEM;
    }
    ::close(made);
    return CURL_SOCKET_BAD;
}

int curl_loop::close_socket(void* self, curl_socket_t socket) noexcept {
    static_cast<curl_loop*>(self)->forget_watch(socket);  // its number may be another socket's at once
    return ::close(socket);
}

/// None: Asio cannot watch it, errno says why.
curl_loop::watch_pointer curl_loop::add_watch(curl_socket_t socket, bool made_here) {
    auto w = std::make_shared<watch>(context_);
    error_code error;
    w->descriptor.assign(socket, error);
    if (error) {
        errno = error.value();
        return nullptr;
    }
    w->made_here = made_here;
    watches_[socket] = w;
    return w;
}

void curl_loop::forget_watch(curl_socket_t socket) {
    const auto found = watches_.find(socket);
    if (found == watches_.end()) return;
    note_lost(*found->second);
    found->second->closed = true;
    found->second->descriptor.release();
    watches_.erase(found);
}

int curl_loop::on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void*) noexcept {
    try {
        static_cast<curl_loop*>(self)->want(transfer_of(easy), socket, what);
    } catch (const std::bad_alloc&) {  // its limit ends this transfer; an error would be the end of all
    }
    return 0;
}

void curl_loop::want(curl_transfer* who, curl_socket_t socket, int what) {
    const auto found = watches_.find(socket);
    watch_pointer w = found == watches_.end() ? nullptr : found->second;
    if (what == CURL_POLL_REMOVE) {
        if (!w) return;
        w->wanted = CURL_POLL_NONE;
        if (!w->made_here) forget_watch(socket);
        return;
    }
    if (!w) w = add_watch(socket, false);
    if (!w) return;
    w->wanted = what;
    if (who != nullptr) {
        w->user = who;
        if (sender_ == who) sender_ = nullptr;
        who->socket_ = socket;
        if (what == CURL_POLL_OUT && who->has_header()) answered_.push_back(who);
    }
    wait(w);
}

void curl_loop::wait(const watch_pointer& w) {
    wait(w, CURL_POLL_IN);
    wait(w, CURL_POLL_OUT);
}

void curl_loop::wait(const watch_pointer& w, int direction) {
    if ((w->wanted & direction) == 0 || (w->waits & direction) != 0) return;
    using descriptor = asio::posix::stream_descriptor;
    const auto what = direction == CURL_POLL_IN ? descriptor::wait_read : descriptor::wait_write;
    w->descriptor.async_wait(what, [this, w, direction](const error_code& ec) {
        w->waits &= ~direction;
        if (!ec && !w->closed) ready(w, direction);  // once it is closed the loop may have gone
    });
    w->waits |= direction;
}

void curl_loop::ready(const watch_pointer& w, int direction) {
    if ((w->wanted & direction) == 0) return;
    act(w->descriptor.native_handle(), direction);
    drive();
    if (!w->closed) wait(w);
}

/// What comes over its connection from now on is for the next one.
void curl_loop::note_received(const curl_transfer& who) {
    const auto found = watches_.find(who.socket_);
    if (found == watches_.end()) return;
    found->second->user = nullptr;
    found->second->received = received_bytes(who.socket_).value_or(0);
}

/// libcurl sends a request again when a kept connection was closed before the first line of an answer was complete.
/// Part of that line is an answer too.
void curl_loop::note_lost(watch& w) {
    curl_transfer* const user = w.user != nullptr ? w.user : sender_;
    if (user == nullptr || !running_.contains(user)) return;
    constexpr std::uint64_t of_the_end = 1;  // an orderly end counts as a byte
    const auto now = received_bytes(w.descriptor.native_handle());
    if (!now || *now > w.received + of_the_end) user->lost_an_answer_ = true;
}

}  // namespace freshet
