#include "bench/queue/queue.hpp"

#include <freshet/time.hpp>

#include "base/interrupt.hpp"
#include "bench/bench.hpp"
#include "bench/meter.hpp"
#include "queue/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <random>
#include <stdexcept>

namespace freshet::load {

namespace {

constexpr int done = 0, failed = 1, interrupted = 130;
constexpr std::int64_t wait_max_ns = 20'000'000;
constexpr unsigned count_bits = 40;  ///< of a message's number; the run's number is above them
constexpr std::size_t messages_reserved = 1U << 20;

std::uint64_t number_of_run() { return (std::uint64_t{std::random_device()()} & 0xffffff) << count_bits; }

std::chrono::nanoseconds patience_of(const queue_options& o) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(o.patience_seconds));
}

}  // namespace

queue_load::queue_load(const queue_options& options, const endpoint& server, const wire_maker& make_wire,
                       live_line& live)
    : options_(options),
      bodies_(key_bytes_min, options.value_bytes),
      wire_(make_wire(options, bodies_)),
      live_(live),
      patience_ns_(patience_of(options).count()),
      first_number_(number_of_run()),
      loop_(*this, server, patience_of(options)),
      progress_ns_(now_ns()) {
    const std::size_t pairs = std::min(options.connections, options.outstanding);
    share_ = (options.outstanding + pairs - 1) / pairs;
    for (std::size_t i = 0; i < 2 * pairs; ++i) loop_.add(clients_.emplace_back());
    messages_.reserve(messages_reserved);
}

void queue_load::store() {
    stored_ = options_.stored;
    while (waiting_there_ < stored_ && !demonstration::interrupt_came()) {
        while (messages_.size() < stored_ && on_their_way_ - waiting_there_ < options_.outstanding && publish_one()) {}
        turn();
        if (tally_.errors.errors() != 0)
            throw std::runtime_error("storing messages before the run: " + tally_.errors.first_error);
        if (now_ns() - progress_ns_ > patience_ns_)
            throw std::runtime_error("storing messages before the run: nothing was confirmed any more");
    }
    tally_ = {};
}

queue_tally queue_load::run(std::int64_t begin_ns) {
    run_begin_ns_ = progress_ns_ = begin_ns;
    const std::uint64_t limit = options_.messages != 0 ? stored_ + options_.messages : UINT64_MAX;
    const std::int64_t end = options_.messages != 0 ? std::numeric_limits<std::int64_t>::max()
                                                    : begin_ns + static_cast<std::int64_t>(options_.seconds * 1e9);
    while (!demonstration::interrupt_came()) {
        const std::int64_t now = now_ns();
        const bool more = messages_.size() < limit && now < end;
        if (!more && on_their_way_ <= stored_) break;
        // where no time ends the run, or it is over: what is not there by now will not come
        if ((!more || options_.messages != 0) && now - progress_ns_ > patience_ns_) break;
        while (more && messages_.size() < limit &&
               on_their_way_ - std::min(on_their_way_, stored_) < options_.outstanding && publish_one()) {}
        while (stored_ + receives_ < waiting_there_ && receive_one()) {}
        turn();
    }
    const auto lost = std::count_if(messages_.begin(), messages_.end(),
                                    [](const message& m) { return m.is_confirmed && !m.is_received; });
    tally_.missing = static_cast<std::uint64_t>(lost) - std::min(static_cast<std::uint64_t>(lost), stored_);
    tally_.errors.failed_attempts = loop_.failed_attempts();
    return std::move(tally_);
}

bool queue_load::publish_one() {
    client* const c = client_with_room(next_publisher_, 0);
    if (c == nullptr) return false;
    const std::uint64_t number = messages_.size();
    wire_->append_publish(c->out, first_number_ + number);
    messages_.push_back({.published_ns = now_ns()});
    ++tally_.published;
    ++on_their_way_;
    ask(*c, {question::publish, number, messages_.back().published_ns});
    return true;
}

bool queue_load::receive_one() {
    client* const c = client_with_room(next_receiver_, clients_.size() / 2);
    if (c == nullptr) return false;
    wire_->append_receive(c->out);
    ++receives_;
    ask(*c, {question::receive, 0, 0});
    return true;
}

/// The next connection, in turn, that has not got its share of questions on the way.
queue_load::client* queue_load::client_with_room(std::size_t& next, std::size_t first) {
    const std::size_t pairs = clients_.size() / 2;
    for (std::size_t i = 0; i < pairs; ++i) {
        client& c = clients_[first + next];
        if (c.is_open() && c.waiting.size() < share_) return &c;
        next = (next + 1) % pairs;
    }
    return nullptr;
}

void queue_load::ask(client& c, asked what) {
    if (c.waiting.empty()) c.heard_ns = now_ns();
    c.awaits_reply = true;
    c.waiting.push(what);
}

void queue_load::turn() {
    for (client& c : clients_)
        if (!c.out.empty() && c.can_send()) loop_.flush(c);
    loop_.turn(wait_max_ns);
    if (live_.is_shown()) tell_live(now_ns());
}

std::size_t queue_load::on_bytes(connection& c, std::string_view bytes, std::int64_t now) {
    auto& who = static_cast<client&>(c);
    std::size_t used = 0;
    while (used < bytes.size()) {
        const std::size_t size = take_reply(who, bytes.substr(used), now);
        if (size == 0) break;
        used += size;
    }
    who.awaits_reply = !who.waiting.empty();
    return used;
}

std::size_t queue_load::take_reply(client& c, std::string_view bytes, std::int64_t now) {
    if (c.waiting.empty()) refuse_reply(bytes.substr(0, bytes.find('\n')), "any question");
    const asked first = c.waiting.front();
    const queue_answer answer = first.what == question::publish  ? wire_->read_published(bytes)
                                : first.what == question::settle ? wire_->read_settled(bytes)
                                                                 : wire_->read_delivery(bytes);
    if (answer.what == queue_reply::partial) return 0;
    c.waiting.pop();
    if (first.what == question::receive) --receives_;
    if (answer.what == queue_reply::error) on_error(first, answer);
    else if (answer.what == queue_reply::nothing) ++tally_.empty;  // asked again, as it is believed to be there
    else if (first.what == question::publish) on_confirmed(first, now);
    else if (first.what == question::settle) on_settled(first, now);
    else on_delivery(c, answer, now);
    return answer.size;
}

void queue_load::on_error(const asked& a, const queue_answer& answer) {
    tally_.errors.count_error(answer.text);
    give_up(a);
}

void queue_load::on_confirmed(const asked& a, std::int64_t now) {
    message& m = messages_[a.message];
    m.is_confirmed = true;
    if (!m.is_received) ++waiting_there_;
    tally_.confirm.add(now - a.at_ns);
    progress_ns_ = now;
}

void queue_load::on_delivery(client& c, const queue_answer& answer, std::int64_t now) {
    const auto number = bodies_.number_of(answer.text);
    if (!number) refuse_reply(answer.text, "a receive: this body is none of a bench; it needs a queue of its own");
    const std::uint64_t i = *number - first_number_;
    if (i >= messages_.size()) {
        if ((*number ^ first_number_) >> count_bits == 0)
            refuse_reply(answer.text, "a receive: it was never published");
        ++tally_.earlier;
    } else {
        message& m = messages_[i];
        if (m.is_received) {
            ++tally_.redelivered;
        } else {
            m.is_received = true;
            if (m.is_confirmed) --waiting_there_;
            if (m.published_ns >= run_begin_ns_) tally_.delivery.add(now - m.published_ns);
        }
    }
    progress_ns_ = now;
    wire_->append_settle(c.out, answer.number);
    ask(c, {question::settle, i, now});
}

void queue_load::on_settled(const asked& a, std::int64_t now) {
    tally_.settle.add(now - a.at_ns);
    progress_ns_ = now;
    if (a.message >= messages_.size()) return;  // of an earlier run
    message& m = messages_[a.message];
    if (!m.is_gone) ++tally_.settled;
    gone(m);
}

/// Whether it happened is not known: the message counts as on its way no longer.
void queue_load::give_up(const asked& a) {
    if (a.what != question::receive && a.message < messages_.size()) gone(messages_[a.message]);
}

void queue_load::gone(message& m) {
    if (m.is_gone) return;
    m.is_gone = true;
    --on_their_way_;
}

void queue_load::on_lost(connection& c, loss how) {
    auto& who = static_cast<client&>(c);
    tally& t = tally_.errors;
    ++(how == loss::cut ? t.cut_connections : t.silent_connections);
    t.unanswered += who.waiting.size();
    for (; !who.waiting.empty(); who.waiting.pop()) {
        if (who.waiting.front().what == question::receive) --receives_;
        give_up(who.waiting.front());
    }
}

void queue_load::tell_live(std::int64_t now) {
    if (now - told_ns_ < live_line::every_ns) return;
    told_ns_ = now;
    live_.tell(tally_.settle.since(times_told_), tally_.errors.errors() - errors_told_, now);
    times_told_ = tally_.settle;
    errors_told_ = tally_.errors.errors();
}

int drive_queue(const queue_options& options, const wire_maker& make_wire) {
    demonstration::note_interrupts();
    allow_connections(2 * options.connections);
    const endpoint server = find_server(options.address);
    const meter meter(options.pid, options.calls_file);
    live_line live;
    queue_load load(options, server, make_wire, live);
    live.name("store");
    load.store();
    live.name("run");
    const cost before = meter.read();
    const queue_tally counted = load.run(before.wall_ns);
    const cost spent = meter.read().since(before);
    live.clear();
    const std::string report =
        options.json ? report_json(options, counted, spent) : report_text(options, counted, spent);
    std::fwrite(report.data(), 1, report.size(), stdout);
    const bool printed = std::fflush(stdout) == 0;
    if (demonstration::interrupt_came()) return interrupted;
    if (counted.settled == 0) {
        std::fputs("freshet: no message has come; is there a queue with this key?\n", stderr);
        return failed;
    }
    if (counted.missing != 0 && counted.errors.errors() == 0) {
        fmt::print(stderr, "freshet: {} messages were confirmed and never came\n", counted.missing);
        return failed;
    }
    return printed ? done : failed;
}

}  // namespace freshet::load
