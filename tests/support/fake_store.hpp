// A store that answers now or later, fails when told to, and remembers what was asked.
#pragma once

#include <freshet/error.hpp>

#include "call/call.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "store/store.hpp"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace freshet::test {

struct fake_item {
    std::string value;
    std::uint32_t flags{0};
    std::int64_t exptime{0};
};

class fake_store final : public store {
public:
    bool submit(call& c) override {
        const std::lock_guard lock(mutex_);
        if (c.request.command == command::store) asked_.push_back(c.request.mode);
        answer(c);
        if (!later) return true;
        c.home->run([&c] { c.complete(); });
        return false;
    }
    std::map<std::string, fake_item> items() {
        const std::lock_guard lock(mutex_);
        return items_;
    }
    void erase(const std::string& key) {
        const std::lock_guard lock(mutex_);
        items_.erase(key);
    }
    std::vector<store_mode> asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

    bool later{false};
    int failing{0};  ///< so many calls fail
    std::size_t item_size_max{1'000'000};

private:
    void answer(call& c) {
        const request& r = c.request;
        const std::string key(r.key);
        if (r.command == command::get) {
            const auto found = items_.find(key);
            c.reply.outcome = found != items_.end() ? outcome::hit : outcome::miss;
            if (found == items_.end()) return;
            c.reply.value.append(found->second.value);
            c.reply.flags = found->second.flags;
            return;
        }
        if (failing > 0) {
            --failing;
            return c.reply.fail(errc::busy, effect::not_done, "store main");
        }
        if (r.value.size() > item_size_max) {
            c.reply.outcome = outcome::too_large;
            return;
        }
        if (r.mode == store_mode::add && items_.contains(key)) {
            c.reply.outcome = outcome::not_stored;
            return;
        }
        items_[key] = {std::string(r.value), r.flags, r.exptime};
        c.reply.outcome = outcome::stored;
    }

    std::mutex mutex_;
    std::map<std::string, fake_item> items_;
    std::vector<store_mode> asked_;
};

}  // namespace freshet::test
