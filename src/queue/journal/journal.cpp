#include "queue/journal/journal.hpp"

#include "queue/journal/file/format.hpp"
#include "queue/journal/file/lock.hpp"
#include "queue/journal/file/open.hpp"
#include "queue/journal/queue.hpp"
#include "queue/journal/writer.hpp"
#include "queue/queue_clock.hpp"

#include <fmt/format.h>

#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace freshet {

namespace {

struct name_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
};

class sqlite_journal final : public journal, private queue_owner {
public:
    sqlite_journal(const journal_options& options, const queue_clock& clock, journal_lock lock,
                   std::unique_ptr<journal_file> file)
        : options_(options),
          too_many_(fmt::format("queues_max = {} is reached: a new queue", options.queues_max)),
          lock_(std::move(lock)),
          clock_(clock),
          writer_(std::move(file), clock, *this, options.queue_idle) {}
    ~sqlite_journal() override { sqlite_journal::stop(); }

    /// The queues that the file knows. False: they cannot be read.
    bool start() {
        for (const queue_row& row : writer_.file().queues()) {
            if (journal_format::is_set_aside(row.name)) {
                writer_.sweep_later(row.number);
                continue;
            }
            const std::uint64_t last = writer_.file().last_number(row.number);
            journal_queue& q = add(row.name, options_.defaults);
            q.line.restore(row, last);
            q.made = true;
            q.dead = writer_.file().count_dead(row.number);
            q.show();
            writer_.add(q);
        }
        made_ = queues_.size();
        if (writer_.file().failed()) return false;
        writer_.start();
        return true;
    }

    queue& open(std::string_view name, const queue_options& options) override {
        std::unique_lock lock(mutex_);
        journal_queue* const q = look_up(name);
        if (q == nullptr) return add(name, options);
        const queue_ptr held = q;
        lock.unlock();  // which the writer may want
        bool was_made = false;
        writer_.run_and_wait([&] {
            q->line.set_options(options);
            was_made = writer_.keep(*q);
        });
        lock.lock();
        if (was_made) --made_;
        return *q;
    }

    void set_copies(queue& of, std::span<queue* const> others) override {
        writer_.run_and_wait([&] {
            auto& copies = static_cast<journal_queue&>(of).copies;
            copies.clear();
            for (queue* const q : others) copies.push_back(static_cast<journal_queue*>(q));
        });
    }

    queue_ptr find(std::string_view name) noexcept override {
        const std::shared_lock lock(mutex_);
        return look_up(name);
    }

    boost::system::result<queue_ptr, failure> find_or_make(std::string_view name) override {
        if (queue_ptr q = find(name)) return q;
        const std::unique_lock lock(mutex_);
        if (journal_queue* const q = look_up(name)) return queue_ptr(q);
        if (made_ >= options_.queues_max) return failure{errc::too_many_queues, effect::not_done, too_many_};
        journal_queue& q = add(name, options_.defaults);
        ++made_;
        q.made = true;
        q.begin();
        return queue_ptr(&q);
    }

    std::vector<kept_result> results() override {
        std::vector<kept_result> found;
        writer_.run_and_wait([&] { found = writer_.file().results(clock_.now().date); });
        return found;
    }

    void dead_letters(dead_request& r) noexcept override { writer_.put(r); }
    void change_results(result_changes& r) noexcept override { writer_.put(r); }
    void drop(drop_request& r) noexcept override {
        const std::shared_lock lock(mutex_);
        r.why.reset();
        r.outcome = drop_request::outcome::unknown;
        journal_queue* const q = look_up(r.queue);
        if (q == nullptr) return r.home->post(r);
        r.held = q;
        q->drop(r);
    }

    std::vector<std::string> names() const override {
        const std::shared_lock lock(mutex_);
        std::vector<std::string> all;
        for (const auto& [name, q] : queues_) {
            if (!q->is_gone()) all.push_back(name);
        }
        return all;
    }

    void stop() override { writer_.stop(); }

private:
    std::unique_ptr<journal_queue> give_up(journal_queue& q) override {
        const std::unique_lock lock(mutex_, std::try_to_lock);  // what is confirmed waits for nobody who looks names up
        if (!lock.owns_lock() || !q.is_free()) return nullptr;
        --made_;
        return std::move(queues_.extract(queues_.find(q.name())).mapped());
    }

    journal_queue* look_up(std::string_view name) const noexcept {
        const auto at = queues_.find(name);
        return at == queues_.end() ? nullptr : at->second.get();
    }
    journal_queue& add(std::string_view name, const queue_options& options) {
        auto q = std::make_unique<journal_queue>(writer_, writer_.file(), std::string(name), options);
        return *queues_.emplace(std::string(name), std::move(q)).first->second;
    }

    journal_options options_;
    std::string too_many_;
    journal_lock lock_;
    const queue_clock& clock_;
    journal_writer writer_;
    mutable std::shared_mutex mutex_;
    std::unordered_map<std::string, std::unique_ptr<journal_queue>, name_hash, std::equal_to<>> queues_;
    std::size_t made_{0};  ///< not by open(); some of them may be gone and still be held
};

}  // namespace

result<void> check_journal(const journal_options& options, const std::string& folder) {
    if (auto place = check_journal_place(options.path, options.allow_tmpfs, folder); !place) return place;
    return check_journal_file(options.path, options.accept_loss);
}

result<std::unique_ptr<journal>> open_journal(const journal_options& options, const queue_clock& clock) {
    if (auto place = check_journal_place(options.path, options.allow_tmpfs); !place) return place.error();
    auto lock = journal_lock::take(options.path);
    if (!lock) return lock.error();
    auto file = open_journal_file(options.path, options.accept_loss);
    if (!file) return file.error();
    auto opened = std::make_unique<sqlite_journal>(options, clock, std::move(*lock), std::move(*file));
    if (!opened->start())
        return problem{errc::journal_damaged, effect::not_done,
                       "the journal " + options.path +
                           " is damaged: its queues cannot be read; put back a copy, or move it away to begin anew"};
    return std::unique_ptr<journal>(std::move(opened));
}

result<std::unique_ptr<journal>> open_journal(const journal_options& options) {
    static const real_clock clock;
    return open_journal(options, clock);
}

}  // namespace freshet
