// What has come of the messages.
#pragma once

#include <freshet/config.hpp>

#include "bench/meter.hpp"
#include "bench/options.hpp"
#include "bench/tally.hpp"
#include "queue/operations.hpp"

#include <cstdint>
#include <string>

namespace freshet::load {

struct queue_tally {
    std::uint64_t published{0};    ///< sent
    std::uint64_t settled{0};      ///< messages that were received and acknowledged
    std::uint64_t redelivered{0};  ///< deliveries of a message that had come before
    std::uint64_t earlier{0};      ///< messages of an earlier run that were still in the queue
    std::uint64_t empty{0};        ///< receives that found nothing
    std::uint64_t missing{0};      ///< confirmed, and not received when the run ended
    tally errors{};                ///< of which only the errors count here
    histogram confirm{}, delivery{}, settle{};
};

std::string report_text(const queue_options& options, const queue_tally& counted, const cost& spent);
std::string report_json(const queue_options& options, const queue_tally& counted, const cost& spent);

}  // namespace freshet::load
