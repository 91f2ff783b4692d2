#include "demo/sites/link.hpp"

#include "base/whole_number.hpp"
#include "config/url/address.hpp"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/packaged_task.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <future>
#include <stdexcept>
#include <utility>

namespace freshet::demonstration {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t piece_size_bytes = std::size_t{64} << 10;

[[noreturn]] void no_link(const std::string& where, const error_code& why) {
    throw std::runtime_error(fmt::format("no link to the broker by {}: {}", where, why.message()));
}

}  // namespace

/// Both directions of it hold it while they are under way.
struct broker_link::connection : std::enable_shared_from_this<connection> {
    explicit connection(asio::io_context& io) : site(io), broker(io) {}

    void open(const tcp::resolver::results_type& at) {
        asio::async_connect(broker, at, [self = shared_from_this()](const error_code& failed, const tcp::endpoint&) {
            if (failed) return self->close();
            for (tcp::socket* one : {&self->site, &self->broker}) {
                error_code ignored;
                one->set_option(tcp::no_delay(true), ignored);
            }
            self->pass_on(self->site, self->broker, self->to_broker);
            self->pass_on(self->broker, self->site, self->to_site);
        });
    }
    void close() {
        error_code ignored;
        site.close(ignored);
        broker.close(ignored);
    }

    tcp::socket site, broker;

private:
    using piece = std::array<char, piece_size_bytes>;

    void pass_on(tcp::socket& from, tcp::socket& to, piece& with) {
        from.async_read_some(asio::buffer(with), [this, self = shared_from_this(), &from, &to, &with](
                                                     const error_code& ended, std::size_t n) {
            if (ended) return close();
            asio::async_write(to, asio::buffer(with, n),
                              [this, self, &from, &to, &with](const error_code& failed, std::size_t) {
                                  if (failed) return close();
                                  pass_on(from, to, with);
                              });
        });
    }

    piece to_broker{}, to_site{};
};

std::optional<link_setting> parse_link(std::string_view text) {
    const auto port = take_whole_number<std::uint16_t>(text);
    if (!port || *port == 0 || !text.starts_with('=')) return std::nullopt;
    auto broker = reading::split_address(text.substr(1));
    if (!broker || broker->port.value_or(0) == 0) return std::nullopt;
    return link_setting{*port, std::move(broker->host), *broker->port};
}

broker_link::broker_link(const link_setting& setting) {
    error_code failed;
    broker_ = tcp::resolver(io_).resolve(setting.host, std::to_string(setting.host_port), failed);
    if (failed) no_link(setting.host, failed);
    const tcp::endpoint here(asio::ip::address_v4::loopback(), setting.port);
    acceptor_.open(here.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(here, failed);
    if (!failed) acceptor_.listen(tcp::acceptor::max_listen_connections, failed);
    if (failed) no_link(fmt::format("port {} of this machine", setting.port), failed);
    port_ = acceptor_.local_endpoint().port();
    accept();
    thread_ = std::thread([this] {
        const auto until_stopped = asio::make_work_guard(io_);
        io_.run();
    });
}

broker_link::~broker_link() {
    io_.stop();
    thread_.join();
}

void broker_link::cut() {
    asio::post(io_, std::packaged_task<void()>([this] {
                   is_cut_ = true;
                   for (const auto& one : std::exchange(connections_, {})) {
                       if (const auto alive = one.lock()) alive->close();
                   }
               }))
        .wait();
}

void broker_link::heal() {
    asio::post(io_, std::packaged_task<void()>([this] { is_cut_ = false; })).wait();
}

void broker_link::accept() {
    auto next = std::make_shared<connection>(io_);
    acceptor_.async_accept(next->site, [this, next](const error_code& failed) {
        if (failed) return;
        if (!is_cut_) {
            std::erase_if(connections_, [](const auto& one) { return one.expired(); });
            connections_.push_back(next);
            next->open(broker_);
        }
        accept();
    });
}

}  // namespace freshet::demonstration
