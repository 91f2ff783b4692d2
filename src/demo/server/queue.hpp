// The broker that the demo's tasks go through, where it is told one.
#pragma once

#include <string>
#include <vector>

namespace freshet::demonstration {

/// A sentence that says what is wrong with the URLs of a queue on a broker, or an empty one.
std::string wrong_queue(const std::vector<std::string>& urls);
/// "RabbitMQ", "Kafka", or "a journal" where there is no URL.
std::string kind_of_queue(const std::vector<std::string>& urls);

/// Until the queue behind `key` can be used, asked for at that socket. Throws std::runtime_error with what was said
/// last where that takes too long.
void wait_for_queue(const std::string& socket_path, const std::string& key);

}  // namespace freshet::demonstration
