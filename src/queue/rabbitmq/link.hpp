// One queue on RabbitMQ: a connection that consumes and acknowledges, and one that publishes. The first finds the
// broker and what is declared there; the second follows it to its server. Back shard only.
#pragma once

#include "config/broker_options.hpp"
#include "queue/broker/link.hpp"
#include "queue/operations.hpp"
#include "queue/rabbitmq/consumer.hpp"
#include "queue/rabbitmq/publisher.hpp"
#include "shard/shard.hpp"

#include <memory>
#include <string_view>

namespace freshet {

class rabbitmq_link final : public broker_link, public std::enable_shared_from_this<rabbitmq_link> {
public:
    rabbitmq_link(shard& back, const rabbitmq_options& options, link_owner& owner);

    void start() override;
    void publish(publication& p, lane to, std::string_view reason) override { publisher_.publish(p, to, reason); }
    void flush() override;
    void acknowledge(delivery_tag tag) override { consumer_.acknowledge(tag); }
    void consume(std::size_t more) override { consumer_.consume(more); }
    std::size_t room() const noexcept override { return consumer_.room(); }
    void pause() override { consumer_.pause(); }
    void give_back(delivery_tag tag) override { consumer_.give_back(tag); }
    void ask_for_others() override { consumer_.ask_for_others(); }
    void rest() override { consumer_.rest(); }
    void level() override { consumer_.level(); }
    void history_made_up() override { consumer_.history_made_up(); }
    bool is_connected() const noexcept override { return consumer_.is_ready(); }
    bool can_publish() const noexcept override { return publisher_.is_ready() && consumer_.was_there(); }
    bool has_unconfirmed() const noexcept override { return publisher_.has_unconfirmed() || consumer_.has_unsaid(); }
    void stop() override;
    bool is_leaving() const noexcept override { return consumer_.is_leaving(); }
    void cut() override;

private:
    const rabbitmq_server* publish_where();
    void consumer_changed();
    void publisher_changed();

    const rabbitmq_options options_;
    link_owner& owner_;
    rabbitmq_consumer consumer_;
    rabbitmq_publisher publisher_;
    bool first_{true};  ///< the publisher has not tried to connect
};

}  // namespace freshet
