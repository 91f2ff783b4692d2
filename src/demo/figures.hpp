// What the demo has measured: one row for each kind of request. S, P, T and D as DESIGN calls them.
#pragma once

#include <freshet/time.hpp>

#include "base/bytes.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace freshet::demonstration {

/// Every single time, so that a quantile is exact.
class request_times {
public:
    void add(std::chrono::nanoseconds took) { all_.push_back(took.count()); }

    std::size_t count() const noexcept { return all_.size(); }
    std::optional<double> mean_us() const;
    /// The time that so many thousandths of the requests did not exceed. Nothing, unless at least one request in that
    /// many lies beyond: the p99.9 of 50 requests would be a guess.
    std::optional<double> quantile_us(unsigned thousandths) const;

private:
    std::vector<std::int64_t> all_;
};

struct figures {
    std::string name{};
    double seconds{0};                         ///< that it took in all
    std::optional<std::size_t> bytes{};        ///< of values, counted once a request
    std::optional<std::size_t> messages{};     ///< processed
    std::optional<std::size_t> requests{};     ///< answered
    std::optional<std::size_t> concurrency{};  ///< requests under way all the time; nothing: it varied
    request_times times{};

    std::optional<double> bytes_per_second() const { return rate(bytes); }
    std::optional<double> messages_per_second() const { return rate(messages); }
    std::optional<double> requests_per_second() const { return rate(requests); }
    /// The mean time of a request by Little's law: concurrency / T.
    std::optional<double> little_us() const;

private:
    std::optional<double> rate(std::optional<std::size_t> n) const;
};

/// For people; nothing: "-".
std::string time_text(std::optional<double> us);
/// A table for people, and the lines of Little's law where it applies.
std::string table(const std::vector<figures>& rows);
std::string little_lines(const std::vector<figures>& rows);
/// An array for programs; what was not measured is null.
std::string json_rows(const std::vector<figures>& rows);

}  // namespace freshet::demonstration
