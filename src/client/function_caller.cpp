#include "client/function_caller.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>

namespace freshet {

namespace {

namespace asio = boost::asio;

/// A call in a worker thread. Both sides hold it: an ended call may go on in its thread, unheard.
struct running {
    explicit running(asio::io_context& context) : answered(context) {}
    message input;
    call_result output;
    bool done{false};  ///< written and read on the back shard
    asio::steady_timer answered;
};

class function_caller final : public caller {
public:
    function_caller(shard& back, client::worker work, unsigned threads)
        : back_(back), work_(std::move(work)), threads_(threads) {}
    ~function_caller() override { threads_.join(); }

    asio::awaitable<call_result> call(const delivery& d, std::string_view queue_name, milliseconds limit) override;
    void abort() override {}  // a function cannot be ended from outside; the runner waits for it

private:
    call_result run(const message& m) const;

    shard& back_;
    client::worker work_;
    asio::thread_pool threads_;
};

call_result function_caller::run(const message& m) const {
    call_result r;
    try {
        r.body = work_(m);
        r.verdict = call_result::verdict::good;
    } catch (const std::exception& e) {
        r = call_ended(call_result::verdict::retry, one_line(e.what()));
    } catch (...) {
        r = call_ended(call_result::verdict::retry, "the worker threw something that is no std::exception");
    }
    return r;
}

asio::awaitable<call_result> function_caller::call(const delivery& d, std::string_view, milliseconds) {
    const auto r = std::make_shared<running>(back_.context());
    r->input = d.message;
    r->answered.expires_at(steady::time_point::max());
    asio::post(threads_, [this, r] {
        r->output = run(r->input);
        back_.run([r] {
            r->done = true;
            r->answered.cancel();
        });
    });
    boost::system::error_code ended;
    while (!r->done) co_await r->answered.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    co_return std::move(r->output);
}

}  // namespace

std::unique_ptr<caller> make_function_caller(shard& back, client::worker work, unsigned threads) {
    return std::make_unique<function_caller>(back, std::move(work), threads);
}

}  // namespace freshet
