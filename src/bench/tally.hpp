// What has come of the requests.
#pragma once

#include "bench/histogram.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace freshet::load {

/// The server has said what is no answer to the question: the figures of this run are worth nothing.
struct wrong_reply : std::runtime_error {
    using runtime_error::runtime_error;
};

struct tally {
    std::uint64_t hits{0}, misses{0}, sets{0};
    std::uint64_t error_replies{0};    ///< SERVER_ERROR, CLIENT_ERROR, ERROR
    std::uint64_t cut_connections{0};  ///< by the server
    std::uint64_t silent_connections{0};
    std::uint64_t unanswered{0};       ///< requests that were under way on these two
    std::uint64_t failed_attempts{0};  ///< to open a connection again
    std::uint64_t not_sent{0};         ///< due in an open loop, and not sent when it ended
    std::string first_error{};
    histogram times{};

    std::uint64_t requests() const { return hits + misses + sets; }
    std::uint64_t errors() const { return error_replies + cut_connections + silent_connections; }

    void count_error(std::string_view line) {
        if (error_replies++ == 0) first_error = line;
    }
    void add(const tally& other) {
        hits += other.hits;
        misses += other.misses;
        sets += other.sets;
        error_replies += other.error_replies;
        cut_connections += other.cut_connections;
        silent_connections += other.silent_connections;
        unanswered += other.unanswered;
        failed_attempts += other.failed_attempts;
        not_sent += other.not_sent;
        if (first_error.empty()) first_error = other.first_error;
        times.add(other.times);
    }
};

}  // namespace freshet::load
