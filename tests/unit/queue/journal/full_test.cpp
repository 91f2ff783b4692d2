// A disk without room: a small tmpfs, where the test may mount one.
#include <freshet/error.hpp>

#include "protocol/reply.hpp"
#include "queue/journal/dead_request.hpp"
#include "queue/journal/journal.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/queue_user.hpp"
#include "support/temporary_folder.hpp"

#include <sys/mount.h>

#include <fstream>

namespace freshet::test {

namespace {

class full_disk : public testing::Test {
protected:
    full_disk() { home_.start(); }
    ~full_disk() override {
        if (journal_ != nullptr) journal_->stop();
        journal_.reset();
        home_.stop();
        if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
    }
    void SetUp() override {
        mounted_ = ::mount("none", folder_.path().c_str(), "tmpfs", 0, "size=6m") == 0;
        if (!mounted_) GTEST_SKIP() << "this user may mount nothing";
        open();
    }
    void open() {
        journal_.reset();
        auto opened =
            open_journal({.path = folder_.file("journal"), .allow_tmpfs = true, .queues_max = 10, .defaults = {}});
        ASSERT_TRUE(opened) << opened.error().text;
        journal_ = *std::move(opened);
    }
    queue_user user() { return {home_, journal_->open("thumbs", {})}; }
    /// Publishes until there is no room; how many were confirmed.
    unsigned fill(queue_user& q) {
        for (unsigned n = 0; n < 5'000; ++n) {
            const auto a = q.publish(std::string(10'000, 'x'));
            if (a.outcome == publication::outcome::confirmed) continue;
            EXPECT_EQ(a.why.code, errc::disk_full);
            EXPECT_EQ(a.why.effect, effect::not_done);
            EXPECT_EQ(a.why.subject, "queue thumbs");
            return n;
        }
        ADD_FAILURE() << "the disk is never full";
        return 0;
    }

    temporary_folder folder_;
    bool mounted_{false};
    shard home_{"test"};
    std::unique_ptr<journal> journal_;
};

}  // namespace

TEST_F(full_disk, publications_are_refused_and_the_disk_drains_itself) {
    queue_user q = user();
    const unsigned stored = fill(q);
    ASSERT_GT(stored, 100U);
    EXPECT_EQ(q.of().length(), stored);
    unsigned taken = 0;
    for (auto some = q.receive(10); !some.empty(); some = q.receive(10)) {
        for (const delivery& d : some) {
            ASSERT_EQ(q.ack(d), settlement::outcome::done) << taken;
            ++taken;
        }
    }
    EXPECT_EQ(taken, stored);
    EXPECT_EQ(q.of().length(), 0U);
    EXPECT_GT(fill(q), stored / 2) << "what was acknowledged made room";
}

TEST_F(full_disk, what_is_taken_and_acknowledged_at_once_needs_no_room) {
    queue_user q = user();
    const unsigned stored = fill(q);
    unsigned taken = 0;
    while (!q.receive(1, milliseconds(0), true).empty()) ++taken;
    EXPECT_EQ(taken, stored);
    EXPECT_EQ(q.of().length(), 0U);
}

TEST_F(full_disk, every_settlement_is_done_with_a_disk_that_others_have_filled) {
    queue_user q = user();
    for (int i = 0; i < 30; ++i) q.publish(std::to_string(i));
    {
        std::ofstream filler(folder_.file("filler"), std::ios::binary);
        const std::string block(4'096, 'f');
        while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {}
    }
    const unsigned more = fill(q);
    unsigned taken = 0;
    for (auto some = q.receive(10); !some.empty(); some = q.receive(10)) {
        for (const delivery& d : some) {
            const auto what = taken % 3 == 0 ? settlement::action::dead : settlement::action::ack;
            ASSERT_EQ(q.settle(what, d.number, {}, "no"), settlement::outcome::done) << taken;
            ++taken;
        }
    }
    EXPECT_EQ(taken, 30U + more);
    std::filesystem::remove(folder_.file("filler"));
    // The journal sees that there is room when somebody publishes, about once a second.
    while (q.publish("again").outcome != publication::outcome::confirmed) {}
    EXPECT_EQ(q.receive_one().message.body, "again");
}

TEST_F(full_disk, a_replay_that_is_tried_again_counts_its_messages_once) {
    queue_user q = user();
    q.publish(std::string(300'000, 'd'));
    EXPECT_EQ(q.settle(settlement::action::dead, q.receive_one().number, {}, "no"), settlement::outcome::done);
    const unsigned stored = fill(q);
    std::vector<std::unique_ptr<awaited<publication>>> refused;
    awaited<dead_request> r(home_);
    r.action = dead_request::action::replay;
    for (int i = 0; i < 20; ++i) {
        refused.push_back(std::make_unique<awaited<publication>>(home_));
        refused.back()->message.body.assign(100'000, 'y');
        q.of().publish(*refused.back());
        if (i == 10) journal_->dead_letters(r);
    }
    unsigned confirmed = 0;
    for (const auto& p : refused) {
        p->wait_home();
        if (p->outcome == publication::outcome::confirmed) ++confirmed;
    }
    r.wait_home();
    EXPECT_EQ(q.of().length(), stored + confirmed + r.count);
    open();
    EXPECT_EQ(user().of().length(), stored + confirmed + r.count);
}

TEST_F(full_disk, copies_that_find_no_room_are_counted_nowhere) {
    queue_user q = user();
    queue* const others[] = {&journal_->open("copies", {})};
    journal_->set_copies(q.of(), others);
    ASSERT_GT(fill(q), 50U);
    EXPECT_EQ(q.of().length(), others[0]->length());
    std::vector<std::unique_ptr<awaited<publication>>> chain;
    for (int i = 0; i < 20; ++i) {
        chain.push_back(std::make_unique<awaited<publication>>(home_));
        chain.back()->message.id = std::to_string(i / 2);  // each comes twice
        chain.back()->message.body.assign(100'000, 'y');
        chain.back()->unique = true;
        if (i != 0) chain[chain.size() - 2]->next = chain.back().get();
    }
    const auto before = q.of().length();
    q.of().publish(*chain.front(), *chain.back());
    unsigned confirmed = 0;
    for (const auto& p : chain) {
        p->wait_home();
        if (p->outcome == publication::outcome::confirmed) ++confirmed;
    }
    EXPECT_LT(confirmed, 10U);
    EXPECT_EQ(q.of().length(), before + confirmed);
    EXPECT_EQ(others[0]->length(), before + confirmed);
    open();
    EXPECT_EQ(user().of().length(), before + confirmed);
    EXPECT_EQ(journal_->find("copies")->length(), before + confirmed);
}

}  // namespace freshet::test
