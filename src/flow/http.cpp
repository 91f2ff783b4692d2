#include "flow/http.hpp"

#include <freshet/message.hpp>

#include "protocol/reply_parser.hpp"
#include "queue/operations.hpp"
#include "shard/gate.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

namespace freshet {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t explanation_size_max_bytes = std::size_t{64} << 10;  ///< read of an answer that is no result
constexpr int interim_answers_max = 10;

using request_message = http::request<http::span_body<const char>>;
using reply_parser = http::response_parser<http::string_body>;

struct connection {
    explicit connection(asio::io_context& context) : socket(context) {}
    tcp::socket socket;
    beast::flat_buffer buffer;
    bool reused{false};
};

/// The names found, or why not. Shared with the resolver, which cannot be interrupted.
struct lookup {
    explicit lookup(shard& home) : done(home) {}
    gate done;
    error_code error{asio::error::operation_aborted};
    std::vector<tcp::endpoint> endpoints;
};

/// What ends a call before its time: its time limit, or the flow's stop. Its timer may outlive the call.
class cutter : public std::enable_shared_from_this<cutter> {
public:
    explicit cutter(asio::io_context& context) : timer_(context) {}

    void start(milliseconds limit) {
        timer_.expires_after(limit);
        timer_.async_wait([self = shared_from_this(), limit](const error_code& ec) {
            if (!ec) self->cut(fmt::format("it did not answer within {} ms", limit.count()));
        });
    }
    void cut(std::string why) {
        if (over_ || is_cut()) return;
        why_ = std::move(why);
        error_code ignored;
        if (socket != nullptr) socket->close(ignored);
        if (waiting != nullptr) waiting->open();
    }
    void end() {
        over_ = true;
        timer_.cancel();
    }
    bool is_cut() const noexcept { return !why_.empty(); }
    const std::string& why() const noexcept { return why_; }

    tcp::socket* socket{nullptr};  ///< closed by the cut
    gate* waiting{nullptr};        ///< opened by the cut

private:
    asio::steady_timer timer_;
    std::string why_;
    bool over_{false};
};

struct sending {
    explicit sending(shard& home) : done(home) {}
    gate done;
    error_code error;
};

/// What came back over one connection.
struct answer {
    std::optional<work_result> said;  ///< none: the connection was stale, nothing came
    bool reusable{false};
};

class http_worker final : public flow_worker {
public:
    http_worker(shard& back, http_url url, std::size_t result_size_max_bytes)
        : back_(back), url_(std::move(url)), result_size_max_bytes_(result_size_max_bytes) {}
    asio::awaitable<work_result> call(const delivery& d, std::string_view queue_name, milliseconds limit) override;
    void abort() override;

private:
    struct running {
        running(http_worker& c, std::shared_ptr<cutter> with) : owner(c), cut(std::move(with)) {
            owner.running_.insert(cut.get());
        }
        running(const running&) = delete;
        ~running() {
            owner.running_.erase(cut.get());
            cut->end();
        }
        http_worker& owner;
        std::shared_ptr<cutter> cut;
    };

    asio::awaitable<std::string> connect(tcp::socket& s, cutter& cut);
    asio::awaitable<std::vector<tcp::endpoint>> find(cutter& cut, error_code& error);
    asio::awaitable<answer> exchange(connection& c, request_message& question, cutter& cut);
    asio::awaitable<answer> read_answer(connection& c, cutter& cut, bool& started);
    std::unique_ptr<connection> take_idle();
    work_result retry(std::string_view why) const {
        return work_ended(work_result::verdict::retry, fmt::format("{}: {}", url_.authority, why));
    }
    work_result judge(reply_parser& parser) const;

    shard& back_;
    http_url url_;
    std::size_t result_size_max_bytes_;
    std::vector<std::unique_ptr<connection>> idle_;  ///< at most one per slot of the flow
    std::set<cutter*> running_;
};

bool fits_a_header(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

asio::awaitable<work_result> http_worker::call(const delivery& d, std::string_view queue_name, milliseconds limit) {
    const message& m = d.message;
    if (!fits_a_header(m.id) || !fits_a_header(m.key))
        co_return work_ended(work_result::verdict::dead,
                             "its id or key has control characters, which no HTTP header can hold");
    request_message question(http::verb::post, url_.target, 11);
    question.set(http::field::host, url_.authority);
    question.set(http::field::user_agent, "freshet/" FRESHET_VERSION);
    question.set(http::field::content_type, "application/octet-stream");
    question.set("Freshet-Id", m.id);
    question.set("Freshet-Key", m.key);
    question.set("Freshet-Queue", queue_name);
    question.set("Freshet-Attempt", std::to_string(m.attempt));
    question.set("Freshet-Redelivered", d.redelivered ? "1" : "0");
    question.set("Freshet-Flags", std::to_string(m.flags));
    question.body() = beast::span<const char>(m.body.data(), m.body.size());
    question.content_length(m.body.size());

    const running now(*this, std::make_shared<cutter>(back_.context()));
    now.cut->start(limit);
    for (;;) {
        std::unique_ptr<connection> c = take_idle();
        if (!c) {
            c = std::make_unique<connection>(back_.context());
            const std::string why = co_await connect(c->socket, *now.cut);
            if (!why.empty()) co_return retry(why);
        }
        now.cut->socket = &c->socket;
        answer a = co_await exchange(*c, question, *now.cut);
        now.cut->socket = nullptr;
        if (now.cut->is_cut() && (!a.said || a.said->verdict != work_result::verdict::good))
            co_return retry(now.cut->why());
        if (a.reusable && c->socket.is_open()) {
            c->reused = true;
            idle_.push_back(std::move(c));
        }
        if (a.said) co_return std::move(*a.said);
        idle_.clear();  // the others are as old
    }
}

/// A connection that is still open as far as one can see.
std::unique_ptr<connection> http_worker::take_idle() {
    while (!idle_.empty()) {
        std::unique_ptr<connection> c = std::move(idle_.back());
        idle_.pop_back();
        char byte;
        const ssize_t n = ::recv(c->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) return c;
    }
    return nullptr;
}

asio::awaitable<std::vector<tcp::endpoint>> http_worker::find(cutter& cut, error_code& error) {
    const auto port = static_cast<unsigned short>(std::stoul(url_.port));
    const asio::ip::address address = asio::ip::make_address(url_.host, error);
    if (!error) co_return std::vector<tcp::endpoint>(1, tcp::endpoint(address, port));
    tcp::resolver resolver(back_.context());
    const auto found = std::make_shared<lookup>(back_);
    resolver.async_resolve(url_.host, url_.port,
                           [found](const error_code& ec, const tcp::resolver::results_type& names) {
                               found->error = ec;
                               for (const auto& name : names) found->endpoints.push_back(name.endpoint());
                               found->done.open();
                           });
    cut.waiting = &found->done;
    co_await found->done.wait();
    cut.waiting = nullptr;
    error = found->error;
    co_return found->endpoints;
}

/// Empty, or why there is no connection.
asio::awaitable<std::string> http_worker::connect(tcp::socket& s, cutter& cut) {
    error_code error;
    const std::vector<tcp::endpoint> endpoints = co_await find(cut, error);
    if (!error && endpoints.empty()) error = asio::error::host_not_found;
    cut.socket = &s;
    for (const tcp::endpoint& e : endpoints) {
        if (cut.is_cut()) break;
        error_code ignored;
        s.close(ignored);
        auto [ec] = co_await s.async_connect(e, asio::as_tuple(asio::use_awaitable));
        error = ec;
        if (!error) break;
    }
    cut.socket = nullptr;
    if (cut.is_cut()) co_return cut.why();
    if (error) co_return fmt::format("no connection: {}", error.message());
    s.set_option(tcp::no_delay(true), error);
    co_return std::string();
}

/// Writes and reads at the same time: a worker may answer before it has read everything.
asio::awaitable<answer> http_worker::exchange(connection& c, request_message& question, cutter& cut) {
    sending out(back_);
    http::async_write(c.socket, question, [&out](const error_code& ec, std::size_t) {
        out.error = ec;
        out.done.open();
    });
    bool started = false;
    answer a = co_await read_answer(c, cut, started);
    if (!out.done.is_open() || !a.reusable) {
        error_code ignored;
        c.socket.close(ignored);
    }
    co_await out.done.wait();
    if (out.error) a.reusable = false;
    if (c.reused && !started && !cut.is_cut()) a.said.reset();
    co_return a;
}

asio::awaitable<answer> http_worker::read_answer(connection& c, cutter& cut, bool& started) {
    answer a;
    std::optional<reply_parser> parser;
    for (int n = 0;; ++n) {
        parser.emplace();
        parser->body_limit(boost::none);
        auto [ec, size] =
            co_await http::async_read_header(c.socket, c.buffer, *parser, asio::as_tuple(asio::use_awaitable));
        started = started || size != 0 || parser->got_some() || c.buffer.size() != 0;
        if (ec) {
            const bool closed =
                ec == http::error::end_of_stream || ec == asio::error::connection_reset || ec == asio::error::eof;
            a.said = retry(closed ? "the connection was closed before an answer came" : "no answer: " + ec.message());
            if (cut.is_cut()) a.said = retry(cut.why());
            co_return a;
        }
        const bool interim = http::to_status_class(parser->get().result_int()) == http::status_class::informational;
        if (!interim || n == interim_answers_max) break;
    }
    const bool is_good = http::to_status_class(parser->get().result_int()) == http::status_class::successful;
    const std::size_t limit = is_good ? result_size_max_bytes_ : explanation_size_max_bytes;
    const auto length = parser->content_length();
    bool too_large = length && *length > limit;
    if (!too_large) {
        parser->body_limit(limit);
        auto [ec, size] = co_await http::async_read(c.socket, c.buffer, *parser, asio::as_tuple(asio::use_awaitable));
        (void)size;
        too_large = ec == http::error::body_limit;
        if (ec && !too_large && is_good) {
            const bool closed = ec == http::error::partial_message || ec == asio::error::connection_reset;
            a.said =
                retry(closed ? "the connection was cut in the middle of the answer" : "no answer: " + ec.message());
            if (cut.is_cut()) a.said = retry(cut.why());
            co_return a;
        }
        a.reusable = !ec && parser->keep_alive() && c.buffer.size() == 0;
    }
    if (is_good && too_large) {
        a.said = work_ended(work_result::verdict::dead,
                            fmt::format("{}: its result is larger than {} bytes", url_.authority, limit));
        co_return a;
    }
    a.said = judge(*parser);
    co_return a;
}

work_result http_worker::judge(reply_parser& parser) const {
    auto& reply = parser.get();
    work_result said;
    if (http::to_status_class(reply.result_int()) == http::status_class::successful) {
        said.verdict = work_result::verdict::good;
        said.body = std::move(reply.body());
        const std::string_view flags = reply["Freshet-Flags"];
        std::from_chars(flags.data(), flags.data() + flags.size(), said.flags);
        return said;
    }
    said.verdict = judge_status(reply.result_int());
    const std::string_view reason = reply.reason(), body = reply.body();
    said.body = fmt::format("{}: it answered {}", url_.authority, reply.result_int());
    if (!reason.empty()) said.body += fmt::format(" {}", one_line(reason));
    if (const std::string text = one_line(body.substr(0, reason_size_max_bytes)); !text.empty())
        said.body += ": " + text;
    if (said.verdict == work_result::verdict::retry)
        said.retry_after = parse_retry_after(reply[http::field::retry_after], wall::now());
    return said;
}

void http_worker::abort() {
    for (cutter* c : running_) c->cut("the server is being stopped");
}

}  // namespace

std::unique_ptr<flow_worker> make_http_worker(shard& back, http_url url, std::size_t result_size_max_bytes) {
    return std::make_unique<http_worker>(back, std::move(url), result_size_max_bytes);
}

}  // namespace freshet
