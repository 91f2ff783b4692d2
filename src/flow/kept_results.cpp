#include "flow/kept_results.hpp"

#include <utility>

namespace freshet {

namespace {
constexpr std::size_t changes_at_once = 1'000;
constexpr seconds pause_before_again{1};
}  // namespace

/// Some changes of one store on their way to one journal. In order: nothing of it is held back for what is under way.
struct kept_results::telling final : result_changes {
    telling(kept_results& of, journal& j, const watched& w) : owner(of), to(j), from(*w.store) { store = w.name; }
    void finish() override {
        std::unique_ptr<telling> self(this);
        if (why == errc::disk_full || why == errc::busy) owner.again(std::move(self));
    }

    kept_results& owner;
    journal& to;
    memory_store& from;
};

kept_results::kept_results(shard& back, std::vector<journal*> journals) : back_(back), journals_(std::move(journals)) {}

kept_results::~kept_results() = default;

void kept_results::add(std::string name, memory_store& store) { stores_.push_back({std::move(name), &store}); }

void kept_results::start() {
    if (stores_.empty() || journals_.empty()) return;
    back_.run([this] {
        ticking_ = true;
        back_.add(*this);
    });
}

void kept_results::stop() {
    if (!back_.is_running()) return;
    back_.run_and_wait([this] {
        if (!std::exchange(ticking_, false)) return;
        back_.remove(*this);
        tell_changes();
        try_again_ = {};
        for (auto& one : std::exchange(waiting_, {})) lend(std::move(one));
    });
}

void kept_results::tick(steady::time_point now) {
    tell_changes();
    if (waiting_.empty() || now < try_again_) return;
    for (auto& one : std::exchange(waiting_, {})) {
        // What is a new result by now must not lose that for the sake of an old one.
        std::erase_if(one->changes, [&](const auto& change) { return one->from.has_kept(change.key); });
        if (!one->changes.empty()) lend(std::move(one));
    }
}

void kept_results::tell_changes() {
    for (const watched& one : stores_) {
        std::vector<std::unique_ptr<telling>> told(journals_.size());
        one.store->take_kept_changes([&](const std::string& key, std::optional<wall::time_point> expires) {
            for (std::size_t i = 0; i < journals_.size(); ++i) {
                if (told[i] != nullptr && told[i]->changes.size() == changes_at_once) lend(std::move(told[i]));
                if (told[i] == nullptr) told[i] = std::make_unique<telling>(*this, *journals_[i], one);
                told[i]->changes.push_back({key, expires});
            }
        });
        for (auto& t : told) {
            if (t != nullptr) lend(std::move(t));
        }
    }
}

void kept_results::lend(std::unique_ptr<telling> one) {
    one->home = &back_;
    one->why.reset();
    journal& to = one->to;
    to.change_results(*one.release());
}

/// Its journal has no room now.
void kept_results::again(std::unique_ptr<telling> one) {
    if (waiting_.empty()) try_again_ = back_.now() + pause_before_again;
    waiting_.push_back(std::move(one));
}

}  // namespace freshet
