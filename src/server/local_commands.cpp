// Commands that a session answers itself: version, verbosity, flush_all, stats, mn, quit.
#include "server/session.hpp"

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

void session::answer_locally(session_call* c) {
    server_state& server = front_.server;
    switch (c->request.command) {
        case command::version: say(version_line); break;
        case command::noop: say("MN\r\n"); break;
        case command::quit: ending_ = true; break;
        case command::verbosity:
            if (!c->form.noreply) say("OK\r\n");
            break;
        case command::flush_all: {
            constexpr std::int64_t relative_max = 60 * 60 * 24 * 30;
            std::int64_t delay = c->request.exptime;
            const bool date = delay > relative_max;
            if (date) delay -= wall::to_time_t(wall::now());
            if (!date || delay > 0) server.host.flush_all(front_.home.now(), seconds(delay));
            server.flushes.fetch_add(1, std::memory_order_relaxed);
            if (!c->form.noreply) say("OK\r\n");
            break;
        }
        case command::stats: {
            bytes lines;
            append_statistics(lines, parser_.arguments());
            say(lines.view());
            break;
        }
        default: break;
    }
}

void session::append_statistics(bytes& to, std::string_view group) {
    server_state& server = front_.server;
    if (group == "reset") {
        server.host.reset_statistics();
        server.flushes.store(0, std::memory_order_relaxed);
        to.append("RESET\r\n");
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
        for (const front* f : server.fronts) {
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
        add("threads", server.fronts.size());
    } else if (group == "settings") {
        add("maxconns", server.config.connections_max);
        add("item_size_max", server.config.item_size_max_bytes);
        add("num_threads", server.config.threads);
        all.push_back({"evictions", "on"});
        all.push_back({"cas_enabled", "yes"});
        all.push_back({"flush_enabled", "yes"});
        all.push_back({"binding_protocol", "ascii"});
    }
    server.host.add_statistics(all, group, front_.home.now());
    for (const auto& [name, value] : all) {
        to.append("STAT ");
        to.append(name);
        to.push(' ');
        to.append(value);
        to.append("\r\n");
    }
    to.append("END\r\n");
}

}  // namespace freshet
