#include "shard/shard.hpp"

#include "shard/mailbox.hpp"
#include "shard/pool.hpp"
#include "shard/reactor.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <condition_variable>
#include <mutex>
#include <system_error>

namespace freshet {

namespace {
constexpr milliseconds tick_interval{20};

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
    wakeup() : descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (descriptor < 0) throw std::system_error(errno, std::system_category(), "eventfd");
    }
    ~wakeup() override { ::close(descriptor); }

    void readable() override { finish_all(); }
    void flush() override {}
    void dead() override {}
    void finish_all() {
        for (operation* o = box.take(); o != nullptr;) {
            operation* const after = o->next;  // finish() may delete or lend it again
            o->next = nullptr;
            o->finish();
            o = after;
        }
    }

    int descriptor;
    mailbox box;
};

struct shard::parts {
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{context.get_executor()};
    boost::asio::steady_timer timer{context};
    wakeup mail;
    freshet::pool chunks;
    std::unique_ptr<freshet::reactor> hot;
    ticker* tickers{nullptr};
    ticker* next_to_tick{nullptr};
    bool ticking{false};

    void arm(shard& home) {
        ticking = true;
        timer.expires_after(tick_interval);
        timer.async_wait([this, &home](const boost::system::error_code& ec) {
            if (ec) return;
            home.now_ = steady::now();
            for (ticker* t = tickers; t != nullptr; t = next_to_tick) {
                next_to_tick = t->next_ticker;
                t->tick(home.now_);
            }
            if (tickers != nullptr) arm(home);
            else ticking = false;
        });
    }
};

shard::shard(std::string name) : name_(std::move(name)), parts_(std::make_unique<parts>()) {
    parts_->hot = std::make_unique<freshet::reactor>(*this);
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
        parts_->context.run();
    });
}

void shard::stop() {
    if (!thread_.joinable()) return;
    run([this] { parts_->context.stop(); });
    thread_.join();
    id_.store({}, std::memory_order_relaxed);
    // What came home too late, and what that lends once more; here, while those it belongs to are still there.
    while (!parts_->mail.box.empty()) parts_->mail.finish_all();
}

void shard::post(operation& first, operation& last) noexcept {
    if (!parts_->mail.box.put(first, last)) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(parts_->mail.descriptor, &one, sizeof one);
}

void shard::run(std::function<void()> work) { post(*new function_operation(std::move(work))); }

void shard::run_and_wait(std::function<void()> work) {
    std::mutex m;
    std::condition_variable done;
    bool finished = false;
    run([&] {
        work();
        const std::lock_guard lock(m);
        finished = true;
        done.notify_one();
    });
    std::unique_lock lock(m);
    done.wait(lock, [&] { return finished; });
}

void shard::add(ticker& t) {
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
