// A scripted HTTP server as the worker of a flow.
#include <freshet/time.hpp>

#include "flow/http.hpp"
#include "flow/worker.hpp"
#include "queue/operations.hpp"
#include "support/http_peer.hpp"
#include "support/worker_test.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <future>

using namespace freshet;
using namespace freshet::test;
using namespace std::literals;
using verdict = enum work_result::verdict;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

class flow_http : public worker_test {
protected:
    flow_http() { worker(); }

    void worker(std::size_t result_size_max = 64 * mebibyte, std::string_view target = "/resize?w=200") {
        use(make_http_worker(back, *parse_http_url(peer.url(target)), result_size_max));
    }
    std::future<work_result> start(std::string body = "body", milliseconds limit = 60s) {
        return std::async(std::launch::async, [this, body = std::move(body), limit] { return call(body, limit); });
    }
    std::string at(std::string_view what) const { return fmt::format("127.0.0.1:{}: {}", peer.port(), what); }
    /// One call that is answered so.
    work_result answered(std::string_view status, std::string_view body, std::string_view headers = "") {
        auto called = start();
        http_connection c = peer.accept();
        c.read_request();
        c.answer(status, body, headers);
        return called.get();
    }
    /// One call whose answer is this, and then the end.
    work_result said(std::string_view text) {
        auto called = start();
        {
            http_connection c = peer.accept();
            c.read_request();
            c.write(text);
        }
        return called.get();
    }

    http_peer peer;
};

}  // namespace

TEST_F(flow_http, posts_the_body_and_tells_of_the_task) {
    delivery d;
    d.message.id = "i d";
    d.message.key = "k";
    d.message.body = "a\0b\r\n"s;
    d.message.flags = 4'000'000'000U;
    d.message.attempt = 2;
    auto called = std::async(std::launch::async, [&] { return call(d); });
    http_connection c = peer.accept();
    const std::string request = c.read_request();
    EXPECT_TRUE(request.starts_with("POST /resize?w=200 HTTP/1.1\r\n")) << request;
    EXPECT_TRUE(request.ends_with("\r\n\r\na\0b\r\n"s)) << request;
    for (const std::string& line :
         {fmt::format("Host: 127.0.0.1:{}", peer.port()), "Content-Type: application/octet-stream"s,
          "Content-Length: 5"s, "Freshet-Id: i d"s, "Freshet-Key: k"s, "Freshet-Queue: thumbs"s, "Freshet-Attempt: 2"s,
          "Freshet-Flags: 4000000000"s})
        EXPECT_NE(request.find("\r\n" + line + "\r\n"), std::string::npos) << line;
    c.answer("200 OK", "r\0\n"s, "Freshet-Flags: 4294967295\r\n");
    const work_result r = called.get();
    EXPECT_EQ(r.verdict, verdict::good);
    EXPECT_EQ(r.body, "r\0\n"s);
    EXPECT_EQ(r.flags, 4'294'967'295U);
}

TEST_F(flow_http, any_success_is_a_result) {
    for (const char* status : {"200 OK", "201 Created", "202 Accepted", "299 Fine"}) {
        worker();
        EXPECT_EQ(answered(status, "x").verdict, verdict::good) << status;
    }
    EXPECT_EQ(answered("200 OK", "x").flags, 0U);
}

TEST_F(flow_http, success_without_a_body_is_an_empty_result) {
    const work_result r = said("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(r.verdict, verdict::good);
    EXPECT_EQ(r.body, "");
}

TEST_F(flow_http, chunks_and_bodies_that_end_with_the_connection_are_results) {
    EXPECT_EQ(said("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").body,
              "abcde");
    worker();
    EXPECT_EQ(said("HTTP/1.0 200 OK\r\n\r\nto the end").body, "to the end");
}

TEST_F(flow_http, interim_answers_are_passed_over) {
    const work_result r = said(
        "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
        "1\r\n\r\nx");
    EXPECT_EQ(r.verdict, verdict::good);
    EXPECT_EQ(r.body, "x");
}

TEST_F(flow_http, refusal_is_dead_with_what_the_worker_said) {
    const work_result r = answered("422 Unprocessable Entity", "no such\r\npicture\n");
    EXPECT_EQ(r.verdict, verdict::dead);
    EXPECT_EQ(r.body, at("it answered 422 Unprocessable Entity: no such  picture"));
}

TEST_F(flow_http, trouble_of_the_worker_is_retried) {
    for (const char* status : {"500 Internal Server Error", "503 Service Unavailable", "408 Request Timeout",
                               "425 Too Early", "429 Too Many Requests", "302 Found"}) {
        worker();
        const work_result r = answered(status, "");
        EXPECT_EQ(r.verdict, verdict::retry) << status;
        EXPECT_EQ(r.body, at(fmt::format("it answered {}", status)));
        EXPECT_EQ(r.retry_after, 0ms);
    }
}

TEST_F(flow_http, retry_after_is_honoured_in_both_forms) {
    EXPECT_EQ(answered("503 Service Unavailable", "", "Retry-After: 17\r\n").retry_after, 17s);
    worker();
    const milliseconds until =
        answered("429 Too Many Requests", "", "Retry-After: Fri, 31 Dec 2999 23:59:59 GMT\r\n").retry_after;
    EXPECT_GT(until, 24h * 365 * 100);
}

TEST_F(flow_http, large_explanation_does_not_matter) {
    const work_result r = answered("500 Internal Server Error", std::string(mebibyte, 'x'));
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_TRUE(r.body.starts_with(at("it answered 500 Internal Server Error"))) << r.body;
    EXPECT_LT(r.body.size(), 1'200U);
}

TEST_F(flow_http, large_bodies_go_both_ways_at_once) {
    const std::string body(10 * mebibyte, 'b');
    auto called = start(body);
    http_connection c = peer.accept();
    c.read_head();
    c.write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.size()));
    for (std::size_t done = 0; done < body.size();) {  // an echo: reads no more before it has written
        const std::string some = c.read(64 * 1'024);
        ASSERT_FALSE(some.empty());
        ASSERT_TRUE(c.write(some));
        done += some.size();
    }
    EXPECT_TRUE(called.get().body == body);
}

TEST_F(flow_http, worker_that_answers_all_before_it_reads_is_no_deadlock) {
    auto called = start(std::string(10 * mebibyte, 'b'));
    http_connection c = peer.accept();
    c.read_head();
    c.answer("200 OK", std::string(10 * mebibyte, 'r'));
    EXPECT_EQ(called.get().body.size(), 10 * mebibyte);
    EXPECT_TRUE(c.wait_closed());
}

TEST_F(flow_http, refusal_before_the_body_was_read_is_seen) {
    auto called = start(std::string(10 * mebibyte, 'b'));
    http_connection c = peer.accept();
    c.read_head();
    c.answer("413 Payload Too Large", "");
    EXPECT_EQ(called.get().verdict, verdict::dead);
}

TEST_F(flow_http, result_over_the_limit_is_dead) {
    worker(10);
    EXPECT_EQ(answered("200 OK", "0123456789").verdict, verdict::good);
    worker(10);
    const work_result r = answered("200 OK", "0123456789a");
    EXPECT_EQ(r.verdict, verdict::dead);
    EXPECT_EQ(r.body, at("its result is larger than 10 bytes"));
    worker(10);
    EXPECT_EQ(said("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n").verdict,
              verdict::dead);
}

TEST_F(flow_http, connections_are_used_again) {
    auto first = start("one");
    http_connection c = peer.accept();
    EXPECT_TRUE(c.read_request().ends_with("one"));
    c.answer("200 OK", "1");
    EXPECT_EQ(first.get().body, "1");
    auto second = start("two");
    EXPECT_TRUE(c.read_request().ends_with("two"));
    c.answer("503 Busy", "not now");
    EXPECT_EQ(second.get().verdict, verdict::retry);
    auto third = start("three");
    EXPECT_TRUE(c.read_request().ends_with("three"));
    c.answer("200 OK", "3");
    EXPECT_EQ(third.get().body, "3");
}

TEST_F(flow_http, connection_that_the_worker_will_close_is_not_used_again) {
    auto first = start();
    http_connection c = peer.accept();
    c.read_request();
    c.answer("200 OK", "1", "Connection: close\r\n");
    first.get();
    auto second = start();
    http_connection next = peer.accept();
    next.read_request();
    next.answer("200 OK", "2");
    EXPECT_EQ(second.get().body, "2");
}

TEST_F(flow_http, connection_that_was_closed_meanwhile_is_replaced) {
    {
        auto first = start();
        http_connection c = peer.accept();
        c.read_request();
        c.answer("200 OK", "1");
        first.get();
    }
    auto second = start();
    http_connection next = peer.accept();
    next.read_request();
    next.answer("200 OK", "2");
    EXPECT_EQ(second.get().body, "2");
}

TEST_F(flow_http, connection_that_turns_out_closed_is_replaced_and_the_request_sent_again) {
    auto first = start();
    http_connection c = peer.accept();
    c.read_request();
    c.answer("200 OK", "1");
    first.get();
    auto second = start("again");
    EXPECT_TRUE(c.read_request().ends_with("again"));
    c.reset();  // it was idle for too long, as the worker sees it
    http_connection next = peer.accept();
    EXPECT_TRUE(next.read_request().ends_with("again"));
    next.answer("200 OK", "2");
    EXPECT_EQ(second.get().body, "2");
}

TEST_F(flow_http, request_is_not_sent_again_once_something_was_answered) {
    auto first = start();
    http_connection c = peer.accept();
    c.read_request();
    c.answer("200 OK", "1");
    first.get();
    auto second = start();
    c.read_request();
    c.write("HTTP/1.1 20");
    c.reset();
    EXPECT_EQ(second.get().verdict, verdict::retry);
}

TEST_F(flow_http, first_connection_that_is_closed_without_an_answer_is_a_failure) {
    const work_result r = said("");
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_EQ(r.body, at("the connection was closed before an answer came"));
}

TEST_F(flow_http, answer_that_is_cut_in_the_middle_is_retried) {
    EXPECT_EQ(said("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234").body,
              at("the connection was cut in the middle of the answer"));
    worker();
    EXPECT_EQ(said("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n012").body,
              at("the connection was cut in the middle of the answer"));
    worker();
    EXPECT_EQ(said("HTTP/1.1 200").verdict, verdict::retry);
    worker();
    EXPECT_EQ(said("HTTP/1.1 200 OK\r\nContent-").verdict, verdict::retry);
}

TEST_F(flow_http, garbage_is_retried) {
    for (const std::string& garbage : {"SSH-2.0-OpenSSH_9.2\r\n\r\n"s, std::string(100'000, 'x'), "\0\1\2\3\r\n\r\n"s,
                                       "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"s, "HTTP/1.1 2 OK\r\n\r\n"s,
                                       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"s}) {
        worker();
        const work_result r = said(garbage);
        EXPECT_EQ(r.verdict, verdict::retry) << garbage.substr(0, 50);
        EXPECT_TRUE(r.body.starts_with(at("")) && r.body.size() < 200) << r.body;
    }
}

TEST_F(flow_http, refused_connection_is_retried) {
    peer.close();
    const work_result r = start().get();
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_EQ(r.body, at("no connection: Connection refused"));
}

TEST_F(flow_http, names_are_looked_up) {
    addrinfo* found = nullptr;
    if (::getaddrinfo("localhost", nullptr, nullptr, &found) != 0)
        GTEST_SKIP() << "this machine does not know localhost: it has no /etc/hosts";
    ::freeaddrinfo(found);
    use(make_http_worker(back, *parse_http_url(fmt::format("http://localhost:{}/", peer.port())), mebibyte));
    EXPECT_EQ(answered("200 OK", "x").body, "x");
}

TEST_F(flow_http, slow_answers_end_at_the_time_limit) {
    auto called = start("body", 50ms);
    http_connection c = peer.accept();
    c.read_request();
    const work_result r = called.get();
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_EQ(r.body, at("it did not answer within 50 ms"));
    EXPECT_TRUE(c.wait_closed());
}

TEST_F(flow_http, slow_ends_of_answers_end_at_the_time_limit) {
    auto called = start("body", 50ms);
    http_connection c = peer.accept();
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123");
    EXPECT_EQ(called.get().body, at("it did not answer within 50 ms"));
}

TEST_F(flow_http, worker_that_does_not_read_ends_at_the_time_limit) {
    auto called = start(std::string(20 * mebibyte, 'b'), 100ms);
    http_connection c = peer.accept();
    c.read_head();
    EXPECT_EQ(called.get().body, at("it did not answer within 100 ms"));
}

TEST_F(flow_http, abort_ends_the_call) {
    auto called = start();
    http_connection c = peer.accept();
    c.read_request();
    back.run([&] { worker_->abort(); });
    const work_result r = called.get();
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_EQ(r.body, at("the server is being stopped"));
}

TEST_F(flow_http, id_that_no_header_can_hold_is_dead) {
    delivery d;
    d.message.id = "a\r\nX: y";
    EXPECT_EQ(call(d).verdict, verdict::dead);
}
