#include "flow/apply/server_boxes.hpp"

#include "flow/apply/fitting.hpp"
#include "queue/outbox/outbox.hpp"
#include "version/change_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace freshet {

queue_options box_options() {
    queue_options o;
    o.length_max = 1'000'000;
    o.bytes_max = std::uint64_t{1} << 30;
    return outbox_options(o);
}

std::string box_name(std::string_view queue, const server_address& server) {
    return fmt::format("{}/waits-for/{}", queue, server.name());
}

/// A change out of a box.
struct server_boxes::write final : applying {
    void on_applied() override { of->applied(*this); }
    std::size_t kept_bytes() const noexcept { return applying::kept_bytes(); }
    void release_memory() noexcept { applying::release_memory(); }

    server_boxes* of{nullptr};
    publication* what{nullptr};
};

server_boxes::server_boxes(shard& back, store& to, box_places places, const kept_clock& clock,
                           const flow_config& config, seconds tombstone)
    : back_(back),
      to_(to),
      clock_(clock),
      item_size_max_(config.result_size_max_bytes),
      tombstone_(tombstone),
      where_(std::move(places.where)),
      free_(back) {
    for (box_places::place& p : places.servers)
        boxes_.emplace_back(back, p, [this](publication& first, publication& last) { deliver(first, last); });
}

server_boxes::~server_boxes() = default;

void server_boxes::start() {
    for (box& b : boxes_) b.out.start();
}

void server_boxes::stop() {
    for (box& b : boxes_) b.out.stop();
}

bool server_boxes::is_idle() const {
    return std::all_of(boxes_.begin(), boxes_.end(), [](const box& b) { return b.out.is_idle(); });
}

server_boxes::box& server_boxes::box_of(std::string_view key) { return boxes_[where_->server_of(key)]; }

bool server_boxes::hold(std::string_view key) const {
    const box& b = boxes_[where_->server_of(key)];
    return b.on_their_way != 0 || b.waiting.length() != 0;
}

void server_boxes::put(publication& change) {
    box& b = box_of(change.message.key);
    ++b.on_their_way;
    b.waiting.publish(change);
}

void server_boxes::told(const publication& change) { --box_of(change.message.key).on_their_way; }

void server_boxes::deliver(publication& first, publication& last) {
    for (operation* o = &first; o != nullptr;) {
        auto& one = static_cast<publication&>(*o);
        o = o == &last ? nullptr : o->next;
        begin(one);
    }
}

void server_boxes::begin(publication& p) {
    auto change = read_change(p.message);
    if (!change) return end(p, nullptr);  // it was readable when it came
    make_fit(*change, item_size_max_);
    write& w = *free_->take().release();
    w.of = this;
    w.what = &p;
    if (w.begin(back_, to_, *change, tombstone_, clock_.end())) applied(w);
}

void server_boxes::applied(write& w) {
    publication& p = *w.what;
    const failure why = w.store_failure();
    const bool done = w.is() == applying::state::done;
    free_->give_back(std::unique_ptr<write>(&w));
    end(p, done ? nullptr : &why);
}

void server_boxes::end(publication& p, const failure* why) {
    p.outcome = why == nullptr ? publication::outcome::confirmed : publication::outcome::failed;
    if (why != nullptr) p.why = *why;
    back_.post(p);
}

}  // namespace freshet
