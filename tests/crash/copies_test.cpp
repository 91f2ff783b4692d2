// A process is killed while it puts messages into two queues: each is in both, or in neither.
#include <freshet/config.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "protocol/reply.hpp"
#include "queue/journal/journal.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/doomed_child.hpp"
#include "support/queue_user.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace freshet::test {

namespace {

constexpr int copied_rounds = 20, copying_publishers = 3;

/// What is published to `from` is put into `to`, too.
struct copying_journal {
    explicit copying_journal(const std::string& path)
        : journal_(*open_journal({.path = path, .allow_tmpfs = true, .queues_max = 10, .defaults = {}})),
          from(journal_->open("from", {})),
          to(journal_->open("to", {})) {
        home.start();
        queue* const others[] = {&to};
        journal_->set_copies(from, others);
    }
    ~copying_journal() {
        journal_->stop();
        home.stop();
    }
    std::set<std::string> take_all(queue& of) {
        queue_user q(home, of);
        std::set<std::string> ids;
        for (auto some = q.receive(); !some.empty(); some = q.receive()) {
            for (const delivery& d : some) {
                EXPECT_TRUE(ids.insert(d.message.id).second) << d.message.id << " came twice";
                EXPECT_EQ(q.ack(d), settlement::outcome::done);
            }
        }
        EXPECT_EQ(of.length(), 0U);
        return ids;
    }
    shard home{"test"};
    std::unique_ptr<journal> journal_;
    queue &from, &to;
};

void publish_copied(queue& from, int round, int which, const teller& to) {
    shard home("publisher");
    home.start();
    queue_user q(home, from);
    for (int i = 0;; ++i) {
        message m;
        m.id = std::to_string(round) + "-" + std::to_string(which) + "-" + std::to_string(i);
        m.body.resize(static_cast<std::size_t>(i % 50) * 100);
        const std::string id = m.id;
        if (q.publish(std::move(m)).outcome == publication::outcome::confirmed) to.tell(id);
        else to.tell("failed " + id);
    }
}

}  // namespace

TEST(copies_crash, each_message_is_in_both_queues_or_in_neither) {
    temporary_folder folder;
    const std::string path = folder.file("journal");
    std::mt19937 random(815);
    for (int round = 0; round < copied_rounds && !HasFailure(); ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        const auto told = run_until_killed(1 + random() % 300, [&](const teller& to) {
            copying_journal j(path);
            std::vector<std::thread> threads;
            for (int i = 0; i < copying_publishers; ++i)
                threads.emplace_back([&, i] { publish_copied(j.from, round, i, to); });
            for (std::thread& t : threads) t.join();
        });
        copying_journal j(path);
        EXPECT_EQ(j.from.length(), j.to.length());
        const auto first = j.take_all(j.from), second = j.take_all(j.to);
        EXPECT_EQ(first, second);
        for (const std::string& id : told) EXPECT_TRUE(first.contains(id)) << id << " was confirmed";
    }
}

}  // namespace freshet::test
