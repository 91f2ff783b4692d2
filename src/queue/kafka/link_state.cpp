#include "queue/kafka/link_state.hpp"

#include <utility>

namespace freshet {

kafka_actions kafka_link_state::take(kafka_event e) {
    if (is_stopped()) return {};
    switch (e) {
        case kafka_event::answers: return answers();
        case kafka_event::lost: return lost();
        case kafka_event::wanted: return wanted();
        case kafka_event::unwanted: return unwanted();
        case kafka_event::subscribed: return subscribed();
        case kafka_event::given: return given();
        case kafka_event::taken: return taken();
        case kafka_event::positions_known: return positions_known();
        case kafka_event::settled: return settled();
        case kafka_event::commit_time: return commit_time();
        case kafka_event::commit_refused: return commit_refused();
        case kafka_event::stopped: return stop();
    }
    return {};
}

/// What is under way is committed again, too: that the broker did not take it might be heard too late.
kafka_actions kafka_link_state::answers() {
    if (std::exchange(connected_, true)) return {};
    return {.subscribe = standing() == kafka_state::wanting,
            .forget_commits = true,
            .commit = true,
            .tell_connected = true};
}

kafka_actions kafka_link_state::lost() {
    const bool was_connected = std::exchange(connected_, false);
    return {.look = true, .tell_disconnected = was_connected};
}

kafka_actions kafka_link_state::wanted() {
    if (standing() == kafka_state::away) standing() = kafka_state::wanting;
    return {.subscribe = standing() == kafka_state::wanting && connected_};
}

/// The group gives its partitions to others; this one is a member again when somebody asks here.
kafka_actions kafka_link_state::unwanted() {
    const bool was_member = is_member();
    const bool declines = now_ == kafka_state::taking_over;
    standing() = kafka_state::away;
    if (!was_member) return {};
    return {.forget_commits = true, .commit = true, .decline = declines, .unsubscribe = true, .drop_partitions = true};
}

kafka_actions kafka_link_state::subscribed() {
    if (standing() != kafka_state::wanting) return {};
    if (!without_) now_ = kafka_state::joined;
    without_.reset();
    return {};
}

kafka_actions kafka_link_state::given() {
    if (!without_ && !is_member()) without_ = now_;
    now_ = kafka_state::taking_over;
    return {.drop_partitions = true, .tell_revoked = true, .take_over = true};
}

kafka_actions kafka_link_state::taken() {
    if (without_) now_ = *without_;
    else if (is_member()) now_ = kafka_state::joined;
    without_.reset();
    return {.commit = true, .drop_partitions = true, .tell_revoked = true, .give_up_partitions = true};
}

kafka_actions kafka_link_state::positions_known() {
    if (now_ != kafka_state::taking_over) return {};
    now_ = kafka_state::reading;
    return {.read = true};
}

kafka_actions kafka_link_state::settled() { return {.commit_soon = !std::exchange(commit_due_, true)}; }

kafka_actions kafka_link_state::commit_time() {
    commit_due_ = false;
    return {.commit = true};
}

/// While no broker answers: once one does.
kafka_actions kafka_link_state::commit_refused() {
    kafka_actions todo{.forget_commits = true};
    if (connected_) todo.commit_soon = !std::exchange(commit_due_, true);
    return todo;
}

/// What was given is answered: librdkafka waits for that, also when it is closed.
kafka_actions kafka_link_state::stop() {
    const bool declines = now_ == kafka_state::taking_over;
    now_ = kafka_state::stopped;
    const bool was_connected = std::exchange(connected_, false);
    return {.forget_commits = true, .commit = true, .decline = declines, .leave_group = was_connected, .end = true};
}

}  // namespace freshet
