// A scripted HTTPS server as the worker of a flow.
#include "flow/http/http.hpp"
#include "flow/worker.hpp"
#include "support/http_peer.hpp"
#include "support/temporary_folder.hpp"
#include "support/worker_test.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <signal.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <future>
#include <memory>

using namespace freshet;
using namespace freshet::test;
using namespace std::literals;
using verdict = enum work_result::verdict;

namespace {

/// An authority, a server at 127.0.0.1 that it has signed, and an authority that has signed nothing.
class certificates {
public:
    certificates() {
        make_authority("ca");
        make_authority("other-ca");
        make("server",
             fmt::format("-addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE -CA {0} "
                         "-CAkey {1}",
                         path("ca.pem"), path("ca-key.pem")));
    }
    std::string path(std::string_view name) const { return folder_.file(std::string(name)); }

private:
    void make_authority(std::string_view name) { make(name, ""); }
    void make(std::string_view name, const std::string& more) {
        const std::string command = fmt::format(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=freshet-{0} {1} "
            "-keyout {2} -out {3} 2>/dev/null",
            name, more, path(fmt::format("{}-key.pem", name)), path(fmt::format("{}.pem", name)));
        if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl made no certificate");
    }

    temporary_folder folder_;
};

/// OpenSSL may write to a client that has left: no reason for this thread to die. The worker's own thread is not
/// helped.
class deaf_to_sigpipe {
public:
    deaf_to_sigpipe() {
        ::sigemptyset(&pipe_);
        ::sigaddset(&pipe_, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~deaf_to_sigpipe() {
        const timespec at_once{};
        while (::sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE) {}
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    deaf_to_sigpipe(const deaf_to_sigpipe&) = delete;

private:
    sigset_t pipe_, before_;
};

/// Takes HTTP/1.1 of what it is offered, and notes whether HTTP/2 was.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void* saw_http_2) {
    const std::string_view all(reinterpret_cast<const char*>(offered), offered_size);
    *static_cast<bool*>(saw_http_2) = all.find("\2h2") != std::string_view::npos;
    const auto at = all.find("\10http/1.1");
    if (at == std::string_view::npos) return SSL_TLSEXT_ERR_NOACK;
    *chosen = offered + at + 1;
    *size = 8;
    return SSL_TLSEXT_ERR_OK;
}

class flow_https : public worker_test {
protected:
    static void SetUpTestSuite() { made = std::make_unique<certificates>(); }
    static void TearDownTestSuite() { made.reset(); }

    flow_https() : context(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free) {
        ::SSL_CTX_use_certificate_file(context.get(), made->path("server.pem").c_str(), SSL_FILETYPE_PEM);
        ::SSL_CTX_use_PrivateKey_file(context.get(), made->path("server-key.pem").c_str(), SSL_FILETYPE_PEM);
        ::SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, &saw_http_2);
    }
    void worker(std::string_view host, const std::string& ca_file) {
        http_options o;
        o.url = *parse_http_url(fmt::format("https://{}:{}/", host, peer.port()));
        o.ca_file = ca_file;
        o.concurrency = 4;
        use(make_http_worker(back, o));
    }
    std::future<work_result> start(std::string body = "body") {
        return std::async(std::launch::async, [this, body = std::move(body)] { return call(body); });
    }
    std::string at(std::string_view what) const { return fmt::format("127.0.0.1:{}: {}", peer.port(), what); }
    /// One call of which the worker gets no byte.
    work_result refused() {
        auto called = start();
        http_connection c = peer.accept();
        EXPECT_FALSE(c.secure(context.get()) && !c.read_request().empty());
        return called.get();
    }

    static std::unique_ptr<certificates> made;
    deaf_to_sigpipe deaf;  // the shard has its thread already
    std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context;
    bool saw_http_2{false};
    http_peer peer;
};

std::unique_ptr<certificates> flow_https::made;

}  // namespace

TEST_F(flow_https, worker_with_a_certificate_that_is_trusted_is_called) {
    worker("127.0.0.1", made->path("ca.pem"));
    auto called = start();
    http_connection c = peer.accept();
    ASSERT_TRUE(c.secure(context.get()));
    EXPECT_TRUE(saw_http_2);
    EXPECT_EQ(c.protocol(), "http/1.1");
    EXPECT_TRUE(c.read_request().ends_with("\r\n\r\nbody"));
    c.answer("200 OK", "x");
    EXPECT_EQ(called.get().body, "x");
    called = start("more");
    EXPECT_TRUE(c.read_request().ends_with("\r\n\r\nmore")) << "the connection is kept";
    c.answer("200 OK", "y");
    EXPECT_EQ(called.get().body, "y");
}

TEST_F(flow_https, large_bodies_go_both_ways) {
    worker("127.0.0.1", made->path("ca.pem"));
    const std::string body(std::size_t{1} << 20, 'b');
    auto called = start(body);
    http_connection c = peer.accept();
    ASSERT_TRUE(c.secure(context.get()));
    EXPECT_TRUE(c.read_request().ends_with(body));
    c.answer("200 OK", body);
    EXPECT_TRUE(called.get().body == body);
}

TEST_F(flow_https, connection_that_was_closed_meanwhile_is_replaced) {
    worker("127.0.0.1", made->path("ca.pem"));
    auto called = start();
    {
        http_connection c = peer.accept();
        ASSERT_TRUE(c.secure(context.get()));
        c.read_request();
        c.answer("200 OK", "x");
        called.get();
        called = start("again");
        EXPECT_TRUE(c.read_request().ends_with("again"));
    }
    http_connection next = peer.accept();
    ASSERT_TRUE(next.secure(context.get()));
    EXPECT_TRUE(next.read_request().ends_with("again"));
    next.answer("200 OK", "y");
    EXPECT_EQ(called.get().body, "y");
}

TEST_F(flow_https, certificate_of_an_unknown_authority_is_no_connection) {
    worker("127.0.0.1", made->path("other-ca.pem"));
    const work_result r = refused();
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_FALSE(r.began);
    EXPECT_TRUE(r.body.starts_with(at("no connection: its certificate is not trusted: "))) << r.body;
}

TEST_F(flow_https, systems_authorities_do_not_know_the_tests) {
    worker("127.0.0.1", "");
    const work_result r = refused();
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_TRUE(r.body.starts_with(at("no connection: its certificate is not trusted: "))) << r.body;
}

TEST_F(flow_https, certificate_of_another_host_is_no_connection) {
    if (!knows_localhost()) GTEST_SKIP() << "this machine does not know localhost";
    worker("localhost", made->path("ca.pem"));
    const work_result r = refused();
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_FALSE(r.began);
    EXPECT_NE(r.body.find("no connection: its certificate is not trusted: "), std::string::npos) << r.body;
}

TEST_F(flow_https, worker_that_speaks_no_tls_is_no_connection) {
    worker("127.0.0.1", made->path("ca.pem"));
    auto called = start();
    http_connection c = peer.accept();
    c.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    const work_result r = called.get();
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_FALSE(r.began);
    EXPECT_TRUE(r.body.starts_with(at("no connection: TLS failed: "))) << r.body;
}

TEST_F(flow_https, file_of_authorities_that_has_none_is_no_connection) {
    const std::string empty = made->path("empty.pem");
    std::ofstream(empty) << "nothing\n";
    worker("127.0.0.1", empty);
    const work_result r = refused();
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_TRUE(r.body.starts_with(at("no connection: ")) && r.body.find(empty) != std::string::npos) << r.body;
}

TEST_F(flow_https, abort_ends_a_call_in_the_middle_of_the_handshake) {
    worker("127.0.0.1", made->path("ca.pem"));
    auto called = start();
    http_connection c = peer.accept();
    back.run([&] { worker_->abort(); });
    const work_result r = called.get();
    EXPECT_EQ(r.body, at("the server is being stopped"));
    EXPECT_FALSE(r.began);
    EXPECT_TRUE(c.wait_closed());
}
