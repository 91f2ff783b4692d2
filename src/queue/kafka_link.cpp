#include "queue/kafka_link.hpp"

#include "escape.hpp"
#include "queue/kafka_message.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace freshet {

namespace {

constexpr milliseconds commit_every{100};
constexpr milliseconds watch_every{250};  ///< should an event ever be missed
constexpr int offset_bits = 48;
constexpr std::size_t fetch_at_once = 64;
constexpr std::size_t nudge_messages = 20'000;  ///< that have come since the last nudge
constexpr std::size_t nudge_bytes = std::size_t{8} << 20;

/// Never 0.
broker_tag tag_of(std::int32_t partition, std::int64_t offset) noexcept {
    return ((static_cast<broker_tag>(partition) << offset_bits) | static_cast<broker_tag>(offset)) + 1;
}
std::int32_t partition_of(broker_tag tag) noexcept { return static_cast<std::int32_t>((tag - 1) >> offset_bits); }
std::int64_t offset_of(broker_tag tag) noexcept {
    return static_cast<std::int64_t>((tag - 1) & ((broker_tag{1} << offset_bits) - 1));
}

/// librdkafka's words without how long it took, which differs each time.
std::string lasting_part(std::string words) {
    const auto times = words.find(" (after ");
    return times == words.npos ? words : words.substr(0, times);
}

errc code_of(rd_kafka_resp_err_t e) noexcept {
    switch (e) {
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE: return errc::message_too_large;
        case RD_KAFKA_RESP_ERR__QUEUE_FULL: return errc::busy;
        case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
        case RD_KAFKA_RESP_ERR__TIMED_OUT: return errc::timed_out;
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: return errc::unroutable;
        default: return errc::broker_refused;
    }
}

}  // namespace

kafka_link::kafka_link(shard& back, const kafka_options& options, link_owner& owner, rd_kafka_t* producer,
                       rd_kafka_t* consumer)
    : back_(back),
      options_(options),
      owner_(owner),
      source_("freshet/" + options.name),
      producer_(producer),
      consumer_(consumer),
      helper_(options, producer, consumer),
      topic_(rd_kafka_topic_new(producer, options.topic.c_str(), nullptr)),
      dead_topic_(rd_kafka_topic_new(producer, helper_.dead_topic().c_str(), nullptr)),
      commit_timer_(back.context()),
      watch_timer_(back.context()) {
    rd_kafka_poll_set_consumer(consumer_);
}

void kafka_link::start() {
    producer_events_ = std::make_unique<kafka_events>(
        back_.context(), kafka_ptr<rd_kafka_queue_t>(rd_kafka_queue_get_main(producer_)),
        [this](rd_kafka_queue_t& events) { return told_by_producer(events); }, [this] { over(); });
    group_events_ = std::make_unique<kafka_events>(
        back_.context(), kafka_ptr<rd_kafka_queue_t>(rd_kafka_queue_get_consumer(consumer_)),
        [this](rd_kafka_queue_t& events) { return told_by_group(events); }, [this] { over(); });
    messages_ = std::make_unique<kafka_events>(
        back_.context(), kafka_ptr<rd_kafka_queue_t>(rd_kafka_queue_new(consumer_)),
        [this](rd_kafka_queue_t& messages) { return fetch(messages); }, [this] { over(); });
    const std::weak_ptr<kafka_link> self = weak_from_this();
    helper_.start([self, &back = back_](const std::string& trouble) {
        back.run([self, trouble] {
            if (const auto here = self.lock()) here->looked(trouble);
        });
    });
    helper_.look();
    look_around();
}

// ---- publishing

void kafka_link::publish(publication& p, lane to, std::string_view reason) {
    const message& m = p.message;
    if (free_slots_.empty()) {
        free_slots_.push_back(slots_.size());
        slots_.push_back(nullptr);
    }
    const std::size_t slot = free_slots_.back();
    const kafka_outfit outfit = kafka_outfit_of(m, source_, options_.name, to == lane::dead ? &reason : nullptr);
    std::array<rd_kafka_vu_t, 7> what{};
    what[0].vtype = RD_KAFKA_VTYPE_RKT;
    what[0].u.rkt = to == lane::dead ? dead_topic_.get() : topic_.get();
    what[1].vtype = RD_KAFKA_VTYPE_VALUE;
    what[1].u.mem.ptr = const_cast<char*>(m.body.data());
    what[1].u.mem.size = m.body.size();
    what[2].vtype = RD_KAFKA_VTYPE_KEY;
    what[2].u.mem.ptr = m.key.empty() ? nullptr : const_cast<char*>(m.key.data());
    what[2].u.mem.size = m.key.size();
    what[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    what[3].u.i = RD_KAFKA_MSG_F_COPY;
    what[4].vtype = RD_KAFKA_VTYPE_OPAQUE;
    what[4].u.ptr = reinterpret_cast<void*>(slot + 1);
    what[5].vtype = RD_KAFKA_VTYPE_HEADERS;
    what[5].u.headers = outfit.headers;
    what[6].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    what[6].u.i64 = outfit.timestamp;
    rd_kafka_error_t* const refused = rd_kafka_produceva(producer_, what.data(), what.size());
    if (refused != nullptr) {
        rd_kafka_headers_destroy(outfit.headers);
        p.outcome = publication::outcome::failed;
        p.why = {code_of(rd_kafka_error_code(refused)), effect::not_done, {}};
        rd_kafka_error_destroy(refused);
        owner_.published(p);
        return;
    }
    free_slots_.pop_back();
    slots_[slot] = &p;
    ++waiting_;
}

bool kafka_link::told_by_producer(rd_kafka_queue_t& events) {
    const kafka_ptr<rd_kafka_event_t> e(rd_kafka_queue_poll(&events, 0));
    if (e == nullptr) return false;
    if (rd_kafka_event_type(e.get()) == RD_KAFKA_EVENT_ERROR) failed(*e);
    while (const rd_kafka_message_t* const m = rd_kafka_event_message_next(e.get())) confirmed(*m);
    return true;
}

void kafka_link::confirmed(const rd_kafka_message_t& m) {
    const std::size_t slot = reinterpret_cast<std::uintptr_t>(m._private) - 1;
    publication* const p = std::exchange(slots_[slot], nullptr);
    free_slots_.push_back(slot);
    --waiting_;
    if (m.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        p->outcome = publication::outcome::confirmed;
        if (m.rkt == topic_.get()) {
            std::int64_t& behind = published_[m.partition];
            behind = std::max(behind, m.offset + 1);
        }
    } else {
        p->outcome = publication::outcome::failed;
        const bool perhaps = rd_kafka_message_status(&m) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED;
        p->why = {code_of(m.err), perhaps ? effect::maybe_done : effect::not_done, {}};
        spdlog::debug("queue {}: a message was not published: {}", options_.name, rd_kafka_err2str(m.err));
    }
    owner_.published(*p);
}

// ---- consuming

void kafka_link::consume() {
    wanted_ = true;
    if (connected_ && !subscribed_) subscribe();
}

void kafka_link::ask_for_others() {
    helper_.ask_members([self = weak_from_this(), &back = back_](int members) {
        if (members < 2) return;
        back.run([self] {
            const auto here = self.lock();
            if (here != nullptr && !here->stopped_) here->owner_.others_wait();
        });
    });
}

/// The group gives its partitions to others; this one is a member again when somebody asks here.
void kafka_link::rest() {
    if (!wanted_) return;
    wanted_ = false;
    if (!subscribed_) return;
    commit_anew();
    decline();
    subscribed_ = false;
    rd_kafka_unsubscribe(consumer_);
    ++rebalances_;
    assigned_.reset();
    ends_.clear();
    open_ = 0;
    hold_back();
}

void kafka_link::subscribe() {
    const kafka_ptr<rd_kafka_topic_partition_list_t> topics(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
    const auto e = rd_kafka_subscribe(consumer_, topics.get());
    if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
        spdlog::error("queue {}: topic {}: {}", options_.name, options_.topic, rd_kafka_err2str(e));
    subscribed_ = e == RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool kafka_link::told_by_group(rd_kafka_queue_t& events) {
    const kafka_ptr<rd_kafka_event_t> e(rd_kafka_queue_poll(&events, 0));
    if (e == nullptr) return false;
    switch (rd_kafka_event_type(e.get())) {
        case RD_KAFKA_EVENT_REBALANCE: rebalance(*e); break;
        case RD_KAFKA_EVENT_ERROR: failed(*e); break;
        case RD_KAFKA_EVENT_OFFSET_COMMIT: told_of_commit(*e); break;
        default: break;
    }
    return true;
}

bool kafka_link::fetch(rd_kafka_queue_t& messages) {
    std::array<rd_kafka_message_t*, fetch_at_once> some;
    const std::size_t room = options_.prefetch > open_ ? options_.prefetch - open_ : 1;
    const ssize_t count = rd_kafka_consume_batch_queue(&messages, 0, some.data(), std::min(room, some.size()));
    for (ssize_t i = 0; i < count; ++i) {
        const kafka_ptr<rd_kafka_message_t> m(some[static_cast<std::size_t>(i)]);
        if (!wanted_ || assigned_ == nullptr || assigning_) continue;  // the partition is about to be taken away
        if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) fetched(*m);
        else if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ends_[m->partition] = m->offset;
        else failed(m->err, rd_kafka_message_errstr(m.get()), false);
    }
    return count > 0;
}

void kafka_link::fetched(const rd_kafka_message_t& m) {
    kafka_offsets& offsets = offsets_[m.partition];
    const std::size_t before = offsets.open();
    const bool is_new = offsets.arrived(m.offset);
    open_ = open_ - before + offsets.open();
    if (!is_new) return commit_soon();
    came_bytes_ += m.len + m.key_len;
    ++came_;
    arrival one;
    one.message = from_kafka(m);
    one.serial = one.tag = tag_of(m.partition, m.offset);
    owner_.arrived(std::move(one));
    hold_back();
}

void kafka_link::acknowledge(broker_tag tag) {
    kafka_offsets& offsets = offsets_[partition_of(tag)];
    const std::size_t before = offsets.open();
    offsets.settled(offset_of(tag));
    open_ = open_ - before + offsets.open();
    hold_back();
    commit_soon();
}

/// No more than `prefetch` messages are here: the rest stays in librdkafka's own queue, which is bounded, too. Pausing
/// partitions instead loses what that queue holds, in this version of librdkafka.
void kafka_link::hold_back() {
    if (messages_ == nullptr) return;
    if (!held_back_ && open_ >= options_.prefetch) {
        held_back_ = true;
        messages_->hold();
    } else if (held_back_ && open_ <= options_.prefetch / 2) {
        held_back_ = false;
        messages_->let_go();
    }
}

void kafka_link::rebalance(rd_kafka_event_t& e) {
    const bool gained = rd_kafka_event_error(&e) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    rd_kafka_topic_partition_list_t* const which = rd_kafka_event_topic_partition_list(&e);
    if (!gained) commit();
    // What is open is read again from its position, by whoever has the partition then.
    for (auto& [partition, offsets] : offsets_) offsets.taken_away();
    open_ = 0;
    hold_back();
    ends_.clear();
    owner_.revoked();
    ++rebalances_;
    if (gained) {
        assigned_.reset(rd_kafka_topic_partition_list_copy(which));
        take_over();
    } else {
        assigned_.reset();
        assigning_ = false;
        rd_kafka_assign(consumer_, nullptr);
    }
    spdlog::debug("queue {}: the group {} {} {} partitions", options_.name, gained ? "gives" : "takes", which->cnt,
                  options_.topic);
}

/// Reading begins once it is known what others have settled above their position.
void kafka_link::take_over() {
    assigning_ = true;
    kafka_ptr<rd_kafka_topic_partition_list_t> all(rd_kafka_topic_partition_list_copy(assigned_.get()));
    helper_.ask_committed(std::move(all), [self = weak_from_this(), &back = back_, of = rebalances_](auto committed) {
        const auto list = std::shared_ptr<rd_kafka_topic_partition_list_t>(std::move(committed));
        back.run([self, list, of] {
            const auto here = self.lock();
            if (here == nullptr || here->stopped_ || here->rebalances_ != of) return;
            here->restore(*list);
            here->assigning_ = false;
            here->assign();
        });
    });
}

/// Messages come in a queue of their own, so that they can be held back while the group is listened to.
void kafka_link::assign() {
    for (int i = 0; i < assigned_->cnt; ++i) {
        const rd_kafka_topic_partition_t& one = assigned_->elems[i];
        const kafka_ptr<rd_kafka_queue_t> its(rd_kafka_queue_get_partition(consumer_, one.topic, one.partition));
        if (its != nullptr) rd_kafka_queue_forward(its.get(), messages_->queue());
    }
    rd_kafka_assign(consumer_, assigned_.get());
}

/// The group's gift is answered: librdkafka waits for that, also when it is closed.
void kafka_link::decline() {
    if (std::exchange(assigning_, false)) rd_kafka_assign(consumer_, nullptr);
}

void kafka_link::restore(const rd_kafka_topic_partition_list_t& committed) {
    for (int i = 0; i < committed.cnt; ++i) {
        const rd_kafka_topic_partition_t& one = committed.elems[i];
        if (one.offset < 0 || one.metadata == nullptr) continue;
        const std::string_view text(static_cast<const char*>(one.metadata), one.metadata_size);
        offsets_[one.partition].restore(one.offset, text);
    }
}

void kafka_link::commit_soon() {
    if (commit_due_) return;
    commit_due_ = true;
    commit_timer_.expires_after(commit_every);
    commit_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
        if (ec || self->stopped_) return;
        self->commit_due_ = false;
        self->commit();
    });
}

/// What was committed before is committed again, too.
void kafka_link::forget_commits() {
    for (auto& [partition, offsets] : offsets_) offsets.committed = -1;
}

/// Also what is under way: that the broker did not take it might be heard too late.
void kafka_link::commit_anew() {
    forget_commits();
    commit();
}

void kafka_link::told_of_commit(rd_kafka_event_t& e) {
    const auto why = rd_kafka_event_error(&e);
    if (why == RD_KAFKA_RESP_ERR_NO_ERROR || why == RD_KAFKA_RESP_ERR__NO_OFFSET) return;
    spdlog::debug("queue {}: a position was not committed: {}", options_.name, rd_kafka_err2str(why));
    forget_commits();
    if (connected_) commit_soon();  // else once it is
}

void kafka_link::commit() {
    if (assigned_ == nullptr) return;
    const kafka_ptr<rd_kafka_topic_partition_list_t> positions(rd_kafka_topic_partition_list_new(assigned_->cnt));
    for (int i = 0; i < assigned_->cnt; ++i) {
        const std::int32_t partition = assigned_->elems[i].partition;
        kafka_offsets& offsets = offsets_[partition];
        if (offsets.position() < 0) continue;
        std::string above = offsets.settled_above();
        if (offsets.position() == offsets.committed && above == offsets.committed_above) continue;
        auto* const to = rd_kafka_topic_partition_list_add(positions.get(), options_.topic.c_str(), partition);
        to->offset = offsets.position();
        to->metadata = ::strndup(above.data(), above.size());  // the list frees it
        to->metadata_size = above.size();
        offsets.committed = offsets.position();
        offsets.committed_above = std::move(above);
    }
    if (positions->cnt == 0) return;
    rd_kafka_commit_queue(consumer_, positions.get(), group_events_->queue(), nullptr, nullptr);
}

void kafka_link::flush() {}

void kafka_link::level() {
    levelling_ = true;
    if (is_level())
        back_.run([self = shared_from_this()] {
            if (!self->stopped_) self->over();
        });
}

/// Of every partition all has come, as the broker said last, and what was published here.
bool kafka_link::is_level() const {
    if (assigned_ == nullptr) return false;
    if (held_back_) return true;
    for (int i = 0; i < assigned_->cnt; ++i) {
        const std::int32_t partition = assigned_->elems[i].partition;
        const auto end = ends_.find(partition);
        if (end == ends_.end()) return false;
        const auto came = offsets_.find(partition);
        if (came != offsets_.end() && came->second.next() > end->second) return false;
        const auto ours = published_.find(partition);
        if (ours != published_.end() && ours->second > end->second) return false;
    }
    return true;
}

/// A queue of librdkafka's that was full is looked at once a second, in this version; a request makes it look now.
void kafka_link::fetch_on() {
    if (held_back_ || assigned_ == nullptr || (came_ < nudge_messages && came_bytes_ < nudge_bytes)) return;
    came_ = came_bytes_ = 0;
    kafka_ptr<rd_kafka_topic_partition_list_t> all(rd_kafka_topic_partition_list_copy(assigned_.get()));
    for (int i = 0; i < all->cnt; ++i)
        all->elems[i].offset = std::numeric_limits<std::int64_t>::max();  // of which time
    helper_.nudge(std::move(all));
}

void kafka_link::over() {
    if (stopped_) return;
    fetch_on();
    if (levelling_ && is_level()) {
        levelling_ = false;
        owner_.levelled(0);
    }
    owner_.arrivals_over();
}

// ---- the broker's coming and going

void kafka_link::failed(rd_kafka_event_t& e) {
    failed(rd_kafka_event_error(&e), rd_kafka_event_error_string(&e), rd_kafka_event_error_is_fatal(&e) != 0);
}

void kafka_link::failed(rd_kafka_resp_err_t code, const char* why, bool fatal) {
    const std::string words = lasting_part(why);
    switch (code) {
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: return lost(std::string(no_broker_answers));
        case RD_KAFKA_RESP_ERR__SSL:
        case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED: return lost(words);
        default: break;
    }
    if (fatal) return lost(words);
    spdlog::debug("queue {}: {}", options_.name, words);
}

void kafka_link::lost(const std::string& reason) {
    // That nobody answers follows from a better reason, if there is one.
    if (reason != last_trouble_ && (reason != no_broker_answers || last_trouble_.empty())) {
        spdlog::warn("queue {}: {}: {}; connecting again", options_.name, options_.servers, escaped(reason));
        last_trouble_ = reason;
    }
    const bool was_connected = std::exchange(connected_, false);
    helper_.look();
    if (was_connected) owner_.disconnected();
}

void kafka_link::looked(const std::string& trouble) {
    if (stopped_) return;
    if (!trouble.empty()) return lost(trouble);
    if (connected_) return;
    connected_ = true;
    if (!last_trouble_.empty()) spdlog::info("queue {}: {} answers again", options_.name, options_.servers);
    last_trouble_.clear();
    if (wanted_ && !subscribed_) subscribe();
    commit_anew();
    owner_.connected();
}

void kafka_link::look_around() {
    watch_timer_.expires_after(watch_every);
    watch_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
        if (ec || self->stopped_) return;
        self->producer_events_->drain();
        self->group_events_->drain();
        self->messages_->drain();
        self->over();
        self->look_around();
    });
}

void kafka_link::stop() {
    if (stopped_) return;
    commit_anew();
    decline();
    stopped_ = true;
    commit_timer_.cancel();
    watch_timer_.cancel();
    producer_events_.reset();
    group_events_.reset();
    messages_.reset();
    for (publication*& p : slots_) {
        publication* const one = std::exchange(p, nullptr);
        if (one == nullptr) continue;
        one->outcome = publication::outcome::failed;
        one->why = {errc::stopping, effect::maybe_done, {}};
        owner_.published(*one);
    }
    waiting_ = 0;
    topic_.reset();
    dead_topic_.reset();
    helper_.end(connected_);
    connected_ = false;
}

}  // namespace freshet
