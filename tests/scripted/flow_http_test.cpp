// A scripted HTTP server as the worker of a flow.
#include <freshet/time.hpp>

#include "flow/http/http.hpp"
#include "flow/worker.hpp"
#include "queue/operations.hpp"
#include "shard/resolver.hpp"
#include "shard/shard.hpp"
#include "shard/socket_address.hpp"
#include "store/pool/address.hpp"
#include "support/fake_resolver.hpp"
#include "support/http_peer.hpp"
#include "support/worker_test.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <vector>

using namespace freshet;
using namespace freshet::test;
using namespace std::literals;
using verdict = enum work_result::verdict;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

class flow_http : public worker_test {
protected:
    flow_http() { worker(); }

    http_options options(std::string_view url) const {
        http_options o;
        o.url = *parse_http_url(url);
        o.result_size_max_bytes = 64 * mebibyte;
        o.concurrency = 4;
        return o;
    }
    void worker(std::size_t result_size_max = 64 * mebibyte) {
        http_options o = options(peer.url("/resize?w=200"));
        o.result_size_max_bytes = result_size_max;
        use(make_http_worker(back, o));
    }
    /// By a name, which the resolver knows or not.
    void named_worker() {
        names.home = &back;
        use(make_http_worker(back, options(fmt::format("http://worker.example:{}/", peer.port())), names));
    }
    /// The peer's port there.
    socket_address address(const char* host) const {
        return literal_address({host, static_cast<std::uint16_t>(peer.port()), 1});
    }
    /// Waits until the resolver was asked so often.
    void wait_for_look_ups(std::size_t count) {
        for (std::size_t asked = 0; asked < count;) back.run_and_wait([&] { asked = names.asked.size(); });
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
    fake_resolver names;
};

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// A variable of the environment, as long as this lives.
struct variable {
    variable(const char* n, const std::string& value) : name(n) { ::setenv(name, value.c_str(), 1); }
    ~variable() { ::unsetenv(name); }
    variable(const variable&) = delete;
    const char* name;
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
          "User-Agent: freshet/" FRESHET_VERSION ""s, "Content-Length: 5"s, "Freshet-Id: i d"s, "Freshet-Key: k"s,
          "Freshet-Queue: thumbs"s, "Freshet-Attempt: 2"s, "Freshet-Flags: 4000000000"s})
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

TEST_F(flow_http, status_line_without_a_reason_is_understood) {
    EXPECT_EQ(said("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx").body, "x");
    worker();
    EXPECT_EQ(said("HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx").body, "x");
    worker();
    EXPECT_EQ(said("HTTP/1.1 404\r\nContent-Length: 1\r\n\r\nx").body, at("it answered 404: x"));
}

TEST_F(flow_http, bare_line_feeds_are_understood) {
    const work_result r = said("HTTP/1.1 200 OK\nFreshet-Flags: 7\nContent-Length: 3\n\na\r\n");
    EXPECT_EQ(r.body, "a\r\n");
    EXPECT_EQ(r.flags, 7U);
}

TEST_F(flow_http, large_headers_are_understood) {
    std::string headers;
    for (int n = 0; headers.size() < 64 * 1'024; ++n)
        headers += fmt::format("X-{}: {}\r\n", n, std::string(1'000, 'x'));
    EXPECT_EQ(answered("200 OK", "x", headers + "Freshet-Flags: 3\r\n").flags, 3U);
    worker();
    EXPECT_EQ(answered("200 OK", "x", "X: " + std::string(64 * 1'024, 'x') + "\r\n").body, "x");
}

TEST_F(flow_http, headers_without_end_are_not_read) {
    const std::string line = "X: " + std::string(1'000, 'x') + "\r\n";
    auto called = start();
    http_connection c = peer.accept();
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\n");
    while (c.write(line)) {}
    const work_result r = called.get();
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_EQ(r.body, at("no answer: its header is larger than 262144 bytes"));
}

TEST_F(flow_http, old_servers_are_understood) {
    const work_result r = answered("200 OK", "x");
    EXPECT_EQ(r.body, "x");
    worker();
    EXPECT_EQ(said("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx").body, "x");
}

TEST_F(flow_http, fields_behind_the_chunks_change_nothing) {
    const work_result r = said(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Freshet-Flags\r\n\r\n1\r\nx\r\n0\r\n"
        "Freshet-Flags: 9\r\n\r\n");
    EXPECT_EQ(r.body, "x");
    EXPECT_EQ(r.flags, 0U);
}

TEST_F(flow_http, bodies_are_taken_as_they_are) {
    EXPECT_EQ(answered("200 OK", "not really gzip", "Content-Encoding: gzip\r\n").body, "not really gzip");
}

TEST_F(flow_http, fields_of_interim_answers_are_not_the_answers_own) {
    const work_result r =
        said("HTTP/1.1 103 Early Hints\r\nFreshet-Flags: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_EQ(r.body, "x");
    EXPECT_EQ(r.flags, 0U);
}

TEST_F(flow_http, no_large_body_waits_for_leave_to_be_sent) {
    auto called = start(std::string(2 * mebibyte, 'b'));
    http_connection c = peer.accept();
    const std::string request = c.read_request();
    EXPECT_EQ(request.find("Expect:"), std::string::npos);
    EXPECT_GT(request.size(), 2 * mebibyte);
    c.answer("200 OK", "x");
    EXPECT_EQ(called.get().body, "x");
}

TEST_F(flow_http, fields_without_a_value_are_sent) {
    delivery d;
    d.message.id = " ";
    auto called = std::async(std::launch::async, [&] { return call(d); });
    http_connection c = peer.accept();
    const std::string request = c.read_request();
    EXPECT_NE(request.find("\r\nFreshet-Id:"), std::string::npos) << request;
    EXPECT_NE(request.find("\r\nFreshet-Key:"), std::string::npos) << request;
    c.answer("200 OK", "x");
    EXPECT_EQ(called.get().body, "x");
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

TEST_F(flow_http, answers_in_chunks_or_without_a_body_are_whole_before_the_worker_reads) {
    for (const char* text :
         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "HTTP/1.1 204\r\n\r\n"}) {
        worker();
        auto called = start(std::string(10 * mebibyte, 'b'));
        http_connection c = peer.accept();
        c.read_head();
        c.write(text);
        EXPECT_EQ(called.get().verdict, verdict::good) << text;
        EXPECT_TRUE(c.wait_closed());
    }
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
    const work_result r = second.get();
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_EQ(r.body, at("the connection was cut in the middle of the answer"));
    while (peer.has_caller()) EXPECT_EQ(peer.accept().read_request(), "");
}

TEST_F(flow_http, request_is_not_sent_again_once_a_whole_line_was_answered) {
    auto first = start();
    http_connection c = peer.accept();
    c.read_request();
    c.answer("200 OK", "1");
    first.get();
    auto second = start();
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nContent-");
    c.reset();
    EXPECT_EQ(second.get().body, at("the connection was cut in the middle of the answer"));
    EXPECT_FALSE(peer.has_caller());
}

TEST_F(flow_http, large_request_is_sent_again_from_its_beginning) {
    auto first = start();
    http_connection c = peer.accept();
    c.read_request();
    c.answer("200 OK", "1");
    first.get();
    const std::string body = std::string(mebibyte, 'b') + "end";
    auto second = start(body);
    EXPECT_NE(c.read_head(), "");
    c.read(100'000);
    c.reset();
    http_connection next = peer.accept();
    EXPECT_TRUE(next.read_request().ends_with("\r\n\r\n" + body));
    next.answer("200 OK", "2");
    EXPECT_EQ(second.get().body, "2");
}

TEST_F(flow_http, connection_that_ends_in_good_order_without_an_answer_is_replaced_too) {
    auto first = start();
    {
        http_connection c = peer.accept();
        c.read_request();
        c.answer("200 OK", "1");
        first.get();
        first = start("again");
        EXPECT_TRUE(c.read_request().ends_with("again"));
    }
    http_connection next = peer.accept();
    EXPECT_TRUE(next.read_request().ends_with("again"));
    next.answer("200 OK", "2");
    EXPECT_EQ(first.get().body, "2");
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
    EXPECT_FALSE(r.began);
}

TEST_F(flow_http, what_may_have_reached_the_worker_has_begun) {
    EXPECT_TRUE(answered("200 OK", "x").began);
    worker();
    EXPECT_TRUE(answered("503 Busy", "x").began);
    worker();
    EXPECT_TRUE(said("").began);
    worker();
    EXPECT_TRUE(said("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234").began);
    worker();
    auto called = start("body", 50ms);
    http_connection c = peer.accept();
    EXPECT_TRUE(called.get().began);
}

TEST_F(flow_http, request_over_a_kept_connection_has_begun_although_no_new_one_can_be_made) {
    auto first = start();
    http_connection c = peer.accept();
    c.read_request();
    c.answer("200 OK", "1");
    first.get();
    auto second = start();
    c.read_request();
    peer.close();
    c.reset();
    const work_result r = second.get();
    EXPECT_EQ(r.body, at("no connection: Connection refused"));
    EXPECT_TRUE(r.began);
}

TEST_F(flow_http, connections_are_no_more_than_the_flows_calls) {
    http_options o = options(peer.url());
    o.concurrency = 2;
    use(make_http_worker(back, o));
    auto one = start("1"), two = start("2");
    http_connection first = peer.accept(), second = peer.accept();
    auto three = start("3");
    const std::string body = first.read_request().ends_with("1") ? "1" : "2";
    first.answer("200 OK", body);
    EXPECT_TRUE(first.read_request().ends_with("3"));
    first.answer("200 OK", "3");
    EXPECT_EQ(three.get().body, "3");
    EXPECT_FALSE(peer.has_caller());
    second.read_request();
    second.answer("200 OK", "x");
    EXPECT_EQ((body == "1" ? two : one).get().body, "x");
    EXPECT_EQ((body == "1" ? one : two).get().body, body);
}

TEST_F(flow_http, ipv6_addresses_are_reached) {
    std::unique_ptr<http_peer> six;
    try {
        six = std::make_unique<http_peer>(true);
    } catch (const std::runtime_error&) {
        GTEST_SKIP() << "this machine has no IPv6";
    }
    use(make_http_worker(back, options(fmt::format("http://[::1]:{}/", six->port()))));
    auto called = start();
    http_connection c = six->accept();
    EXPECT_NE(c.read_request().find(fmt::format("\r\nHost: [::1]:{}\r\n", six->port())), std::string::npos);
    c.answer("200 OK", "x");
    EXPECT_EQ(called.get().body, "x");
}

TEST_F(flow_http, all_addresses_of_a_name_are_tried) {
    names.answer.addresses = {address("127.0.0.2"), address("127.0.0.1")};  // nobody listens at the first
    named_worker();
    EXPECT_EQ(answered("200 OK", "x").body, "x");
}

TEST_F(flow_http, name_is_looked_up_once_for_many_calls) {
    names.answer.addresses = {address("127.0.0.1")};
    named_worker();
    EXPECT_EQ(answered("200 OK", "1", "Connection: close\r\n").body, "1");
    auto called = start();
    http_connection c = peer.accept();
    EXPECT_NE(c.read_request().find(fmt::format("\r\nHost: worker.example:{}\r\n", peer.port())), std::string::npos);
    c.answer("200 OK", "2");
    EXPECT_EQ(called.get().body, "2");
    back.run_and_wait([&] { EXPECT_EQ(names.asked, std::vector<std::string>{"worker.example"}); });
}

TEST_F(flow_http, name_that_does_not_resolve_is_retried) {
    names.answer.trouble = "the name does not resolve: Host not found (authoritative)";
    named_worker();
    const work_result r = call("body");
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_EQ(r.body, fmt::format("worker.example:{}: no connection: {}", peer.port(), names.answer.trouble));
    EXPECT_FALSE(r.began);
    back.run_and_wait([&] { names.answer.addresses = {address("127.0.0.1")}; });
    EXPECT_EQ(answered("200 OK", "x").body, "x");
}

TEST_F(flow_http, look_up_that_does_not_answer_ends_at_the_time_limit) {
    names.silent = true;
    named_worker();
    const work_result r = call("body", 50ms);
    EXPECT_EQ(r.body, fmt::format("worker.example:{}: it did not answer within 50 ms", peer.port()));
    EXPECT_FALSE(r.began);
}

TEST_F(flow_http, abort_ends_a_call_that_waits_for_a_look_up) {
    names.silent = true;
    named_worker();
    auto one = start(), two = start();
    wait_for_look_ups(1);
    const auto is_ready = [](const std::future<work_result>& f) { return f.wait_for(0s) == std::future_status::ready; };
    while (!is_ready(one) || !is_ready(two)) back.run_and_wait([&] { worker_->abort(); });
    EXPECT_EQ(one.get().body, fmt::format("worker.example:{}: the server is being stopped", peer.port()));
    EXPECT_FALSE(two.get().began);
}

TEST_F(flow_http, connection_that_is_not_answered_ends_at_the_time_limit) {
    use(make_http_worker(back, options("http://192.0.2.1:9/")));  // of nobody: RFC 5737
    const work_result r = call("body", 50ms);
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_FALSE(r.began);
}

TEST_F(flow_http, proxy_of_the_environment_is_used_where_the_flow_says_so) {
    const variable proxy("http_proxy", peer.url());
    http_options o = options("http://worker.example:81/x");
    o.proxy = true;
    use(make_http_worker(back, o));
    auto called = start();
    http_connection c = peer.accept();
    EXPECT_TRUE(c.read_request().starts_with("POST http://worker.example:81/x HTTP/1.1\r\n"));
    c.answer("200 OK", "x");
    EXPECT_EQ(called.get().body, "x");
}

TEST_F(flow_http, proxy_is_left_out_for_the_hosts_of_no_proxy) {
    http_peer proxy;
    const variable of_all("http_proxy", proxy.url()), but("no_proxy", "127.0.0.1");
    http_options o = options(peer.url());
    o.proxy = true;
    use(make_http_worker(back, o));
    EXPECT_EQ(answered("200 OK", "x").body, "x");
    EXPECT_FALSE(proxy.has_caller());
}

TEST_F(flow_http, proxy_of_the_environment_is_not_used_by_itself) {
    http_peer proxy;
    const variable of_all("http_proxy", proxy.url()), of_each("all_proxy", proxy.url());
    worker();
    EXPECT_EQ(answered("200 OK", "x").body, "x");
    EXPECT_FALSE(proxy.has_caller());
}

TEST_F(flow_http, proxy_that_refuses_is_no_beginning) {
    const variable proxy("http_proxy", peer.url());
    peer.close();
    http_options o = options("http://worker.example/");
    o.proxy = true;
    use(make_http_worker(back, o));
    const work_result r = call("body");
    EXPECT_EQ(r.body, "worker.example: no connection: Connection refused");
    EXPECT_FALSE(r.began);
}

TEST_F(flow_http, worker_that_goes_leaves_no_socket) {
    use(nullptr);
    const std::size_t before = open_descriptors();
    worker();
    auto one = start(), two = start();
    http_connection first = peer.accept(), second = peer.accept();
    for (http_connection* c : {&first, &second}) {
        c->read_request();
        c->answer("200 OK", "x");
    }
    one.get();
    two.get();
    use(nullptr);
    EXPECT_TRUE(first.wait_closed());
    EXPECT_TRUE(second.wait_closed());
    EXPECT_EQ(open_descriptors(), before + 2);  // the peer's
}

TEST_F(flow_http, frames_that_are_destroyed_with_their_shard_leave_nothing) {
    delivery d;
    d.message.body = "body";
    auto other = std::make_unique<shard>("other");
    other->start();
    names.home = other.get();
    names.silent = true;
    std::unique_ptr<flow_worker> asks, looks_up;
    other->run_and_wait([&] {
        asks = make_http_worker(*other, options(peer.url()));
        looks_up = make_http_worker(*other, options("http://worker.example/"), names);
        spawn_call(*other, *asks, d, 60s);
        spawn_call(*other, *looks_up, d, 60s);
    });
    http_connection c = peer.accept();
    c.read_request();
    other->stop();
    asks.reset();
    looks_up.reset();
    EXPECT_TRUE(c.wait_closed());
    other.reset();
}

TEST_F(flow_http, names_are_looked_up) {
    if (!knows_localhost()) GTEST_SKIP() << "this machine does not know localhost";
    use(make_http_worker(back, options(fmt::format("http://localhost:{}/", peer.port()))));
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
    EXPECT_TRUE(r.began);
    EXPECT_TRUE(c.wait_closed());
}

TEST_F(flow_http, id_that_no_header_can_hold_is_dead) {
    delivery d;
    d.message.id = "a\r\nX: y";
    const work_result r = call(d);
    EXPECT_EQ(r.verdict, verdict::dead);
    EXPECT_FALSE(r.began);
}
