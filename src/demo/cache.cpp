#include "demo/cache.hpp"

#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "demo/server/client.hpp"
#include "protocol/ask.hpp"
#include "protocol/reply.hpp"

#include <fmt/format.h>

#include <deque>
#include <random>
#include <stdexcept>
#include <utility>

namespace freshet::demonstration {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t gets_max = 400'000;
constexpr std::chrono::seconds time_max{6};
constexpr std::size_t source_calls_max = 16;
constexpr std::chrono::seconds source_time_max{5};
constexpr std::size_t gets_between_progress = 20'000;
constexpr crowd one_at_a_time{1, 1}, everybody{16, 1};

class cache_talk final : public conversation {
public:
    cache_talk(const demo_server& server, const package_database& packages, const progress& shown)
        : server_(server), packages_(packages), shown_(shown), wanted_(weights(packages)) {
        result.all.name = "1 cache, gets and sets";
        result.hit.name = "  hits alone";
        result.source.name = "  the source: apt-cache show, with its start";
    }

    /// Until the sample of calls to the source is used up; nothing of it counts for the server's figures.
    void sample() {
        phase_ = phase::sample;
        end_ = clock::now() + source_time_max;
        hold(*this, server_.socket_path(), one_at_a_time);
    }
    void measure() {
        phase_ = phase::measure;
        end_ = clock::now() + time_max;
        const std::chrono::duration<double> took = hold(*this, server_.socket_path(), everybody);
        result.all.seconds = result.hit.seconds = took.count();
        result.all.requests = result.all.times.count();
        result.hit.requests = result.hit.times.count();
        result.all.concurrency = everybody.concurrency();
    }

    bool ask(asking& to, std::uint32_t& subject) override {
        if (!fills_.empty()) {
            subject = fills_.front().first;
            to.set(key(subject), fills_.front().second);
            count_bytes(fills_.front().second.size());
            fills_.pop_front();
            return true;
        }
        if (finished()) return false;
        ++asked_;
        subject = wanted_(random_);
        to.get(key(subject));
        return true;
    }

    void answered(std::uint32_t subject, const reply& answer, std::chrono::nanoseconds took) override {
        if (answer.outcome == outcome::text || answer.outcome == outcome::too_large)
            throw std::runtime_error(fmt::format("the server says {}", answer.value.view()));
        const bool hit = answer.outcome == outcome::hit;
        if (hit) ++result.hits;
        if (answer.outcome == outcome::miss) fill(subject);
        if (phase_ == phase::sample) return;
        result.all.times.add(took);
        if (!hit) return;
        result.hit.times.add(took);
        result.hit.bytes = result.hit.bytes.value_or(0) + answer.value.size();
        count_bytes(answer.value.size());
        if (result.hit.times.count() % gets_between_progress == 0)
            shown_.show(fmt::format("1 cache: {} hits", result.hits));
    }

    cache_outcome result{};

private:
    enum class phase : std::uint8_t { sample, measure };

    static std::discrete_distribution<std::uint32_t> weights(const package_database& packages) {
        const auto counts = reverse_dependencies(packages.records);
        return {counts.begin(), counts.end()};
    }

    bool finished() const {
        if (phase_ == phase::sample && result.misses_from_source >= source_calls_max) return true;
        return asked_ >= gets_max || clock::now() >= end_;
    }
    std::string key(std::uint32_t subject) const {
        return (server_.key_prefix() + "package:").append(packages_.records[subject].name);
    }
    void count_bytes(std::size_t n) {
        if (phase_ == phase::measure) result.all.bytes = result.all.bytes.value_or(0) + n;
    }

    /// What a user of a cache does on a miss: asks the source and sets the value.
    void fill(std::uint32_t subject) {
        std::string value;
        if (phase_ == phase::sample) value = measured_source(packages_.records[subject].name);
        ++(value.empty() ? result.misses_from_records : result.misses_from_source);
        if (value.empty()) value = packages_.records[subject].text;
        fills_.emplace_back(subject, std::move(value));
    }
    std::string measured_source(std::string_view name) {
        const auto begin = clock::now();
        std::string value = ask_source(name);
        if (value.empty()) return value;
        const std::chrono::nanoseconds took = clock::now() - begin;
        figures& f = result.source;
        f.times.add(took);
        f.seconds += std::chrono::duration<double>(took).count();
        f.requests = f.times.count();
        f.bytes = f.bytes.value_or(0) + value.size();
        return value;
    }

    const demo_server& server_;
    const package_database& packages_;
    const progress& shown_;
    std::discrete_distribution<std::uint32_t> wanted_;
    std::mt19937_64 random_{1};
    phase phase_{phase::sample};
    std::size_t asked_{0};  ///< gets
    clock::time_point end_{};
    std::deque<std::pair<std::uint32_t, std::string>> fills_;  ///< misses whose set is still to be sent
};

}  // namespace

cache_outcome run_cache(const demo_server& server, const package_database& packages, const progress& shown) {
    cache_talk talk(server, packages, shown);
    shown.show("1 cache: asking the source");
    talk.sample();
    talk.measure();
    return std::move(talk.result);
}

}  // namespace freshet::demonstration
