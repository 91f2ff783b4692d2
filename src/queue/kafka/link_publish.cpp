// Messages on their way to Kafka, until they are confirmed.
#include "queue/kafka/link.hpp"

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "queue/kafka/wire/message.hpp"
#include "queue/operations.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <utility>

namespace freshet {

namespace {

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

void kafka_link::publish(publication& p, lane to, std::string_view reason) {
    const message& m = p.message;
    if (free_slots_.empty()) {
        free_slots_.push_back(slots_.size());
        slots_.push_back(nullptr);
    }
    const std::size_t slot = free_slots_.back();
    const death died{options_.name, reason, wall::now()};
    const kafka_outfit outfit = kafka_outfit_of(m, source_, to == lane::dead ? &died : nullptr);
    std::array<rd_kafka_vu_t, 7> what{};
    what[0].vtype = RD_KAFKA_VTYPE_RKT;
    what[0].u.rkt = to == lane::dead ? dead_topic_.get() : topic_.get();
    what[1].vtype = RD_KAFKA_VTYPE_VALUE;
    what[1].u.mem.ptr = outfit.no_value ? nullptr : const_cast<char*>(m.body.data());
    what[1].u.mem.size = m.body.size();
    what[2].vtype = RD_KAFKA_VTYPE_KEY;
    what[2].u.mem.ptr = outfit.no_key ? nullptr : const_cast<char*>(m.key.data());
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
        if (m.rkt == topic_.get()) levels_.published(m.partition, m.offset);
    } else {
        p->outcome = publication::outcome::failed;
        const bool perhaps = rd_kafka_message_status(&m) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED;
        p->why = {code_of(m.err), perhaps ? effect::maybe_done : effect::not_done, {}};
        spdlog::debug("queue {}: a message was not published: {}", options_.name, rd_kafka_err2str(m.err));
    }
    owner_.published(*p);
}

void kafka_link::flush() {}

}  // namespace freshet
