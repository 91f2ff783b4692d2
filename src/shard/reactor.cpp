#include "shard/reactor.hpp"

#include "shard/handler_room.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <optional>
#include <system_error>
#include <utility>

namespace freshet {

namespace {
constexpr int events_per_turn = 256;
/// Before the rest of the io_context has its say: going through it costs two more system calls than asking again here.
constexpr int turns_in_a_row = 16;
/// Endpoints for a look at the clock: one may have a MiB to say.
constexpr unsigned told_for_a_look = 4, flushed_for_a_look = 4;
}  // namespace

/// Ends the turn of a shard that stays. A limit to each wait would be set and taken back for every one of them, which a
/// virtual machine pays dearly for.
struct turn_timer final : endpoint {
    turn_timer() : descriptor(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
        if (descriptor < 0) throw std::system_error(errno, std::system_category(), "timerfd_create");
    }
    ~turn_timer() override { ::close(descriptor); }

    void start(milliseconds time) {
        over = false;
        const itimerspec when{{}, {0, static_cast<long>(std::chrono::nanoseconds(time).count())}};
        ::timerfd_settime(descriptor, 0, &when, nullptr);
    }
    void readable() override { over = true; }
    void flush() override {}
    void dead() override {}

    int descriptor;
    bool over{true};
};

struct reactor::parts {
    explicit parts(boost::asio::io_context& context) : descriptor(context) {}
    boost::asio::posix::stream_descriptor descriptor;
    std::array<epoll_event, events_per_turn> events;
    std::optional<turn_timer> timer;  ///< of a shard that stays
    turn_watch watch;
};

reactor::reactor(shard& home, handler_room& of_wait, handler_room& of_flush)
    : home_(home), room_of_wait_(of_wait), room_of_flush_(of_flush), parts_(std::make_unique<parts>(home.context())) {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
    parts_->descriptor.assign(epoll);
    arm();
}

reactor::~reactor() { delete_disposed(); }

void reactor::add(endpoint& e, int descriptor) { add(e, descriptor, EPOLLIN); }

void reactor::add_event(endpoint& e, int descriptor) {
    e.once_ = true;
    add(e, descriptor, EPOLLIN | EPOLLET);
}

void reactor::add(endpoint& e, int descriptor, std::uint32_t what) {
    epoll_event event{};
    event.events = what;
    event.data.ptr = &e;
    if (::epoll_ctl(parts_->descriptor.native_handle(), EPOLL_CTL_ADD, descriptor, &event) != 0)
        throw std::system_error(errno, std::system_category(), "epoll_ctl");
    e.watched_ = true;
}

void reactor::watch(endpoint& e, int descriptor, bool readable, bool writable, bool end) {
    epoll_event event{};
    event.events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U) | (end ? EPOLLRDHUP : 0U);
    event.data.ptr = &e;
    ::epoll_ctl(parts_->descriptor.native_handle(), EPOLL_CTL_MOD, descriptor, &event);
}

void reactor::remove(endpoint& e, int descriptor) {
    e.watched_ = false;
    ::epoll_ctl(parts_->descriptor.native_handle(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void reactor::dispose(endpoint* e) {
    if (e->disposed_) return;
    disposals_.push_back(e);
    e->disposed_ = true;
    if (!turning_ && !flush_posted_) post_flush();
}

/// False: the share was over before all had their say.
bool reactor::flush(endpoints& list, turn_share* share) const {
    for (std::size_t i = 0; i < list.size(); ++i) {  // who is flushed may have more to say: it stands at the end again
        endpoint& e = *list[i];
        e.dirty_ = false;
        if (!e.hears()) continue;
        guarded(e, [&] { e.flush(); });
        if (share == nullptr || !share->over()) continue;
        list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        return list.empty();
    }
    list.clear();
    return true;
}

void reactor::post_flush() {
    flush_posted_ = true;
    boost::asio::post(home_.context(), room_of_flush_.hold([this] {
        flush_posted_ = false;
        in_turn([this] {
            flush();
            delete_disposed();
        });
    }));
}

void reactor::flush() {
    turn_share share{flushed_for_a_look};
    while (has_dirty()) {
        flush(dirty_servers_, nullptr);
        if (!flush(dirty_clients_, &share)) return;
    }
}

void reactor::delete_disposed() {
    if (disposals_.empty()) return;
    for (endpoints* const list : {&dirty_servers_, &dirty_clients_})
        std::erase_if(*list, [](const endpoint* e) { return e->disposed_; });
    std::erase_if(passed_over_, [](const ready_endpoint& e) { return e.who->disposed_; });
    for (std::size_t i = 0; i < disposals_.size(); ++i) delete disposals_[i];
    disposals_.clear();
}

void reactor::arm() {
    parts_->descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                  room_of_wait_.hold([this](const boost::system::error_code& ec) {
                                      if (ec) return;
                                      turn();
                                      arm();
                                  }));
}

void reactor::stay() {
    parts_->timer.emplace();
    add_event(*parts_->timer, parts_->timer->descriptor);
}

void reactor::turn() {
    in_turn([this] { go_round(); });
}

template <class Work>
void reactor::in_turn(Work work) {
    turning_ = true;
    try {
        work();
    } catch (const std::exception& why) {
        spdlog::error("{}: {}", home_.name(), why.what());
    }
    turning_ = false;
    if (has_dirty() && !flush_posted_) post_flush();
}

void reactor::go_round() {
    parts_->watch.begin();
    turn_timer* const timer = parts_->timer ? &*parts_->timer : nullptr;
    if (timer != nullptr) timer->start(stay_max);
    for (int turns = 0; timer != nullptr ? !timer->over : turns < turns_in_a_row; ++turns) {
        const bool waits = timer != nullptr && !has_dirty() && passed_over_.empty();
        const int ready =
            ::epoll_wait(parts_->descriptor.native_handle(), parts_->events.data(), events_per_turn, waits ? -1 : 0);
        if (ready <= 0 && !has_dirty() && passed_over_.empty()) break;
        home_.now_ = steady::now();
        tell_ready(ready);
        flush();
        delete_disposed();
        parts_->watch.over(home_.now_, home_.name());
    }
}

/// What goes wrong with one ends that one, and nothing else.
template <class Work>
void reactor::guarded(endpoint& e, Work work) const {
    try {
        work();
    } catch (const std::exception& why) {
        spdlog::error("{}: a connection ends: {}", home_.name(), why.what());
        try {
            e.dead();
        } catch (const std::exception& again) {
            spdlog::error("{}: and not in order: {}", home_.name(), again.what());
        }
    }
}

/// Those that are left when the share of the turn is over come first in the next.
void reactor::tell_ready(int ready) {
    ++round_;
    turn_share share{told_for_a_look, home_.now_};
    tell_passed_over(share);
    bool over = !passed_over_.empty();
    for (int i = 0; i < ready; ++i) {
        const epoll_event& event = parts_->events[static_cast<std::size_t>(i)];
        endpoint& e = *static_cast<endpoint*>(event.data.ptr);
        if (!e.hears() || e.passed_over_ || e.told_in_ == round_) continue;
        if (over && !e.once_) {
            e.passed_over_ = true;
            passed_over_.push_back({&e, event.events});
            continue;
        }
        guarded(e, [&] { tell(e, event.events); });
        over = over || share.over();
    }
}

/// They are as ready as they were: nobody else reads or writes their descriptors.
void reactor::tell_passed_over(turn_share& share) {
    while (!passed_over_.empty()) {
        const ready_endpoint next = passed_over_.front();
        passed_over_.pop_front();
        next.who->passed_over_ = false;
        next.who->told_in_ = round_;
        if (!next.who->hears()) continue;
        guarded(*next.who, [&] { tell(*next.who, next.what); });
        if (share.over()) return;
    }
}

void reactor::tell(endpoint& e, std::uint32_t what) {
    if ((what & (EPOLLERR | EPOLLHUP)) != 0 && (what & EPOLLIN) == 0) return e.dead();
    if ((what & EPOLLOUT) != 0) e.flush();
    if (!e.hears()) return;
    if ((what & EPOLLIN) != 0) e.readable();
    else if ((what & EPOLLRDHUP) != 0) e.sent_last();
}

}  // namespace freshet
