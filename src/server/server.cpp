#include "server/server.hpp"

#include "base/system_memory.hpp"
#include "server/listen/listener.hpp"
#include "server/session.hpp"
#include "shard/reactor.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

namespace freshet {

namespace {

constexpr rlim_t other_descriptors = 256;  ///< beside the clients': files, pipes, listeners

/// A shard that serves clients, and what its sessions share.
struct serving_shard {
    serving_shard(server_state& state, unsigned number)
        : thread(fmt::format("shard-{}", number)), sessions(state, thread) {
        thread.reactor().stay();
    }
    shard thread;
    server_shard sessions;
};

class server_of_shards final : public server {
public:
    server_of_shards(const server_config& config, server_host& host) : config_(config), state_{config_, host} {}
    ~server_of_shards() override {
        stop(steady::now());
        // What servers of a pool owe is answered while the sessions that asked are there.
        for (auto& s : shards_) {
            if (s->thread.is_running()) s->thread.run_and_wait([&] { s->sessions.routes.reset(); });
            s->thread.stop();
        }
    }

    result<std::vector<std::string>> start() override;
    void stop(steady::time_point deadline) override;

private:
    void raise_descriptor_limit();
    std::size_t memory_max() const {
        return config_.memory_max_bytes != 0 ? config_.memory_max_bytes : memory_allowed_bytes() / 4;
    }

    server_config config_;
    server_state state_;
    std::vector<std::unique_ptr<serving_shard>> shards_;
    std::vector<std::unique_ptr<listener>> listeners_;
};

void server_of_shards::raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t wanted = config_.connections_max + other_descriptors;
    if (limit.rlim_cur >= wanted) return;
    const rlimit raised{wanted, std::max(limit.rlim_max, wanted)};  // root may raise the hard limit, too
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return;
    const rlimit all{limit.rlim_max, limit.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &all);
    if (limit.rlim_max >= wanted) return;
    config_.connections_max =
        limit.rlim_max > 2 * other_descriptors ? limit.rlim_max - other_descriptors : limit.rlim_max / 2;
    spdlog::warn("connections_max is lowered to {}: the limit on open files is {} (ulimit -n, LimitNOFILE)",
                 config_.connections_max, limit.rlim_max);
}

result<std::vector<std::string>> server_of_shards::start() {
    raise_descriptor_limit();
    std::vector<listening_socket> sockets;
    for (const std::string& address : config_.listen) {
        auto found = listen_on(address);
        if (!found) {
            for (const auto& s : sockets) {
                ::close(s.descriptor);
                if (!s.unix_path.empty()) ::unlink(s.unix_path.c_str());
            }
            return found.error();
        }
        for (auto& s : *found) sockets.push_back(std::move(s));
    }
    for (unsigned i = 0; i < config_.threads; ++i) {
        shards_.push_back(std::make_unique<serving_shard>(state_, i + 1));
        shards_.back()->thread.memory().set_max(memory_max() / config_.threads);
        state_.shards.push_back(&shards_.back()->sessions);
    }
    std::vector<std::string> sentences;
    for (auto& s : sockets) {
        sentences.push_back("listening on " + s.name);
        if (s.beyond_loopback)
            spdlog::warn("{} can be reached from other machines: there is no authentication and no TLS", s.name);
        listeners_.push_back(std::make_unique<listener>(state_, std::move(s)));
    }
    for (auto& s : shards_) s->thread.start();
    return sentences;
}

void server_of_shards::stop(steady::time_point deadline) {
    if (shards_.empty()) return;
    shard& first = shards_.front()->thread;
    first.run_and_wait([&] {
        for (auto& l : listeners_) {
            l->close();
            first.reactor().dispose(l.release());  // this turn may still have news for it
        }
        listeners_.clear();
    });
    const auto each_session = [this](void (session::*what)()) {
        for (auto& s : shards_) {
            s->thread.run_and_wait([&] {
                s->sessions.stopping = true;
                for (session* one = s->sessions.sessions; one != nullptr;) {
                    session* const after = one->next();
                    (one->*what)();
                    one = after;
                }
            });
        }
    };
    each_session(&session::finish);
    state_.wait_until_empty(deadline);
    each_session(&session::close);
}

}  // namespace

std::unique_ptr<server> make_server(const server_config& config, server_host& host) {
    return std::make_unique<server_of_shards>(config, host);
}

}  // namespace freshet
