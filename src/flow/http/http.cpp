#include "flow/http/http.hpp"

#include "flow/http/curl_loop.hpp"
#include "flow/http/exchange.hpp"
#include "flow/http/host_addresses.hpp"
#include "queue/operations.hpp"
#include "shard/gate.hpp"

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

namespace freshet {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

class http_worker;

/// A call under way, and what ends it before its time: its limit, or the flow's stop. Its timer may outlive the call.
struct running_call : std::enable_shared_from_this<running_call> {
    running_call(shard& home, http_worker* by) : owner(by), woken(home), timer(home.context()) {}

    void start(milliseconds limit) {
        timer.expires_after(limit);
        timer.async_wait([self = shared_from_this(), limit](const error_code& ec) {
            if (!ec) self->cut(fmt::format("it did not answer within {} ms", limit.count()));
        });
    }
    void cut(std::string why) {
        if (over || is_cut()) return;
        why_cut = std::move(why);
        if (exchange != nullptr) exchange->cut();
        woken.open();
    }
    bool is_cut() const noexcept { return !why_cut.empty(); }

    http_worker* owner;                ///< null: it has gone
    gate woken;                        ///< the exchange has ended, names were looked up, or the call was cut
    http_exchange* exchange{nullptr};  ///< ended by the cut
    std::string why_cut{};
    bool over{false};
    asio::steady_timer timer;
};

/// One multi handle for each flow: its limits of connections are the flow's concurrency, and a flow's end closes them.
class http_worker final : public flow_worker {
public:
    http_worker(shard& back, const http_options& options, std::unique_ptr<resolver> own, resolver* by)
        : back_(back),
          options_(options),
          own_resolver_(std::move(own)),
          looks_up_(!options.proxy && !is_literal_address(options_.url.host)),
          loop_(curl_loop::make(back, options_.concurrency)) {
        addresses_.emplace(by != nullptr ? *by : *own_resolver_, options_.url.host, options_.url.port,
                           [this] { wake(); });
        free_.push_back(make_http_handle(options_));
    }
    ~http_worker() override;
    asio::awaitable<work_result> call(const delivery& d, std::string_view queue_name, milliseconds limit) override;
    void abort() override;

private:
    /// That a call is running, as long as its frame lives; the caller may go first.
    struct presence {
        explicit presence(std::shared_ptr<running_call> c) : of(std::move(c)) { of->owner->running_.insert(of.get()); }
        presence(const presence&) = delete;
        ~presence() {
            of->over = true;
            of->exchange = nullptr;
            of->timer.cancel();
            if (of->owner != nullptr) of->owner->running_.erase(of.get());
        }
        std::shared_ptr<running_call> of;
    };

    void close();
    asio::awaitable<void> find_addresses(running_call& now);
    void begin(http_exchange& x, const delivery& d, std::string_view queue_name, milliseconds limit);
    void wake();
    easy_handle take_handle();
    work_result not_begun(std::string_view why) const;
    work_result cut(const running_call& now, bool began) const;

    shard& back_;
    http_options options_;
    std::unique_ptr<resolver> own_resolver_;
    std::optional<host_addresses> addresses_;
    bool looks_up_;       ///< else libcurl needs no names, or asks for the proxy's
    std::string told_{};  ///< libcurl knows these addresses
    std::shared_ptr<curl_loop> loop_;
    std::vector<easy_handle> free_;  ///< at most one per slot of the flow
    std::set<running_call*> running_;
};

/// The shard may be running: what belongs to its thread ends there.
http_worker::~http_worker() {
    if (back_.is_running() && !back_.here()) back_.run_and_wait([this] { close(); });
    else close();
}

void http_worker::close() {
    for (running_call* c : running_) c->owner = nullptr;
    addresses_.reset();
    own_resolver_.reset();
    loop_->close();
}

bool fits_a_header(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

work_result http_worker::not_begun(std::string_view why) const {
    work_result said = work_ended(work_result::verdict::retry, fmt::format("{}: {}", options_.url.authority, why));
    said.began = false;
    return said;
}

work_result http_worker::cut(const running_call& now, bool began) const {
    work_result said = not_begun(now.why_cut);
    said.began = began;
    return said;
}

asio::awaitable<work_result> http_worker::call(const delivery& d, std::string_view queue_name, milliseconds limit) {
    if (!fits_a_header(d.message.id) || !fits_a_header(d.message.key)) {
        work_result unfit = work_ended(work_result::verdict::dead,
                                       "its id or key has control characters, which no HTTP header can hold");
        unfit.began = false;
        co_return unfit;
    }
    const presence here(std::make_shared<running_call>(back_, this));
    running_call& now = *here.of;
    now.start(limit);
    if (looks_up_) {
        co_await find_addresses(now);
        if (now.is_cut()) co_return cut(now, false);
        if (addresses_->list().empty()) co_return not_begun("no connection: " + addresses_->trouble());
    }
    http_exchange x(options_, take_handle(), now.woken);
    now.exchange = &x;
    begin(x, d, queue_name, limit);
    do {
        while (!x.has_ended() && !now.is_cut()) co_await now.woken.wait();
    } while (x.has_ended() && !now.is_cut() && x.begins_again());
    now.exchange = nullptr;
    if (x.has_ended() ? x.found_nobody() : !x.has_begun()) addresses_->doubt(steady::now());
    if (!x.has_ended()) co_return cut(now, x.has_begun());
    work_result said = x.result();
    easy_handle handle = x.take_handle();
    if (handle && free_.size() < options_.concurrency) free_.push_back(std::move(handle));
    co_return said;
}

/// Returns once there are addresses or none can be had, or the call was cut.
asio::awaitable<void> http_worker::find_addresses(running_call& now) {
    addresses_->need(steady::now());
    while (addresses_->list().empty() && addresses_->is_looking() && !now.is_cut()) co_await now.woken.wait();
}

/// Calls that have no exchange wait for addresses.
void http_worker::wake() {
    for (running_call* c : running_) {
        if (c->exchange == nullptr) c->woken.open();
    }
}

void http_worker::begin(http_exchange& x, const delivery& d, std::string_view queue_name, milliseconds limit) {
    curl_slist addresses{told_.data(), nullptr};
    const bool is_news = looks_up_ && told_ != addresses_->list();
    if (is_news) {
        told_ = addresses_->list();
        addresses.data = told_.data();
    }
    x.start(loop_, d, queue_name, limit, is_news ? &addresses : nullptr);
}

easy_handle http_worker::take_handle() {
    if (free_.empty()) return make_http_handle(options_);
    easy_handle taken = std::move(free_.back());
    free_.pop_back();
    return taken;
}

void http_worker::abort() {
    for (running_call* c : running_) c->cut("the server is being stopped");
}

}  // namespace

std::unique_ptr<flow_worker> make_http_worker(shard& back, const http_options& options) {
    return std::make_unique<http_worker>(back, options, system_resolver(back), nullptr);
}

std::unique_ptr<flow_worker> make_http_worker(shard& back, const http_options& options, resolver& by) {
    return std::make_unique<http_worker>(back, options, nullptr, &by);
}

}  // namespace freshet
