#include "support/worker_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <future>

namespace freshet::test {

void spawn_call(shard& home, flow_worker& worker, const delivery& d, milliseconds limit,
                std::function<void(work_result)> then) {
    boost::asio::co_spawn(home.context(), worker.call(d, "thumbs", limit),
                          [then = std::move(then)](std::exception_ptr thrown, work_result r) {
                              if (thrown) r.body = "an exception";
                              if (then) then(std::move(r));
                          });
}

worker_test::worker_test() { back.start(); }

worker_test::~worker_test() {
    back.run_and_wait([this] { worker_.reset(); });
    back.stop();
}

void worker_test::use(std::unique_ptr<flow_worker> worker) {
    back.run_and_wait([&] { worker_ = std::move(worker); });
}

work_result worker_test::call(std::string body, milliseconds limit) {
    delivery d;
    d.message.id = "7";
    d.message.body = std::move(body);
    d.message.attempt = 1;
    return call(d, limit);
}

work_result worker_test::call(const delivery& d, milliseconds limit) {
    std::promise<work_result> promise;
    back.run([&] { spawn_call(back, *worker_, d, limit, [&](work_result r) { promise.set_value(std::move(r)); }); });
    return promise.get_future().get();
}

}  // namespace freshet::test
