// Beside cli.cpp and usage.cpp, the only file that includes CLI11.
#include "bench/command.hpp"

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "base/escape.hpp"
#include "base/whole_number.hpp"
#include "bench/bench.hpp"
#include "bench/meter.hpp"

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <cstdint>
#include <string>

namespace freshet {

namespace {

constexpr std::uint64_t count_max = 1'000'000'000'000;
constexpr const char* rare = "Rarely needed";

/// CLI11's own refusals do not say what would be right.
CLI::Validator whole(std::uint64_t least, std::uint64_t most) {
    return CLI::Validator(
        [least, most](const std::string& text) {
            const auto number = whole_number<std::uint64_t>(text);
            if (number && *number >= least && *number <= most) return std::string();
            return fmt::format("{} is no whole number from {} to {}", in_quotes(text), least, most);
        },
        "");
}

CLI::Validator real(double least, double most) {
    return CLI::Validator(
        [least, most](const std::string& text) {
            const auto number = load::real_number(text);
            if (number && *number >= least && *number <= most) return std::string();
            return fmt::format("{} is no number from {} to {}", in_quotes(text), least, most);
        },
        "");
}

template <class Number>
CLI::Option* number(CLI::App& to, const char* name, Number& at, const CLI::Validator& range, const char* words) {
    return to.add_option(name, at, words)->type_name("N")->check(range)->capture_default_str();
}

void add_address(CLI::App& to, load::common_options& o) {
    to.add_option("ADDR", o.address, "The server: HOST:PORT, [IPV6]:PORT or unix:/PATH")->type_name("");
}

void add_common(CLI::App& to, load::common_options& o) {
    number(to, "--pid", o.pid, whole(1, load::meter::pid_max),
           "The server's process: its processor time is measured, too")
        ->default_str("");
    to.add_flag("--json", o.json, "The figures for programs");
}

void add_rare(CLI::App& to, load::common_options& o) {
    number(to, "--patience", o.patience_seconds, real(0.01, 3600), "Seconds without a reply that are an error")
        ->group(rare);
    to.add_option("--calls", o.calls_file, "Counters of heap calls and syncs, as bench/count_calls.c keeps them")
        ->type_name("FILE")
        ->group(rare);
}

void add_cache_options(CLI::App& to, load::cache_options& o) {
    add_address(to, o);
    number(to, "--connections", o.connections, whole(1, 1'000'000), "Connections in all");
    number(to, "--depth", o.depth, whole(1, 65'536),
           "Commands a connection sends at once; it waits for all replies before the next");
    number(to, "--value", o.value_bytes, whole(0, 1U << 30), "Bytes of a value");
    number(to, "--keys", o.keys, whole(1, 1U << 31), "How many keys there are");
    to.add_option_function<std::string>(
          "--ratio", [&o](const std::string& text) { o.ratio = load::parse_ratio(text).value(); }, "Gets to sets")
        ->type_name("GETS:SETS")
        ->default_str("9:1")
        ->check([](const std::string& text) {
            return load::parse_ratio(text) ? "" : in_quotes(text) + " is no ratio; write GETS:SETS, as in \"9:1\"";
        });
    to.add_option_function<std::string>(
          "--skew", [&o](const std::string& text) { o.zipf_exponent = load::parse_skew(text).value(); },
          "How keys are drawn: uniform, or zipf:EXPONENT with an exponent up to 10")
        ->type_name("SKEW")
        ->default_str("uniform")
        ->check([](const std::string& text) {
            return load::parse_skew(text) ? "" : in_quotes(text) + " is no skew; write \"uniform\" or \"zipf:0.99\"";
        });
    to.add_option_function<std::string>(
          "--protocol", [&o](const std::string& text) { o.protocol = load::parse_protocol(text).value(); },
          "memcached's classic or meta commands, or resp: GET and SET of Redis, to compare with")
        ->type_name("NAME")
        ->default_str("classic")
        ->check([](const std::string& text) {
            return load::parse_protocol(text) ? "" : in_quotes(text) + " is no protocol; write classic, meta or resp";
        });
    number(to, "--seconds", o.seconds, real(0.01, 1e6), "Length of the run");
    number(to, "--rate", o.rate, real(0.01, 1e9),
           "Requests a second in all, evenly spaced, however slow the server is: an open loop. Their times count from "
           "when they were due. Without it each connection sends as soon as it has its replies")
        ->default_str("");
    number(to, "--threads", o.threads, whole(1, 1024), "Threads of the generator, each with its share of connections");
    to.add_flag_callback(
        "--no-fill", [&o] { o.fill = false; }, "Do not set every key once before the run");
    add_common(to, o);

    number(to, "--key-size", o.key_bytes, whole(16, 250), "Bytes of a key")->group(rare);
    number(to, "--multi", o.multi, whole(1, 1000), "Keys of one get; each counts as a request")->group(rare);
    number(to, "--requests", o.requests, whole(1, count_max), "Length of the run, in the place of --seconds")
        ->default_str("")
        ->group(rare);
    number(to, "--warm-up", o.warm_up, whole(0, count_max), "Requests before the run that are not measured")
        ->group(rare);
    number(to, "--one-hit", o.one_hit_share, real(0, 1), "Share of the gets whose key is never asked for again")
        ->group(rare);
    to.add_flag("--set-on-miss", o.set_on_miss, "A get that misses is followed by a set of its key")->group(rare);
    number(to, "--seed", o.seed, whole(0, 1U << 22), "Other numbers draw other keys")->group(rare);
    add_rare(to, o);
    to.add_flag("--hold", o.hold, "Keep the connections after the run until standard input ends")->group(rare);
}

}  // namespace

void add_queue_load_options(CLI::App& to, load::queue_options& o) {
    add_address(to, o);
    to.add_option("--key", o.key, "Of a queue that is empty: set KEY, gets KEY/open, delete KEY/NUMBER")
        ->type_name("KEY")
        ->capture_default_str();
    number(to, "--connections", o.connections, whole(1, 100'000), "Of publishers, and as many of receivers");
    number(to, "--outstanding", o.outstanding, whole(1, 10'000'000), "Messages published and not yet acknowledged");
    number(to, "--value", o.value_bytes, whole(16, 1U << 30), "Bytes of a message");
    number(to, "--seconds", o.seconds, real(0.01, 1e6), "Length of the run");
    number(to, "--messages", o.messages, whole(1, count_max), "Length of the run, in the place of --seconds")
        ->default_str("");
    add_common(to, o);
    number(to, "--stored", o.stored, whole(0, count_max), "Messages published before the run; they stay its length")
        ->group(rare);
    add_rare(to, o);
}

void bench_command::add_to(CLI::App& app) {
    cache_ = app.add_subcommand("bench", "Load a memcached server and print how fast it was, every reply checked");
    add_cache_options(*cache_, cache_options_);
    queue_ = cache_->add_subcommand("queue", "The same for a queue: publish, receive, acknowledge");
    add_queue_load_options(*queue_, queue_options_);
}

bool bench_command::is_meant() const { return cache_->parsed(); }

int bench_command::run() {
    constexpr int wrong_usage = 2;
    const std::string wrong = queue_->parsed() ? queue_options_.wrong() : cache_options_.wrong();
    if (!wrong.empty()) {
        fmt::print(stderr, "freshet: {}\n", wrong);
        return wrong_usage;
    }
    return queue_->parsed() ? load::drive_queue(queue_options_, load::make_memcached_wire)
                            : load::drive_cache(cache_options_);
}

}  // namespace freshet
