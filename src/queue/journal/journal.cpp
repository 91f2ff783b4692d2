#include "queue/journal/journal.hpp"

#include "queue/journal/file/lock.hpp"
#include "queue/journal/file/open.hpp"
#include "queue/journal/queue.hpp"
#include "queue/journal/writer.hpp"
#include "queue/queue_clock.hpp"

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

class sqlite_journal final : public journal {
public:
    sqlite_journal(const journal_options& options, const queue_clock& clock, journal_lock lock,
                   std::unique_ptr<journal_file> file)
        : options_(options), lock_(std::move(lock)), clock_(clock), writer_(std::move(file), clock) {}
    ~sqlite_journal() override { sqlite_journal::stop(); }

    /// The queues that the file knows. False: they cannot be read.
    bool start() {
        for (const queue_row& row : writer_.file().queues()) {
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
        const std::unique_lock lock(mutex_);
        journal_queue* q = look_up(name);
        if (q == nullptr) return add(name, options);
        writer_.run_and_wait([q, &options] { q->line.set_options(options); });
        if (std::exchange(q->made, false)) --made_;
        return *q;
    }

    queue* find(std::string_view name) noexcept override {
        const std::shared_lock lock(mutex_);
        return look_up(name);
    }

    boost::system::result<queue*, failure> find_or_make(std::string_view name) override {
        if (queue* const q = find(name)) return q;
        const std::unique_lock lock(mutex_);
        if (queue* const q = look_up(name)) return q;
        if (made_ >= options_.queues_max) return failure{errc::too_many_queues, effect::not_done, "queue"};
        ++made_;
        journal_queue& q = add(name, options_.defaults);
        q.made = true;
        return &q;
    }

    std::vector<kept_result> results() override {
        std::vector<kept_result> found;
        writer_.run_and_wait([&] { found = writer_.file().results(clock_.now().date); });
        return found;
    }

    void dead_letters(dead_request& r) noexcept override { writer_.put(r); }
    void change_results(result_changes& r) noexcept override { writer_.put(r); }

    std::vector<std::string> names() const override {
        const std::shared_lock lock(mutex_);
        std::vector<std::string> all;
        for (const auto& [name, q] : queues_) all.push_back(name);
        return all;
    }

    void stop() override { writer_.stop(); }

private:
    journal_queue* look_up(std::string_view name) const noexcept {
        const auto at = queues_.find(name);
        return at == queues_.end() ? nullptr : at->second.get();
    }
    journal_queue& add(std::string_view name, const queue_options& options) {
        auto q = std::make_unique<journal_queue>(writer_, writer_.file(), std::string(name), options);
        return *queues_.emplace(std::string(name), std::move(q)).first->second;
    }

    journal_options options_;
    journal_lock lock_;
    const queue_clock& clock_;
    journal_writer writer_;
    mutable std::shared_mutex mutex_;
    std::unordered_map<std::string, std::unique_ptr<journal_queue>, name_hash, std::equal_to<>> queues_;
    std::size_t made_{0};  ///< not by open()
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
