#include "flow/kept_results.hpp"

#include <iterator>
#include <utility>

namespace freshet {

/// The changes of one store on their way to one journal, and those that have come meanwhile.
struct kept_results::telling final : result_changes {
    void tell(const std::vector<change>& fresh) {
        waiting.insert(waiting.end(), fresh.begin(), fresh.end());
        if (lent || waiting.empty()) return;
        changes = std::exchange(waiting, {});
        done = false;
        lent = true;
        to->change_results(*this);
    }
    void finish() override {
        lent = false;
        if (!done) waiting.insert(waiting.begin(), changes.begin(), changes.end());
        changes.clear();
    }

    journal* to{nullptr};
    std::vector<change> waiting{};
    bool lent{false};
};

kept_results::kept_results(shard& back, std::vector<journal*> journals) : back_(back), journals_(std::move(journals)) {}

kept_results::~kept_results() = default;

void kept_results::add(std::string name, memory_store& store) {
    watched& one = stores_.emplace_back(watched{&store, {}});
    for (journal* const j : journals_) {
        auto& t = *one.to.emplace_back(std::make_unique<telling>());
        t.store = name;
        t.home = &back_;
        t.to = j;
    }
}

void kept_results::start() {
    if (stores_.empty()) return;
    back_.run([this] {
        ticking_ = true;
        back_.add(*this);
    });
}

void kept_results::stop() {
    if (!back_.is_running()) return;
    back_.run_and_wait([this] {
        tick({});
        if (std::exchange(ticking_, false)) back_.remove(*this);
    });
}

void kept_results::tick(steady::time_point) {
    std::vector<result_changes::change> fresh;
    for (const watched& one : stores_) {
        fresh.clear();
        one.store->take_kept_changes([&fresh](std::string key, std::optional<wall::time_point> expires) {
            fresh.push_back({std::move(key), expires});
        });
        for (const auto& t : one.to) t->tell(fresh);
    }
}

}  // namespace freshet
