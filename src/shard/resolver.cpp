#include "shard/resolver.hpp"

#include "base/detached.hpp"

#include <netdb.h>

#include <cstring>
#include <exception>
#include <mutex>
#include <utility>

namespace freshet {

namespace {

/// getaddrinfo() cannot be ended, and waits for as long as the system's configuration says.
resolved ask_system(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    resolved to;
    if (const int wrong = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); wrong != 0) {
        to.trouble = std::string("the name does not resolve: ") + ::gai_strerror(wrong);
        return to;
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
        socket_address& a = to.addresses.emplace_back();
        std::memcpy(&a.storage, one->ai_addr, one->ai_addrlen);
        a.size = one->ai_addrlen;
    }
    return to;
}

/// Each question has a thread of its own, which nobody waits for: what it finds when the resolver is gone is dropped.
class thread_resolver final : public resolver {
public:
    explicit thread_resolver(shard& home) : asker_(std::make_shared<asker>()) { asker_->home = &home; }
    ~thread_resolver() override {
        const std::lock_guard lock(asker_->mutex);
        asker_->home = nullptr;
    }
    thread_resolver(const thread_resolver&) = delete;
    thread_resolver& operator=(const thread_resolver&) = delete;

    void look_up(const std::string& host, std::uint16_t port, std::function<void(resolved)> then) override {
        try {
            run_detached([asker = asker_, host, port, then] { tell(asker, ask_system(host, port), then); });
        } catch (const std::exception& why) {
            tell(asker_, {{}, std::string("the name does not resolve: ") + why.what()}, then);
        }
    }

private:
    struct asker {
        std::mutex mutex;
        shard* home{nullptr};  ///< null: the resolver is gone
    };

    static void tell(const std::shared_ptr<asker>& who, resolved what, const std::function<void(resolved)>& then) {
        const std::lock_guard lock(who->mutex);
        if (who->home == nullptr) return;
        who->home->run([who, what = std::move(what), then] {
            if (who->home != nullptr) then(what);  // it goes on this thread
        });
    }

    std::shared_ptr<asker> asker_;
};

}  // namespace

std::unique_ptr<resolver> system_resolver(shard& home) { return std::make_unique<thread_resolver>(home); }

}  // namespace freshet
