// A journal's process is killed while queues are made and dropped: no message number comes a second time.
#include <freshet/message.hpp>

#include "queue/journal/drop_request.hpp"
#include "queue/journal/journal.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "shard/shard.hpp"
#include "support/doomed_child.hpp"
#include "support/queue_user.hpp"
#include "support/temporary_folder.hpp"

#include <set>
#include <string>

namespace freshet::test {

namespace {

std::unique_ptr<journal> opened(const std::string& path) {
    auto opened = open_journal({.path = path, .allow_tmpfs = true, .queues_max = 10, .defaults = {}});
    return opened ? *std::move(opened) : nullptr;
}

/// "drop" before and "dropped" behind the end of the queue, then "number N" of each message that is handed out.
void make_and_drop_for_ever(const std::string& path, const teller& to) {
    const auto journal = opened(path);
    shard home("child");
    home.start();
    for (;;) {
        to.tell("drop");
        awaited<drop_request> r(home);
        r.queue = "jobs";
        r.with_all = true;
        journal->drop(r);
        r.wait_home();
        to.tell("dropped");
        const queue_ptr q = *journal->find_or_make("jobs");
        queue_user user(home, *q);
        for (int i = 0; i < 3; ++i) user.publish("x");
        for (const delivery& d : user.receive()) {
            to.tell("number " + std::to_string(d.number));
            if (d.number % 2 == 0) user.ack(d);
        }
    }
}

TEST(dropped_queue, numbers_go_on_whenever_the_process_is_killed) {
    const temporary_folder folder;
    const std::string path = folder.file("journal");
    std::set<std::string> numbers;
    for (std::size_t lines = 1; lines < 40; ++lines) {
        const auto told = run_until_killed(lines, [&](const teller& to) { make_and_drop_for_ever(path, to); });
        for (const std::string& line : told) {
            const bool is_new = !line.starts_with("number ") || numbers.insert(line).second;
            EXPECT_TRUE(is_new) << line << " came twice";
        }
        const auto journal = opened(path);
        ASSERT_NE(journal, nullptr);
        if (!told.empty() && told.back() == "dropped") {
            // the next one may have been made before the end
            const queue_ptr q = journal->find("jobs");
            EXPECT_LE(q == nullptr ? 0U : q->length(), 3U);
        }
        journal->stop();
    }
    EXPECT_GT(numbers.size(), 100U);
}

}  // namespace

}  // namespace freshet::test
