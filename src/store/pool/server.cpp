#include "store/pool/server.hpp"

#include "base/jitter.hpp"
#include "store/pool/address.hpp"
#include "store/statistics.hpp"

#include <spdlog/spdlog.h>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <utility>

namespace freshet {

pool_server::pool_server(shard& home, const memcached_options& options, const server_address& address, resolver& by,
                         std::function<void()> wake)
    : home_(home),
      options_(options),
      address_(address),
      resolver_(by),
      wake_(std::move(wake)),
      name_(address.name()),
      subject_("server " + name_),
      literal_(literal_address(address)),
      self_(std::make_shared<pool_server*>(this)),
      timer_(home.context()) {
    begin();
    if (is_name()) after(options_.resolve_every, &pool_server::refresh);
}

pool_server::~pool_server() { stop(); }

void pool_server::stop() {
    happened(server_event::stop);
    self_.reset();
    while (!retired_.empty()) retired_.back()->cut(errc::stopping, {});
    if (current_ != nullptr) current_->cut(errc::stopping, {});
}

bool pool_server::submit(call& c) {
    if (is_down() || is_stopped()) {
        answer_failed(c, options_, is_stopped() ? errc::stopping : why_down(), effect::not_done, subject_);
        return true;
    }
    if (current_ == nullptr) begin();
    if (current_ != nullptr) return current_->submit(c);
    answer_failed(c, options_, last_failure_, effect::not_done, subject_);
    return true;
}

bool pool_server::leave(call& c) {
    answer_failed(c, options_, errc::server_down, effect::not_done, subject_);
    return true;
}

/// A new connection, which is opened as soon as there is an address. It may be lost before this returns.
void pool_server::begin() {
    ++connections_total_;
    happened(server_event::begun);
    current_ = new connection(home_, options_, subject_, *this);
    if (!is_name()) {
        addresses_ = {literal_};
        return open();
    }
    if (addresses_known_) open();
    else look_up(&pool_server::found);
}

void pool_server::look_up(void (pool_server::*then)(resolved)) {
    resolver_.look_up(address_.host, address_.port, [self = std::weak_ptr(self_), then](resolved there) {
        if (const auto mine = self.lock()) ((*mine)->*then)(std::move(there));
    });
}

void pool_server::found(resolved there) {
    addresses_known_ = !there.addresses.empty();
    if (addresses_known_) addresses_ = std::move(there.addresses);
    if (current_ == nullptr || current_->is_open()) return;
    if (addresses_.empty()) return current_->cut(errc::unreachable, there.trouble);
    open();
}

/// A name's addresses in turn: another one after each failure.
void pool_server::open() { current_->open(addresses_[failures_ % addresses_.size()]); }

/// Looks the name up again; a connection to an address that it no longer has is given up in good order.
void pool_server::refresh() {
    if (is_down()) return;  // it was due already when the server went down: the timer is the next attempt's now
    look_up(&pool_server::moved);
    after(jittered(options_.resolve_every, random_), &pool_server::refresh);
}

void pool_server::moved(resolved there) {
    if (there.addresses.empty() || is_down()) return;
    addresses_ = std::move(there.addresses);
    addresses_known_ = true;
    if (current_ == nullptr || !current_->is_open()) return;
    if (std::find(addresses_.begin(), addresses_.end(), current_->peer()) != addresses_.end()) return;
    spdlog::info("store {}: {} has another address now, connecting there", options_.name, subject_);
    retired_.push_back(current_);
    begin();
    wake_();
}

void pool_server::tick(steady::time_point now) {
    if (current_ != nullptr) current_->tick(now);
    for (std::size_t i = retired_.size(); i-- > 0;) {
        connection& c = *retired_[i];
        c.tick(now);
        if (!c.waits()) c.cut(errc::stopping, "it has moved");
    }
}

bool pool_server::waits() const noexcept { return !retired_.empty() || (current_ != nullptr && current_->waits()); }

void pool_server::greeted(connection& from) {
    if (&from != current_) return;
    const bool was_down = is_down();
    const bool first = !std::exchange(has_greeted_, true);
    happened(server_event::greeted);
    note_version(from);
    if (first && failures_ != 0 && !has_failed_too_often())
        spdlog::info("store {}: {} can be used now (memcached {})", options_.name, subject_, version_);
    if (was_down && is_name()) after(options_.resolve_every, &pool_server::refresh);
}

void pool_server::note_version(const connection& of) {
    if (of.version().empty() || version_ == of.version()) return;
    version_ = of.version();
    explicit_cas_ = of.knows_explicit_cas();
    spdlog::debug("store {}: {} is memcached {}", options_.name, subject_, version_);
}

void pool_server::answered(connection& from) {
    if (&from != current_ || failures_ == 0) return;
    const bool was_down = has_failed_too_often();
    failures_ = 0;
    if (!was_down) return;
    pause_ = {};
    const auto time = std::chrono::duration_cast<milliseconds>(steady::now() - down_since_);
    spdlog::info("store {}: {} answers again after {:.1f} s (memcached {})", options_.name, subject_,
                 static_cast<double>(time.count()) / 1e3, version_);
}

void pool_server::lost(connection& which, errc why, const std::string& reason, bool idle) {
    const auto retired = std::find(retired_.begin(), retired_.end(), &which);
    if (retired != retired_.end()) {
        retired_.erase(retired);
        return;
    }
    current_ = nullptr;
    if (is_stopped()) return;
    note_version(which);
    if (!idle || is_down()) return fail(why, reason);
    happened(server_event::lost);
    spdlog::debug("store {}: {}: {}; connecting again with the next call", options_.name, subject_, reason);
}

void pool_server::fail(errc why, const std::string& reason) {
    ++failures_;
    addresses_known_ = false;
    ++failures_total_;
    last_failure_ = why;
    last_reason_ = reason;
    happened(has_failed_too_often() ? server_event::failed_again : server_event::failed);
    if (is_down()) return go_down(reason);
    if (!has_greeted_ && failures_total_ == 1)
        spdlog::warn("store {}: {} cannot be used: {}; gets of its keys {}, writes fail, until it can", options_.name,
                     subject_, reason, fate_of_gets());
    else spdlog::debug("store {}: {}: {} (failure {} in a row)", options_.name, subject_, reason, failures_);
}

void pool_server::go_down(const std::string& reason) {
    if (failures_ == options_.failures_max) {
        down_since_ = steady::now();
        pause_ = options_.backoff_min;
        spdlog::warn(
            "store {}: {} is down after {} failures in a row: {}; gets of its keys {}, writes fail, until it answers",
            options_.name, subject_, failures_, reason, fate_of_gets());
    } else {
        pause_ = std::min(pause_ * 2, options_.backoff_max);
        spdlog::debug("store {}: {} is still down: {}", options_.name, subject_, reason);
    }
    after(jittered(pause_, random_), &pool_server::begin);
}

/// What it is too old for is said as long as it is.
errc pool_server::why_down() const noexcept {
    const bool old = last_failure_ == errc::too_old || last_failure_ == errc::keeps_no_versions;
    return old ? last_failure_ : errc::server_down;
}

/// One thing at a time: a server that is down is not looked up again but to be probed.
void pool_server::after(milliseconds time, void (pool_server::*then)()) {
    timer_.expires_after(time);
    timer_.async_wait([self = std::weak_ptr(self_), then](const boost::system::error_code& ec) {
        const auto mine = self.lock();
        if (ec || !mine) return;
        ((*mine)->*then)();
        (*mine)->wake_();
    });
}

const char* pool_server::state() const noexcept {
    if (has_failed_too_often() && !is_down()) return "trial";
    switch (stage_) {
        case server_stage::idle: return "idle";  // the next call connects
        case server_stage::connecting: return "connecting";
        case server_stage::up: return "up";
        default: return "down";
    }
}

void pool_server::describe(bytes& to, bool aside) const {
    const auto add = [&](const char* what, std::string value) {
        append({options_.name + ":" + name_ + ":" + what, std::move(value)}, to);
    };
    add("state", aside ? "aside" : state());
    add("weight", std::to_string(address_.weight));
    add("version", version_.empty() ? "unknown" : version_);
    add("explicit_cas", explicit_cas_ ? "yes" : "no");
    add("waiting", std::to_string(current_ != nullptr ? current_->waiting() : 0));
    add("connections", std::to_string(connections_total_));
    add("failures", std::to_string(failures_total_));
    add("failures_in_a_row", std::to_string(failures_));
    if (!last_reason_.empty()) add("last_failure", last_reason_);
}

}  // namespace freshet
