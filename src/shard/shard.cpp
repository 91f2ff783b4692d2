#include "shard/shard.hpp"

#include "base/guarded.hpp"
#include "shard/handler_room.hpp"
#include "shard/mailbox.hpp"
#include "shard/pool.hpp"
#include "shard/reactor.hpp"
#include "shard/turn_share.hpp"
#include "shard/turn_watch.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>

namespace freshet {

namespace {
constexpr milliseconds tick_interval{20};
constexpr std::string_view given_up = "a piece of work is given up";
constexpr unsigned finished_for_a_look = 16;  ///< operations for a look at the clock

struct function_operation final : operation {
    explicit function_operation(std::function<void()> w) : work(std::move(w)) {}
    void finish() override {
        const std::unique_ptr<function_operation> self(this);
        work();
    }
    std::function<void()> work;
};
}  // namespace

/// Wakes the shard when its mailbox was empty, and finishes what is in it.
struct wakeup final : endpoint {
    explicit wakeup(const memory_budget& m) : memory(m), descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (descriptor < 0) throw std::system_error(errno, std::system_category(), "eventfd");
    }
    ~wakeup() override { ::close(descriptor); }

    void readable() override {
        const bool left = taken != nullptr;
        if (!left) taken = box.take();
        for (turn_share share{finished_for_a_look}; taken != nullptr && !share.over();) {
            finish_one();
            if (memory.is_tight()) break;  // what is answered is sent first
        }
        if (taken != nullptr || (left && !box.empty())) ring();  // it rang for the box while this was left
    }
    void flush() override {}
    void dead() override {}
    bool has_mail() const noexcept { return taken != nullptr || !box.empty(); }
    void ring() const noexcept {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto n = ::write(descriptor, &one, sizeof one);
    }
    void finish_all() {
        for (; has_mail(); finish_one()) {
            if (taken == nullptr) taken = box.take();
        }
    }

    const memory_budget& memory;
    int descriptor;
    mailbox box;

private:
    void finish_one() {
        operation* const o = taken;
        taken = o->next;  // finish() may delete or lend it again
        o->next = nullptr;
        guarded(given_up, [o] { o->finish(); });
    }

    operation* taken{nullptr};  ///< out of the box, the first to be finished
};

struct shard::parts {
    explicit parts(const memory_budget& memory) : mail(memory) {}

    handler_room room_of_tick, room_of_wait, room_of_flush;  // the context destroys what waits in them
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{context.get_executor()};
    boost::asio::steady_timer timer{context};
    wakeup mail;
    freshet::pool chunks;
    std::unique_ptr<freshet::reactor> hot;
    ticker* tickers{nullptr};
    ticker* next_to_tick{nullptr};
    bool ticking{false};
    turn_watch ticks;

    /// Asio's timers are in a vector: where that cannot grow now it is tried again as soon as others have had their
    /// turn.
    void arm(shard& home) noexcept {
        ticking = true;
        try {
            wait_for_tick(home);
        } catch (const std::bad_alloc&) {
            boost::asio::post(context, room_of_tick.hold([this, &home] { arm(home); }));
        }
    }

    void wait_for_tick(shard& home) {
        timer.expires_after(tick_interval);
        timer.async_wait(room_of_tick.hold([this, &home](const boost::system::error_code& ec) {
            if (ec) return;
            home.now_ = steady::now();
            ticks.begin();
            for (ticker* t = tickers; t != nullptr; t = next_to_tick) {
                next_to_tick = t->next_ticker;
                guarded(given_up, [&] { t->tick(home.now_); });
            }
            ticks.over(home.now_, home.name_);
            if (tickers != nullptr) arm(home);
            else ticking = false;
        }));
    }
};

shard::shard(std::string name) : name_(std::move(name)), parts_(std::make_unique<parts>(memory_)) {
    parts_->hot = std::make_unique<freshet::reactor>(*this, parts_->room_of_wait, parts_->room_of_flush);
    parts_->hot->add_event(parts_->mail, parts_->mail.descriptor);
}

shard::~shard() { stop(); }

boost::asio::io_context& shard::context() noexcept { return parts_->context; }
reactor& shard::reactor() noexcept { return *parts_->hot; }
pool& shard::pool() noexcept { return parts_->chunks; }

void shard::start() {
    thread_ = std::thread([this] {
        id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
        ::pthread_setname_np(::pthread_self(), name_.substr(0, 15).c_str());
        while (!parts_->context.stopped()) guarded(given_up, [this] { parts_->context.run(); });
    });
}

void shard::stop() {
    if (!thread_.joinable()) return;
    run([this] { parts_->context.stop(); });
    thread_.join();
    id_.store({}, std::memory_order_relaxed);
    // What came home too late, and what that lends once more; here, while those it belongs to are still there.
    parts_->mail.finish_all();
}

void shard::post(operation& first, operation& last) noexcept {
    if (parts_->mail.box.put(first, last)) parts_->mail.ring();
}

void shard::run(std::function<void()> work) { post(*new function_operation(std::move(work))); }

void shard::run_and_wait(std::function<void()> work) {
    std::mutex m;
    std::condition_variable done;
    bool finished = false;
    std::exception_ptr thrown;
    run([&] {
        try {
            work();
        } catch (...) {
            thrown = std::current_exception();
        }
        const std::lock_guard lock(m);
        finished = true;
        done.notify_one();
    });
    std::unique_lock lock(m);
    done.wait(lock, [&] { return finished; });
    if (thrown) std::rethrow_exception(thrown);
}

void shard::add(ticker& t) noexcept {
    t.next_ticker = parts_->tickers;
    parts_->tickers = &t;
    if (!parts_->ticking) parts_->arm(*this);
}

void shard::remove(ticker& t) noexcept {
    if (parts_->next_to_tick == &t) parts_->next_to_tick = t.next_ticker;
    for (ticker** at = &parts_->tickers; *at != nullptr; at = &(*at)->next_ticker) {
        if (*at != &t) continue;
        *at = t.next_ticker;
        return;
    }
}

}  // namespace freshet
