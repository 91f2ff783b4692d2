// Commands that a session answers itself: version, verbosity, flush_all, stats, mn, quit.
#include "server/session.hpp"

#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "config/url/listen_address.hpp"
#include "protocol/request.hpp"
#include "store/statistics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

namespace {

/// memcached's version, whose protocol is spoken: clients compare it, some to the end of the line.
constexpr std::string_view memcached_version = "1.6.38";
constexpr std::string_view version_line = "VERSION 1.6.38\r\n";
static_assert(version_line.substr(8, memcached_version.size()) == memcached_version);

std::string seconds_of(const timeval& t) {
    char text[40];
    std::snprintf(text, sizeof text, "%ld.%06ld", static_cast<long>(t.tv_sec), static_cast<long>(t.tv_usec));
    return text;
}

/// 0: there is none.
unsigned first_tcp_port(const std::vector<std::string>& listen) {
    for (const std::string& text : listen) {
        const auto address = parse_listen_address(text);
        if (address && !address->is_unix()) return address->port;
    }
    return 0;
}

std::string first_unix_path(const std::vector<std::string>& listen) {
    for (const std::string& text : listen) {
        const auto address = parse_listen_address(text);
        if (address && address->is_unix()) return address->path;
    }
    return "NULL";
}

/// Under memcached's names; what does not exist here is off or 0. How much the stores may hold they say themselves.
void append_settings(const server_config& c, std::vector<statistic>& to) {
    const auto number = [&](const char* name, std::uint64_t value) { to.push_back({name, std::to_string(value)}); };
    number("maxconns", c.connections_max);
    number("tcpport", first_tcp_port(c.listen));
    number("udpport", 0);
    number("verbosity", 0);
    number("oldest", 0);
    to.push_back({"evictions", "on"});
    to.push_back({"domain_socket", first_unix_path(c.listen)});
    number("num_threads", c.threads);
    to.push_back({"stat_key_prefix", ":"});
    to.push_back({"detail_enabled", "no"});
    to.push_back({"cas_enabled", "yes"});
    to.push_back({"binding_protocol", "ascii"});
    to.push_back({"auth_enabled_sasl", "no"});
    to.push_back({"auth_enabled_ascii", "no"});
    number("item_size_max", c.item_size_max_bytes);
    to.push_back({"maxconns_fast", "yes"});
    to.push_back({"slab_reassign", "no"});
    number("slab_automove", 0);
    to.push_back({"lru_crawler", "no"});
    to.push_back({"dump_enabled", "no"});
    number("idle_timeout", 0);
    to.push_back({"track_sizes", "no"});
    to.push_back({"ssl_enabled", "no"});
    number("client_flags_size", 4);
}

}  // namespace

/// True: said, the call is free again. False: the stores are asked, and it stands in the line of replies.
bool session::answer_locally(session_call* c) {
    switch (c->request.command) {
        case command::version: say(version_line); return true;
        case command::noop: say("MN\r\n"); return true;
        case command::quit: happened(session_event::input_over); return true;
        case command::verbosity:
            if (!c->wanted.noreply) say("OK\r\n");
            return true;
        case command::flush_all:  // one that is refused counts, too, as memcached -F counts it
            shard_.server.flushes.fetch_add(1, std::memory_order_relaxed);
            return submit(c);
        case command::get:  // the end of one with many keys
            if (first_ == nullptr) {
                tell(*c);
                return true;
            }
            c->answered = true;
            queue_up(c);
            return false;
        case command::stats:
            c->request.key = parser_.arguments();
            append_statistics(c->reply.value, c->request.key);
            return submit(c);
        default: return true;
    }
}

/// What the server itself says; the stores' figures come behind it.
void session::append_statistics(bytes& to, std::string_view group) {
    server_state& server = shard_.server;
    if (group == "reset") {
        server.flushes.store(0, std::memory_order_relaxed);
        return;
    }
    std::vector<statistic> all;
    const auto add = [&](const char* name, auto value) { all.push_back({name, std::to_string(value)}); };
    if (group.empty()) {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        std::uint64_t accepted = 0;
        std::uint64_t read = 0;
        std::uint64_t written = 0;
        std::uint64_t held = 0;
        std::uint64_t given_up = 0;
        for (const server_shard* f : server.shards) {
            accepted += f->figures.accepted.load(std::memory_order_relaxed);
            read += f->figures.bytes_read.load(std::memory_order_relaxed);
            written += f->figures.bytes_written.load(std::memory_order_relaxed);
            held += f->memory.held_bytes();
            given_up += f->relief.closed();
        }
        add("pid", ::getpid());
        add("uptime", std::chrono::duration_cast<seconds>(steady::now() - server.started).count());
        add("time", wall::to_time_t(wall::now()));
        all.push_back({"version", std::string(memcached_version)});
        all.push_back({"freshet_version", FRESHET_VERSION});
        add("pointer_size", 8 * sizeof(void*));
        all.push_back({"rusage_user", seconds_of(usage.ru_utime)});
        all.push_back({"rusage_system", seconds_of(usage.ru_stime)});
        add("max_connections", server.config.connections_max);
        add("curr_connections", server.connections.load(std::memory_order_relaxed));
        add("total_connections", accepted);
        add("rejected_connections", server.rejected.load(std::memory_order_relaxed));
        add("freshet_memory_held", held);
        add("freshet_memory_max", shard_.memory.max_bytes() * server.shards.size());
        add("freshet_closed_for_memory", given_up);
        add("cmd_flush", server.flushes.load(std::memory_order_relaxed));
        add("bytes_read", read);
        add("bytes_written", written);
        add("threads", server.shards.size());
    } else if (group == "queues") {
        server.host.add_queue_statistics(all);
    } else if (group == "settings") {
        append_settings(server.config, all);
    }
    for (const statistic& one : all) append(one, to);
}

}  // namespace freshet
