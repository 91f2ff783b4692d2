#include "support/queue_house.hpp"

#include "queue/journal.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_folder.hpp"

#include <stdexcept>

namespace freshet::test {

namespace {

class journal_house final : public queue_house {
public:
    journal_house() { start(); }
    ~journal_house() override { stop(); }

    queue& open(std::string_view name, const queue_options& options) override { return journal_->open(name, options); }
    queue* find(std::string_view name) override { return journal_->find(name); }
    void pass(milliseconds time) override {
        journal_->results();  // what was lent before is taken in before
        clock_.pass(time);
        // The turn that answers the first may have begun before; the second is answered in another one.
        journal_->results();
        journal_->results();
    }
    wall::time_point date() const override { return clock_.now().date; }
    void dead_letters(dead_request& r) override { journal_->dead_letters(r); }
    std::vector<kept_result> results() override { return journal_->results(); }
    void stop() override { journal_->stop(); }
    void restart() override {
        journal_.reset();
        start();
    }

private:
    void start() {
        auto opened = open_journal(
            {.path = folder_.file("journal"), .allow_tmpfs = true, .queues_max = 10, .defaults = {}}, clock_);
        if (!opened) throw std::runtime_error(opened.error().text);
        journal_ = *std::move(opened);
    }

    temporary_folder folder_;
    manual_clock clock_;
    std::unique_ptr<journal> journal_;
};

template <class House>
std::unique_ptr<queue_house> make() {
    return std::make_unique<House>();
}

}  // namespace

std::vector<queue_kind> queue_kinds() { return {{"journal", make<journal_house>}}; }

}  // namespace freshet::test
