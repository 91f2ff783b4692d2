// What `freshet bench` is told.
#pragma once

#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace freshet::load {

struct ratio {
    std::uint64_t gets{9}, sets{1};
};

/// All of `text`, as "0.5" or "1e6". Nothing: it is no number.
std::optional<double> real_number(std::string_view text);

/// What is spoken to a cache: memcached's classic or meta commands, or Redis's GET and SET.
enum class protocol : std::uint8_t { classic, meta, resp };

/// "classic", "meta", "resp"; nothing: it is none of them.
std::optional<protocol> parse_protocol(const std::string& text);
/// "GETS:SETS"; nothing: it is none.
std::optional<ratio> parse_ratio(const std::string& text);
/// The exponent of "zipf:EXPONENT", 0 of "uniform"; nothing: it is neither.
std::optional<double> parse_skew(const std::string& text);

/// Of both kinds of load.
struct common_options {
    std::string address{};
    std::size_t value_bytes{100};
    double seconds{10};
    double patience_seconds{10};  ///< with a reply
    int pid{0};                   ///< of the server; 0: it is not watched
    std::string calls_file{};
    bool json{false};
};

struct cache_options : common_options {
    std::size_t connections{50}, depth{16}, threads{1};
    std::size_t keys{100'000}, key_bytes{30}, multi{1};
    load::ratio ratio{};
    double zipf_exponent{0};  ///< 0: uniform
    load::protocol protocol{load::protocol::classic};
    double rate{0};  ///< requests a second in all; 0: a closed loop
    bool fill{true};
    std::uint64_t warm_up{0};
    std::uint64_t requests{0};  ///< 0: `seconds` count
    double one_hit_share{0};
    bool set_on_miss{false};
    std::uint64_t seed{1};
    bool hold{false};

    /// A sentence; empty: nothing is wrong.
    std::string wrong() const;
};

struct queue_options : common_options {
    std::string key{"queue/bench"};
    std::size_t connections{10};  ///< of publishers, and as many of receivers
    std::size_t outstanding{1000};
    std::uint64_t stored{0};    ///< before the run
    std::uint64_t messages{0};  ///< 0: `seconds` count

    std::string wrong() const;
};

}  // namespace freshet::load
