// Commands that a session answers itself: version, verbosity, flush_all, stats, mn, quit.
#include "server/session.hpp"

#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "protocol/request.hpp"
#include "store/statistics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

namespace freshet {

namespace {

/// memcached's version first: clients compare it.
constexpr std::string_view version_line = "VERSION 1.6.38-freshet-" FRESHET_VERSION "\r\n";

std::string seconds_of(const timeval& t) {
    char text[40];
    std::snprintf(text, sizeof text, "%ld.%06ld", static_cast<long>(t.tv_sec), static_cast<long>(t.tv_usec));
    return text;
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
        for (const server_shard* f : server.shards) {
            accepted += f->figures.accepted.load(std::memory_order_relaxed);
            read += f->figures.bytes_read.load(std::memory_order_relaxed);
            written += f->figures.bytes_written.load(std::memory_order_relaxed);
        }
        add("pid", ::getpid());
        add("uptime", std::chrono::duration_cast<seconds>(steady::now() - server.started).count());
        add("time", wall::to_time_t(wall::now()));
        all.push_back({"version", std::string(version_line.substr(8, version_line.size() - 10))});
        add("pointer_size", 8 * sizeof(void*));
        all.push_back({"rusage_user", seconds_of(usage.ru_utime)});
        all.push_back({"rusage_system", seconds_of(usage.ru_stime)});
        add("max_connections", server.config.connections_max);
        add("curr_connections", server.connections.load(std::memory_order_relaxed));
        add("total_connections", accepted);
        add("rejected_connections", server.rejected.load(std::memory_order_relaxed));
        add("cmd_flush", server.flushes.load(std::memory_order_relaxed));
        add("bytes_read", read);
        add("bytes_written", written);
        add("threads", server.shards.size());
    } else if (group == "settings") {
        add("maxconns", server.config.connections_max);
        add("item_size_max", server.config.item_size_max_bytes);
        add("num_threads", server.config.threads);
        all.push_back({"evictions", "on"});
        all.push_back({"cas_enabled", "yes"});
        all.push_back({"binding_protocol", "ascii"});
    }
    for (const statistic& one : all) append(one, to);
}

}  // namespace freshet
