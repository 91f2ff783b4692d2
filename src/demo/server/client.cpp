#include "demo/server/client.hpp"

#include "base/interrupt.hpp"
#include "base/unix_socket.hpp"
#include "protocol/form.hpp"
#include "protocol/reply_parser.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <stdexcept>
#include <vector>

namespace freshet::demonstration {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t read_size_bytes = std::size_t{256} << 10;
constexpr std::chrono::milliseconds answer_limit{60'000}, moment{1};

[[noreturn]] void lost(const char* how) { throw std::runtime_error(std::string("the server ") + how); }

owned_descriptor connect_to(const std::string& path) {
    owned_descriptor d = connect_to_unix(path);
    if (d.get() < 0) lost("takes no connection");
    ::fcntl(d.get(), F_SETFL, O_NONBLOCK);
    return d;
}

/// In which a get and a set of one key are asked and answered.
form classic(command what) {
    form f;
    f.dialect = what == command::get ? dialect::classic_get : dialect::classic_line;
    return f;
}

class connection {
public:
    connection(conversation& talk, const std::string& socket_path, std::size_t depth)
        : talk_(talk), socket_(connect_to(socket_path)), depth_(depth) {}

    bool idle() const noexcept { return asked_.empty(); }
    pollfd interest() const noexcept {
        return {socket_.get(), static_cast<short>(out_.written.empty() ? POLLIN : POLLIN | POLLOUT), 0};
    }

    void ask_and_send() {
        std::uint32_t subject = 0;
        while (asked_.size() < depth_ && talk_.ask(out_, subject))
            asked_.push_back({subject, clock::now(), out_.asked});
        while (sent_ < out_.written.size()) {
            const std::string_view rest = out_.written.view(sent_);
            const ssize_t n = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (n < 0 && errno == EAGAIN) return;
            if (n < 0) lost("has cut a connection");
            sent_ += static_cast<std::size_t>(n);
        }
        out_.written.clear();
        sent_ = 0;
    }

    void receive(std::span<char> buffer) {
        const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) lost("has cut a connection");
        const auto now = clock::now();
        in_.append(buffer.data(), static_cast<std::size_t>(n));
        std::string_view rest = in_;
        while (!asked_.empty()) {
            const question q = asked_.front();
            const auto status = parser_.next(rest, q.asked, classic(q.asked.command), answer_);
            if (status == reply_parser::status::more) break;
            if (status != reply_parser::status::reply) lost("has said what is no answer");
            asked_.pop_front();
            talk_.answered(q.subject, answer_, now - q.at);
        }
        in_.erase(0, in_.size() - rest.size());
    }

private:
    struct question {
        std::uint32_t subject;
        clock::time_point at;
        request asked;
    };

    conversation& talk_;
    owned_descriptor socket_;
    std::size_t depth_;
    std::deque<question> asked_;
    asking out_;
    reply_parser parser_{};
    reply answer_{};
    std::size_t sent_{0};  ///< of it
    std::string in_;       ///< the beginning of the next answer
};

}  // namespace

void asking::get(std::string_view key) {
    asked = {};
    request r;
    r.key = key;
    r.want_value = true;
    freshet::ask(r, classic(r.command), written);
}

void asking::set(std::string_view key, std::string_view value) {
    asked = {};
    asked.command = command::store;
    request r = asked;
    r.key = key;
    r.value = value;
    r.exptime = value_ttl.count();
    freshet::ask(r, classic(r.command), written);
}

void asking::remove(std::string_view key) {
    asked = {};
    asked.command = command::remove;
    request r = asked;
    r.key = key;
    freshet::ask(r, classic(r.command), written);
}

std::string ask_line(const std::string& socket_path, const std::string& command) {
    const auto connection = connect_to_unix(socket_path);
    if (connection.get() < 0 || ::send(connection.get(), command.data(), command.size(), MSG_NOSIGNAL) < 0) return {};
    std::string line;
    while (line.find("\r\n") == line.npos) {
        char text[256];
        const ssize_t n = ::recv(connection.get(), text, sizeof text, 0);
        if (n <= 0) return {};
        line.append(text, static_cast<std::size_t>(n));
    }
    return line.substr(0, line.find("\r\n"));
}

std::chrono::nanoseconds hold(std::span<const party> parties) {
    std::vector<std::unique_ptr<connection>> all;
    for (const party& one : parties) {
        for (std::size_t i = 0; i < one.of.connections; ++i)
            all.push_back(std::make_unique<connection>(one.talk, one.socket_path, one.of.depth));
    }
    const auto over = [&] {
        return std::any_of(parties.begin(), parties.end(), [](const party& one) { return one.talk.over(); });
    };
    const auto buffer = std::make_unique_for_overwrite<char[]>(read_size_bytes);
    std::vector<pollfd> interests(all.size());
    const auto begin = clock::now();
    while (!over()) {
        bool any = false;
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i]->ask_and_send();  // also what an answer to another connection has made askable
            interests[i] = all[i]->interest();
            any = any || !all[i]->idle();
        }
        const bool later =
            std::any_of(parties.begin(), parties.end(), [](const party& one) { return one.talk.later(); });
        if (!any && !later) break;
        if (!wait_for(interests, later ? moment : answer_limit) && !later) lost("does not answer");
        for (std::size_t i = 0; i < all.size() && !over(); ++i) {
            if ((interests[i].revents & ~POLLOUT) == 0) continue;
            all[i]->receive({buffer.get(), read_size_bytes});
            if (!over()) all[i]->ask_and_send();  // at once, so that nearly always all requests are under way
        }
    }
    return clock::now() - begin;
}

std::chrono::nanoseconds hold(conversation& talk, const std::string& socket_path, crowd of) {
    const party alone{talk, socket_path, of};
    return hold({&alone, 1});
}

}  // namespace freshet::demonstration
