#include "queue/rabbitmq/link.hpp"

#include <utility>

namespace freshet {

rabbitmq_link::rabbitmq_link(shard& back, const rabbitmq_options& options, link_owner& owner)
    : options_(options),
      owner_(owner),
      consumer_(back, options_, owner, [this] { consumer_changed(); }),
      publisher_(
          back, options_, owner, [this] { return publish_where(); }, [this] { publisher_changed(); }) {}

void rabbitmq_link::start() {
    consumer_.start(shared_from_this());
    publisher_.start(shared_from_this());
}

void rabbitmq_link::flush() {
    publisher_.flush();
    consumer_.flush();
}

void rabbitmq_link::stop() {
    consumer_.stop();
    publisher_.stop();
}

void rabbitmq_link::cut() {
    consumer_.cut();
    publisher_.cut();
}

/// The first time both connect at once; from then on the publisher does not search by itself.
const rabbitmq_server* rabbitmq_link::publish_where() {
    if (std::exchange(first_, false)) return &options_.servers.front();
    return consumer_.server();
}

void rabbitmq_link::consumer_changed() {
    if (consumer_.server() != nullptr) publisher_.hurry();
    const bool waits = consumer_.server() != nullptr ? !publisher_.is_ready() : !consumer_.has_tried_all();
    if (!waits) owner_.publishable(can_publish());
}

void rabbitmq_link::publisher_changed() {
    if (consumer_.server() != nullptr || can_publish()) owner_.publishable(can_publish());
}

}  // namespace freshet
