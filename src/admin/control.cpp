#include "admin/control.hpp"

#include <freshet/time.hpp>

#include "admin/dead_letters.hpp"
#include "admin/drop.hpp"
#include "base/unix_socket.hpp"
#include "protocol/ask.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <set>
#include <utility>

namespace freshet {

namespace {

namespace asio = boost::asio;
using socket_type = asio::local::stream_protocol::socket;

constexpr std::size_t line_size_max = std::size_t{1} << 20;  ///< bytes; some 50,000 numbers
constexpr std::size_t connections_max = 16;
constexpr int backlog = 8;
constexpr auto pause_after_failure = std::chrono::seconds(1);

class control_connection;

/// What the connections share; lives until the last one has ended.
struct control_socket {
    explicit control_socket(shard& s, std::vector<journal*> j, milliseconds p)
        : back(s), journals(std::move(j)), patience(p), acceptor(s.context()), pause(s.context()) {}

    shard& back;
    std::vector<journal*> journals;
    milliseconds patience;
    asio::local::stream_protocol::acceptor acceptor;
    asio::steady_timer pause;
    std::set<control_connection*> connections;  ///< of the back shard
    bool closed{false};                         ///< of the back shard

    std::mutex mutex;
    std::condition_variable changed;
    std::size_t active{0};  ///< connections and the accept
    void enter() {
        const std::lock_guard lock(mutex);
        ++active;
    }
    void leave() {
        const std::lock_guard lock(mutex);
        --active;
        changed.notify_all();
    }
    void wait_until_empty() {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return active == 0; });
    }
};

/// One connection.
class control_connection : public std::enable_shared_from_this<control_connection> {
public:
    control_connection(std::shared_ptr<control_socket> d, socket_type s)
        : socket_state_(std::move(d)), socket_(std::move(s)), timer_(socket_state_->back.context()) {
        socket_state_->enter();
        socket_state_->connections.insert(this);
    }
    ~control_connection() {
        socket_state_->connections.erase(this);
        socket_state_->leave();
    }

    void begin() {
        limit();
        asio::async_read_until(socket_, asio::dynamic_buffer(line_, line_size_max), '\n',
                               [self = shared_from_this()](const boost::system::error_code& ec, std::size_t n) {
                                   self->timer_.cancel();
                                   if (!ec) self->ask(n);
                               });
    }
    void close() {
        boost::system::error_code ignored;
        timer_.cancel();
        socket_.close(ignored);
    }

private:
    void limit() {
        timer_.expires_after(socket_state_->patience);
        timer_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
            if (!ec) self->close();
        });
    }
    void ask(std::size_t size) {
        const std::string_view line = std::string_view(line_).substr(0, size - 1);
        const auto then = [self = shared_from_this()](command_answer a) { self->tell(std::move(a)); };
        if (auto command = parse_dead_command(line))
            return answer_dead_command(socket_state_->back, socket_state_->journals, std::move(*command), then);
        if (auto command = parse_drop_command(line))
            return answer_drop_command(socket_state_->back, socket_state_->journals, std::move(*command), then);
        tell({false, "the server does not know this request; is it of another version?\n"});
    }
    void tell(command_answer a) {
        if (!socket_.is_open()) return;
        answer_ = fmt::format("{} {}\n{}", a.done ? "done" : "failed", a.text.size(), a.text);
        limit();
        asio::async_write(
            socket_, asio::buffer(answer_),
            [self = shared_from_this()](const boost::system::error_code&, std::size_t) { self->close(); });
    }

    std::shared_ptr<control_socket> socket_state_;
    socket_type socket_;
    asio::steady_timer timer_;
    std::string line_;
    std::string answer_;
};

void accept(const std::shared_ptr<control_socket>& d) {
    d->acceptor.async_accept([d](const boost::system::error_code& ec, socket_type s) {
        if (d->closed) return d->leave();
        if (!ec) {
            if (d->connections.size() < connections_max) std::make_shared<control_connection>(d, std::move(s))->begin();
            return accept(d);
        }
        d->pause.expires_after(pause_after_failure);  // no descriptor is free, say
        d->pause.async_wait([d](const boost::system::error_code&) { d->closed ? d->leave() : accept(d); });
    });
}

class unix_control final : public control {
public:
    unix_control(std::shared_ptr<control_socket> d, std::string path)
        : socket_state_(std::move(d)), path_(std::move(path)) {
        socket_state_->enter();
        socket_state_->back.run([d = socket_state_] { accept(d); });
    }
    ~unix_control() override { unix_control::stop(); }

    void stop() override {
        if (std::exchange(stopped_, true)) return;
        ::unlink(path_.c_str());
        socket_state_->back.run_and_wait([this] {
            boost::system::error_code ignored;
            socket_state_->closed = true;
            socket_state_->acceptor.close(ignored);
            socket_state_->pause.cancel();
            for (control_connection* v : std::set<control_connection*>(socket_state_->connections)) v->close();
        });
        socket_state_->wait_until_empty();
    }

private:
    std::shared_ptr<control_socket> socket_state_;
    std::string path_;
    bool stopped_{false};
};

problem trouble(const std::string& path, std::string_view why) {
    return {errc::refused, effect::not_done,
            fmt::format("freshet dead and freshet queue will not reach this server: {}: {}", path, why)};
}

std::string reason(int error) {
    switch (error) {
        case EADDRINUSE: return "another server answers there";
        case ENOTSOCK: return "a file that is no socket stands there";
        case ENAMETOOLONG: return fmt::format("the path of a socket has at most {} bytes", unix_path_max);
        default: return std::strerror(error);
    }
}

}  // namespace

std::string control_path(const std::string& state_folder) { return state_folder + "/control"; }

result<std::unique_ptr<control>> make_control(shard& back, std::vector<journal*> journals, std::string path,
                                              milliseconds patience) {
    owned_descriptor made = listen_at_unix(path, backlog, {.mode = S_IRUSR | S_IWUSR});
    if (made.get() < 0) return trouble(path, reason(errno));
    auto d = std::make_shared<control_socket>(back, std::move(journals), patience);
    d->acceptor.assign(asio::local::stream_protocol(), made.release());
    return std::unique_ptr<control>(std::make_unique<unix_control>(std::move(d), std::move(path)));
}

}  // namespace freshet
