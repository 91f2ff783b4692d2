#include "demo/sites/sites.hpp"

#include <freshet/time.hpp>

#include "base/interrupt.hpp"
#include "config/url/broker_url.hpp"
#include "demo/server/client.hpp"
#include "demo/server/removal.hpp"
#include "demo/sites/site.hpp"
#include "demo/sites/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>

namespace freshet::demonstration {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr milliseconds journey_time{4s}, before_kill{1s}, burst_before_kill{200}, down_time{1500}, cut_time{2s};
constexpr auto pause_between_writes = 1ms, pause_between_greetings = 20ms;
constexpr auto subscribed_within = 60s;
constexpr std::size_t hot_keys_max = 2000;
constexpr crowd site_writers{16, 1};

double seconds_since(clock::time_point t) { return std::chrono::duration<double>(clock::now() - t).count(); }

/// RabbitMQ's clients stay with the server of their URL; Kafka's go where it says that it is.
std::unique_ptr<broker_link> link_of(const sites_setting& setting) {
    if (setting.link) return std::make_unique<broker_link>(*setting.link);
    const auto url = reading::parse_broker_url(setting.broker.front()).value();
    if (url.kind != reading::broker_url::kind::rabbitmq || url.tls) return nullptr;
    return std::make_unique<broker_link>(link_setting{0, url.host, url.port});
}

/// The other site hears of what is written at this one.
void wait_for_subscription(demo_site& from, demo_site& to) {
    const std::string key = fmt::format("{}hello:{}", from.server().key_prefix(), from.name());
    const auto end = clock::now() + subscribed_within;
    for (;;) {
        const std::string said = ask_line(from.socket_path(), fmt::format("set {} 0 60 5\r\nhello\r\n", key));
        if (said == "STORED" && ask_line(to.socket_path(), fmt::format("mg {}\r\n", key)) == "HD") return;
        if (clock::now() > end)
            throw std::runtime_error(fmt::format("{} does not hear of what is written at {}, where a set says: {}",
                                                 to.name(), from.name(), said));
        wait_for({}, pause_between_greetings);
    }
}

/// Writes at both sites at once, of the same keys, until all are answered.
void write_at_both(booked_site one, booked_site other, writing_setting setting, sites_outcome* outcome = nullptr) {
    site_writer at_one(one.books, setting), at_other(other.books, setting);
    const std::array<party, 2> parties{
        {{at_one, one.site.socket_path(), site_writers}, {at_other, other.site.socket_path(), site_writers}}};
    hold(parties);
    if (outcome == nullptr) return;
    outcome->told_beyond_cut = at_one.answers;
    outcome->answered_at_cut = at_other.answers;
    outcome->not_done = at_other.not_done;
    outcome->maybe_done = at_other.maybe_done;
}

void kill_and_return(booked_site one, booked_site other, sites_outcome& outcome) {
    const std::size_t keys = outcome.hot_keys;
    write_at_both(one, other, {keys, clock::now() + before_kill, pause_between_writes});
    site_writer last(other.books, {keys, clock::now() + burst_before_kill, 0ms, false});
    hold(last, other.site.socket_path(), site_writers);
    other.site.server().kill();
    outcome.under_way_at_kill = last.abandon();
    site_writer meanwhile(one.books, {keys, clock::now() + down_time, pause_between_writes});
    hold(meanwhile, one.site.socket_path(), site_writers);
    outcome.told_meanwhile = meanwhile.answers;
    const auto start = clock::now();
    other.site.server().start();
    outcome.start_seconds = seconds_since(start);
    const auto listens = clock::now();
    if (compare_until_equal(one, other, keys, equal_within).differing == 0)
        outcome.caught_up_seconds = seconds_since(listens);
}

void cut_and_heal(booked_site one, booked_site other, broker_link& link, sites_outcome& outcome) {
    link.cut();
    const auto cut = clock::now();
    write_at_both(one, other, {outcome.hot_keys, cut + cut_time, pause_between_writes}, &outcome);
    link.heal();
    outcome.cut_seconds = seconds_since(cut);
    const auto healed = clock::now();
    if (compare_until_equal(one, other, outcome.hot_keys, equal_within).differing == 0)
        outcome.healed_seconds = seconds_since(healed);
}

void remove_all(booked_site from) {
    std::vector<std::string> keys;
    for (std::uint32_t subject = 0; subject < from.books.subjects(); ++subject) {
        if (from.books.knows(subject)) keys.push_back(from.books.key(subject));
    }
    remove_keys(from.site.socket_path(), std::move(keys));
}

}  // namespace

sites_outcome run_sites(const sites_setting& setting, const package_database& packages, const progress& shown) {
    sites_outcome outcome;
    outcome.other_servers = setting.other_servers.size();
    outcome.hot_keys = std::min(hot_keys_max, packages.records.size());
    shown.show("4 two sites: starting");
    const auto link = link_of(setting);
    demo_site fra({"fra", 1, setting.servers, setting.broker});
    demo_site nyc({"nyc", 2, setting.other_servers, setting.broker, link ? std::optional(link->port()) : std::nullopt});
    const std::string prefix = fra.server().key_prefix() + "record:";
    ledger of_fra(fra.name(), prefix, packages.records), of_nyc(nyc.name(), prefix, packages.records);
    const booked_site one{fra, of_fra}, other{nyc, of_nyc};
    wait_for_subscription(fra, nyc);
    wait_for_subscription(nyc, fra);

    shown.show("4 two sites: written at one, read at the other");
    outcome.journey = run_journey(one, other, journey_time);
    shown.show("4 two sites: one is killed");
    kill_and_return(one, other, outcome);
    if (link) {
        shown.show("4 two sites: the link is cut");
        cut_and_heal(one, other, *link, outcome);
    }
    shown.show("4 two sites: comparing");
    outcome.end = compare_until_equal(one, other, packages.records.size(), equal_within);
    shown.show("4 two sites: removing what was written");
    for (const booked_site& site : {one, other}) remove_all(site);
    for (demo_site* site : {&fra, &nyc}) {
        if (!site->server().stop()) throw std::runtime_error(site->name() + " did not end as it should");
    }
    return outcome;
}

}  // namespace freshet::demonstration
