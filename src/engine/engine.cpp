#include "engine/engine.hpp"

#include "base/name.hpp"
#include "base/state_folder.hpp"
#include "base/system_memory.hpp"
#include "call/call.hpp"
#include "config/journals.hpp"
#include "config/url/address.hpp"
#include "config/url/server_address.hpp"
#include "flow/apply/apply.hpp"
#include "protocol/request.hpp"
#include "route/announce/announce.hpp"
#include "route/queue_source.hpp"
#include "route/task.hpp"
#include "route/wait.hpp"
#include "store/every_store.hpp"
#include "store/pool/pool.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <thread>

namespace freshet {

namespace {

constexpr std::size_t default_size_max = std::size_t{1} << 30;

/// Of the items in it.
bool has_versions(const config& c, std::string_view store) {
    return std::any_of(c.flows.begin(), c.flows.end(), [store](const flow_config& f) { return f.apply == store; }) ||
           std::any_of(c.routes.begin(), c.routes.end(),
                       [store](const route_config& r) { return r.store == store && !r.publish.empty(); });
}

std::size_t size_of(const store_config& c) {
    return c.size_bytes != 0 ? c.size_bytes : std::min(default_size_max, memory_allowed_bytes() / 4);
}

}  // namespace

engine::engine(const freshet::config& config) : config_(config) { prepare_queues(); }

engine::~engine() {
    stop_flows(steady::now());
    stop_queues(steady::now());
    forget_told_stores();
    brokers_.clear();
    back_.stop();
    for (auto& [name, s] : stores_) s.of_back_shard.reset();
}

result<std::unique_ptr<engine>> engine::make(const freshet::config& config) {
    std::unique_ptr<engine> made(new engine(config));
    if (auto trouble = made->build()) return *std::move(trouble);
    made->back_.start();
    for (const auto& broker : made->brokers_) broker->start();
    return made;
}

journal* engine::find_journal(std::string_view url) {
    const auto found = journals_.find(file_identity(journal_file(url, config_.state_folder)));
    return found != journals_.end() ? found->second.get() : nullptr;
}

journal* engine::default_journal() { return find_journal("journal:"); }

std::vector<journal*> engine::journals() {
    std::vector<journal*> all;
    for (const auto& [path, journal] : journals_) all.push_back(journal.get());
    return all;
}

queue* engine::find_queue(std::string_view name) noexcept {
    const auto found = queues_.find(name);
    return found != queues_.end() ? found->second : nullptr;
}

store* engine::find_store(std::string_view name) {
    const auto found = stores_.find(name);
    if (found == stores_.end()) return nullptr;
    named_store& s = found->second;
    if (s.memory != nullptr) return s.memory.get();
    if (s.of_back_shard == nullptr) s.of_back_shard = make_memcached_store(back_, s.pool, s.aside);
    return s.of_back_shard.get();
}

store* engine::find_told_store(std::string_view name) {
    store* const plain = find_store(name);
    const auto tells = [name](const route_config& r) { return r.store == name && !r.publish.empty(); };
    if (plain == nullptr || std::none_of(config_.routes.begin(), config_.routes.end(), tells)) return plain;
    std::unique_ptr<route_table>& made = stores_.find(name)->second.told;
    if (made != nullptr) return made.get();
    auto table = std::make_unique<route_table>();
    for (const route_config& r : config_.routes) {
        for (const std::string& prefix : r.prefixes)
            table->add(prefix, tells(r) ? announced(*table, back_, *plain, r) : *plain);
    }
    table->add("", *plain);
    made = std::move(table);
    return made.get();
}

/// Whoever goes on writing there needs queues and stores.
void engine::forget_told_stores() {
    const auto forget = [this] {
        for (auto& [name, s] : stores_) s.told.reset();
    };
    if (back_.is_running()) back_.run_and_wait(forget);
    else forget();
}

bool engine::keeps_results(const flow_config& f) const {
    const auto found = stores_.find(f.into);
    const auto of_it = [&](const queue_config& q) { return q.name == f.from && q.on_broker(); };
    return found != stores_.end() && found->second.memory != nullptr &&
           std::none_of(config_.queues.begin(), config_.queues.end(), of_it);
}

std::optional<problem> engine::make_store(const store_config& s) {
    named_store& made = stores_[s.name];
    made.config = s;
    if (s.in_memory()) {
        memory_options options;
        options.size_bytes = size_of(s);
        options.item_size_max_bytes = config_.server.item_size_max_bytes;
        made.memory = make_memory_store(options);
        return {};
    }
    made.pool = s.pool;
    made.pool.name = s.name;
    made.pool.versions = has_versions(config_, s.name);
    made.pool.hash = s.ketama ? placement_kind::ketama : placement_kind::modula;
    for (const std::string& url : s.urls) {
        auto address = parse_server_address(url);
        if (!address)
            return problem{errc::wrong_config, effect::not_done,
                           fmt::format("store {}: {}", s.name, address.error().text)};
        made.pool.servers.push_back(*std::move(address));
    }
    made.aside = std::make_shared<servers_set_aside>(made.pool.servers.size());
    return {};
}

std::optional<problem> engine::build() {
    for (const store_config& s : config_.stores) {
        if (auto trouble = make_store(s)) return trouble;
    }
    for (const queue_config& q : config_.queues) {
        if (const std::string wrong = reading::wrong_queue_url(q.urls.front()); !wrong.empty())
            return problem{errc::wrong_config, effect::not_done, fmt::format("queue {}: {}", q.name, wrong)};
    }
    if (auto trouble = open_journals()) return trouble;
    if (auto trouble = open_clock()) return trouble;
    for (const queue_config& q : config_.queues) {
        if (auto trouble = make_queue(q)) return trouble;
    }
    for (const queue_config& q : config_.queues) {
        if (auto trouble = set_copies(q)) return trouble;
    }
    for (auto& [path, journal] : journals_) {
        for (const kept_result& kept : journal->results()) restore(kept);
    }
    for (flow_config f : config_.flows) {
        f.result_size_max_bytes = config_.server.item_size_max_bytes;
        if (!f.apply.empty()) {
            flows_.push_back(make_apply_flow(back_, *queues_.at(f.from), *find_store(f.apply), *clock_, f, config_.site,
                                             boxes_of(f)));
            continue;
        }
        const std::string wrong = f.exec.empty() ? reading::wrong_http_url(f.url) : std::string();
        if (!wrong.empty())
            return problem{errc::wrong_config, effect::not_done, fmt::format("flow of {}: {}", f.from, wrong)};
        store* const into = f.into.empty() ? nullptr : find_told_store(f.into);
        flows_.push_back(make_flow(back_, *queues_.at(f.from), into, f, keeps_results(f)));
    }
    say_what_is_left_behind();
    say_which_marks_are_left_behind();
    return {};
}

/// Only where something has versions: a process without changes keeps no file for them.
std::optional<problem> engine::open_clock() {
    const bool versions = std::any_of(config_.flows.begin(), config_.flows.end(),
                                      [](const flow_config& f) { return !f.apply.empty(); }) ||
                          std::any_of(config_.routes.begin(), config_.routes.end(),
                                      [](const route_config& r) { return !r.publish.empty(); });
    if (!versions) return {};
    if (auto trouble = make_state_folder(config_.state_folder)) return trouble;
    auto opened = kept_clock::open(config_.state_folder + "/clock", config_.site.node);
    if (!opened) return opened.error();
    clock_ = *std::move(opened);
    return {};
}

/// A flow's result that a crash took from memory.
void engine::restore(const kept_result& kept) {
    const auto found = stores_.find(kept.store);
    if (found == stores_.end() || found->second.memory == nullptr) return;
    const auto c = std::make_unique<call>();
    c->now = steady::now();
    c->request.command = command::store;
    c->request.mode = store_mode::add;
    c->request.key = kept.key;
    c->request.value = kept.value;
    c->request.flags = kept.flags;
    c->request.kept = true;
    c->request.assign = kept.version != 0;  // so that changes that come again do not take its place
    c->request.assign_cas = kept.version;
    if (kept.expires != wall::time_point{}) c->request.exptime = wall::to_time_t(kept.expires);
    [[maybe_unused]] const bool answered = found->second.memory->submit(*c);
}

store& engine::announced(route_table& in, shard& home, store& behind, const route_config& r) {
    announce_options options;
    options.site = config_.site.name;
    options.tombstone = config_.site.tombstone;
    options.item_size_max_bytes = config_.server.item_size_max_bytes;
    options.patient = &home == &back_;
    return in.keep(make_announce_store(home, behind, *queues_.at(r.publish), *clock_, std::move(options)));
}

std::unique_ptr<route_table> engine::make_routes(shard& home) {
    auto table = std::make_unique<route_table>();
    std::map<std::string_view, store*> here;
    std::vector<store*> all, emptied;
    for (auto& [name, s] : stores_) {
        store* const one =
            s.memory != nullptr ? s.memory.get() : &table->keep(make_memcached_store(home, s.pool, s.aside));
        here[name] = one;
        all.push_back(one);
        if (s.config.flush_all) emptied.push_back(one);
    }
    table->every_store(table->keep(make_every_store(home, std::move(all), std::move(emptied))));
    for (const route_config& r : config_.routes) {
        for (const std::string& prefix : r.prefixes) {
            if (!r.store.empty()) {
                store& target = *here.at(r.store);
                store& told = r.publish.empty() ? target : announced(*table, home, target, r);
                table->add(prefix, r.wait.count() == 0 ? told : table->keep(make_wait_store(home, told, r.wait)));
                continue;
            }
            auto source = r.any_queue ? any_queue(*default_journal(), queues_) : one_queue(*queues_.at(r.queue));
            const task_options options{r.close_on_lost_noreply};
            table->add(prefix, table->keep(make_task_store(home, prefix.size(), std::move(source), options)));
        }
    }
    return table;
}

void engine::add_queue_statistics(std::vector<statistic>& to) {
    const auto now = wall::now();
    const auto add = [&](const std::string& name, const queue& q) {
        const queue_figures is = q.figures();
        const auto one = [&](const char* what, std::uint64_t value) {
            to.push_back({name + ":" + what, std::to_string(value)});
        };
        one("ready", is.ready);
        one("leased", is.leased);
        one("delayed", is.delayed);
        const auto age = [&](const char* what, wall::time_point since) {
            if (since == wall::time_point{}) return;
            const auto passed = std::chrono::duration_cast<seconds>(now - since).count();
            one(what, static_cast<std::uint64_t>(std::max<std::int64_t>(0, passed)));
        };
        if (is.ready != 0) age("oldest", is.oldest);
        std::uint64_t held = 0;
        for (const auto& [from, box] : boxes_) held += from == name ? box->length() : 0;
        if (held != 0) one("held", held);
        if (is.outbox) {
            one("outbox", is.outbox->length);
            if (is.outbox->length != 0) age("outbox_oldest", is.outbox->oldest);
        }
        if (is.dead) one("dead", *is.dead);
    };
    for (const auto& [name, q] : queues_) add(name, *q);
    journal* const made = default_journal();
    if (made == nullptr) return;
    for (const std::string& name : made->names()) {
        const queue_ptr q = made->find(name);
        if (q != nullptr && is_name(name) && !queues_.contains(name)) add(name, *q);
    }
}

void engine::wait_for_brokers(steady::time_point deadline) const {
    constexpr milliseconds glance{5};
    const auto all_connected = [this] {
        return std::all_of(brokers_.begin(), brokers_.end(), [](const auto& broker) { return broker->is_connected(); });
    };
    while (!all_connected() && steady::now() < deadline) std::this_thread::sleep_for(glance);
}

void engine::start_flows() {
    kept_results_ = std::make_unique<kept_results>(back_, journals());
    for (auto& [name, s] : stores_) {
        if (s.memory != nullptr) kept_results_->add(name, *s.memory);
    }
    kept_results_->start();
    for (auto& f : flows_) f->start();
}

void engine::stop_flows(steady::time_point deadline) {
    for (auto& f : flows_) f->stop(deadline);
    flows_.clear();
}

void engine::stop_queues(steady::time_point deadline) {
    if (kept_results_ != nullptr) kept_results_->stop();
    for (const auto& broker : brokers_) broker->stop(deadline);
    for (auto& [path, journal] : journals_) journal->stop();
}

}  // namespace freshet
