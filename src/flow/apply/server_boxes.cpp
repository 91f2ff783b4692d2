#include "flow/apply/server_boxes.hpp"

#include "flow/apply/fitting.hpp"
#include "queue/outbox/outbox.hpp"
#include "version/change_message.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <new>
#include <string>
#include <utility>

namespace freshet {

namespace {

constexpr seconds refused_pause{1};  ///< before a change is tried again that a server does not take

}  // namespace

queue_options box_options(std::uint64_t bytes_max) {
    queue_options o;
    o.length_max = 1'000'000;
    o.bytes_max = bytes_max;
    return outbox_options(o);
}

std::string box_name(std::string_view queue, const server_address& server) {
    return fmt::format("{}{}{}", queue, box_infix, server.name());
}

/// A change out of a box.
struct server_boxes::write final : applying, refusable {
    void on_applied() override { of->applied(*this); }
    std::size_t kept_bytes() const noexcept { return applying::kept_bytes(); }
    void release_memory() noexcept { applying::release_memory(); }

    server_boxes* of{nullptr};
    box* out_of{nullptr};
    publication* what{nullptr};
};

server_boxes::server_boxes(shard& back, store& to, box_places places, const kept_clock& clock,
                           const flow_config& config, seconds tombstone, late_sets& late)
    : back_(back),
      to_(to),
      clock_(clock),
      item_size_max_(config.result_size_max_bytes),
      tombstone_(tombstone),
      where_(std::move(places.where)),
      free_(back),
      late_(late) {
    for (box_places::place& p : places.servers) {
        const std::size_t at = boxes_.size();
        boxes_.emplace_back(back, to, p,
                            [this, at](publication& first, publication& last) { deliver(boxes_[at], first, last); });
    }
}

server_boxes::~server_boxes() {
    if (ticking_) back_.remove(*this);
}

void server_boxes::start() {
    for (box& b : boxes_) {
        b.of_before = b.waiting.length();
        b.out.start();
    }
    tick_while_needed();
}

void server_boxes::stop() {
    stopping_ = true;
    for (box& b : boxes_) b.out.stop(), b.aside.stop();
    begin_refused();
    tick_while_needed();
}

void server_boxes::drop(bool yes) {
    dropping_ = yes;
    if (yes) begin_refused();
}

bool server_boxes::is_idle() const {
    return std::all_of(boxes_.begin(), boxes_.end(),
                       [](const box& b) { return b.out.is_idle() && !b.aside.is_asking(); });
}

bool server_boxes::any() const {
    return std::any_of(boxes_.begin(), boxes_.end(), [](const box& b) { return b.waiting.length() != 0; });
}

bool server_boxes::hold(std::string_view key) const {
    const box& b = box_of(key);
    return b.aside.is_aside() || b.out.is_held_up() || b.of_before != 0 || b.of_part[part_of(key)] != 0;
}

/// It is the server, not the change.
bool server_boxes::takes_nothing(const failure& why) noexcept {
    switch (why.code) {
        case errc::out_of_memory:
        case errc::wrong_answer:
        case errc::refused:
        case errc::too_large: return false;
        default: return true;
    }
}

void server_boxes::put(publication& change) {
    box& b = box_of(change.message.key);
    ++b.of_part[part_of(change.message.key)];
    ++b.lent;
    b.waiting.publish(change);
}

bool server_boxes::told(const publication& change) {
    box& b = box_of(change.message.key);
    --b.lent;
    if (change.outcome == publication::outcome::confirmed) return true;
    b.left(change.message.key);
    const bool full = change.why.code == errc::queue_full || change.why.code == errc::queue_bytes_full;
    return full && put_aside(b);
}

bool server_boxes::put_aside(box& b) {
    if (!b.aside.put_aside(b.waiting.label())) return false;
    b.out.forget_what_was_said();  // that its messages go now does not mean that its server takes them
    begin_refused();
    tick_while_needed();
    return true;
}

/// What is left in a box is older than what was dropped, and is not to be put in behind the emptying. In the boxes of
/// servers that the pool had before are changes for any of them.
void server_boxes::empty_those_aside(steady::time_point now) {
    const auto blocks_all = [](const box& b) { return !b.aside.is_possible() && !b.is_clear(); };
    if (std::any_of(boxes_.begin(), boxes_.end(), blocks_all)) return;
    for (box& b : boxes_) {
        if (b.aside.is_due(now) && b.is_clear()) b.aside.empty();
    }
}

/// A change that went again behind a refused one of its key leaves twice.
void server_boxes::box::left(std::string_view key) noexcept {
    std::uint32_t& count = of_part[part_of(key)];
    if (count != 0) --count;
}

/// Where there is no memory for one, it comes again.
void server_boxes::deliver(box& b, publication& first, publication& last) {
    for (operation* o = &first; o != nullptr;) {
        auto& one = static_cast<publication&>(*o);
        o = o == &last ? nullptr : o->next;
        one.outcome = publication::outcome::failed;
        one.why = {errc::busy, effect::not_done, "this process"};
        std::unique_ptr<write> made;
        try {
            made = free_->take();
        } catch (const std::bad_alloc&) {
            back_.post(one);
            continue;
        }
        write& w = *made.release();
        w.of = this;
        w.out_of = &b;
        w.what = &one;
        begin(w);
    }
}

void server_boxes::begin(write& w) {
    const server_aside& aside = box_of(w.what->message.key).aside;
    if (dropping_ || aside.drops()) return end(w, nullptr);
    if (stopping_ || aside.is_aside()) return end(w, &w.what->why);
    try {
        auto change = read_change(w.what->message);
        if (!change) {  // it was readable when it came
            spdlog::error("{}: {}", w.out_of->waiting.label(), change.error().text);
            return end(w, nullptr);
        }
        make_fit(*change, item_size_max_);
        if (w.begin(back_, to_, *change, tombstone_, clock_.end())) applied(w);
    } catch (const std::bad_alloc&) {
        end(w, &w.what->why);
    }
}

void server_boxes::applied(write& w) {
    if (w.is() == applying::state::done) {
        if (w.was_too_late()) late_.note(w.written(), site_of(w.what->message), back_.now());
        return end(w, nullptr);
    }
    const failure why = w.store_failure();
    if (takes_nothing(why) || stopping_ || dropping_) return end(w, &why);
    if (refused_said_.is_due(back_.now()))
        spdlog::warn("{}: its server does not take a change, {}; others of it go on, and it is tried again every {} s",
                     w.out_of->waiting.label(), explain(why.code), refused_pause.count());
    if (refused_.empty()) refused_again_ = back_.now() + refused_pause;
    refused_.push_back(w);
    tick_while_needed();
}

void server_boxes::tick(steady::time_point now) {
    if (now >= refused_again_) begin_refused();
    empty_those_aside(now);
    tick_while_needed();
}

void server_boxes::tick_while_needed() {
    const auto aside = [](const box& b) { return b.aside.is_aside(); };
    const bool wanted = !refused_.empty() || (!stopping_ && std::any_of(boxes_.begin(), boxes_.end(), aside));
    if (wanted == ticking_) return;
    ticking_ = wanted;
    if (wanted) back_.add(*this);
    else back_.remove(*this);
}

void server_boxes::begin_refused() {
    if (refused_.empty()) return;
    boost::intrusive::list<refusable> again;
    again.swap(refused_);
    while (!again.empty()) {
        auto& w = static_cast<write&>(again.front());
        again.pop_front();
        begin(w);
    }
}

void server_boxes::end(write& w, const failure* why) {
    publication& p = *w.what;
    p.outcome = why == nullptr ? publication::outcome::confirmed : publication::outcome::failed;
    if (why != nullptr) {
        p.why = *why;
    } else if (w.out_of->of_before != 0) {
        --w.out_of->of_before;
    } else {
        w.out_of->left(p.message.key);
    }
    back_.post(p);
    free_->give_back(std::unique_ptr<write>(&w));
}

}  // namespace freshet
