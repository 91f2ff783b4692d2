#include "client/function_worker.hpp"

#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "queue/operations.hpp"

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
    work_result output;
    bool done{false};  ///< written and read on the back shard
    asio::steady_timer answered;
};

class function_worker final : public flow_worker {
public:
    function_worker(shard& back, client::worker work, unsigned threads)
        : back_(back), work_(std::move(work)), threads_(threads) {}
    ~function_worker() override { threads_.join(); }

    asio::awaitable<work_result> call(const delivery& d, std::string_view queue_name, milliseconds limit) override;
    void abort() override {}  // a function cannot be ended from outside; the runner waits for it

private:
    work_result run(const message& m) const;

    shard& back_;
    client::worker work_;
    asio::thread_pool threads_;
};

work_result function_worker::run(const message& m) const {
    work_result r;
    try {
        r.body = work_(m);
        r.verdict = work_result::verdict::good;
    } catch (const std::exception& e) {
        r = work_ended(work_result::verdict::retry, one_line(e.what()));
    } catch (...) {
        r = work_ended(work_result::verdict::retry, "the worker threw something that is no std::exception");
    }
    return r;
}

asio::awaitable<work_result> function_worker::call(const delivery& d, std::string_view, milliseconds) {
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

std::unique_ptr<flow_worker> make_function_worker(shard& back, client::worker work, unsigned threads) {
    return std::make_unique<function_worker>(back, std::move(work), threads);
}

}  // namespace freshet
