// A stop gives everything back; many threads at once lose nothing.
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "contract/queue_suite.hpp"
#include "protocol/reply.hpp"
#include "queue/journal/dead_request.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"

#include <atomic>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

namespace freshet::test {

TEST_P(every_queue, a_stop_gives_receptions_back) {
    queue_user q = open();
    awaited<reception> r(shard_);
    r.wait = milliseconds::max();
    q.of().receive(r);
    house_->stop();
    r.wait_home();
    ASSERT_TRUE(r.why);
    EXPECT_EQ(r.why->code, errc::stopping);
    EXPECT_EQ(r.why->subject, "queue thumbs");
    EXPECT_TRUE(r.deliveries.empty());
}

TEST_P(every_queue, what_is_lent_after_a_stop_comes_back_not_done) {
    NEEDS(letters);
    queue_user q = open();
    q.publish("a");
    const delivery d = q.receive_one();
    house_->stop();
    const auto refused = q.publish("b");
    EXPECT_EQ(refused.outcome, outcome::failed);
    EXPECT_EQ(refused.why.code, errc::stopping);
    EXPECT_EQ(refused.why.effect, effect::not_done);
    EXPECT_EQ(q.ack(d), settled::failed);
    awaited<reception> r(shard_);
    q.of().receive(r);
    r.wait_home();
    EXPECT_EQ(r.why->code, errc::stopping);
    awaited<dead_request> letters(shard_);
    house_->dead_letters(letters);
    letters.wait_home();
    EXPECT_EQ(letters.why->code, errc::stopping);
    house_->stop();
}

// Whatever was confirmed is there afterwards, and nothing else is.
TEST_P(every_queue, a_stop_among_publications_leaves_exactly_what_was_confirmed) {
    queue_user q = open();
    std::deque<awaited<publication>> all;
    for (int i = 0; i < 20'000; ++i) {
        auto& p = all.emplace_back(shard_);
        p.message.body = std::to_string(i);
        q.of().publish(p);
        if (i == 10'000) all.front().wait_home();
    }
    house_->stop();
    strings confirmed;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i != 0) all[i].wait_home();
        if (all[i].outcome == outcome::confirmed) confirmed.push_back(all[i].message.body);
        else EXPECT_EQ(all[i].why.code, errc::stopping);
    }
    house_->restart();
    q = open();
    if (house_->can(ability::exact_limits)) {
        EXPECT_EQ(q.of().length(), confirmed.size());
    }
    strings got;
    for (auto some = q.receive_bodies(); !some.empty(); some = q.receive_bodies())
        got.insert(got.end(), some.begin(), some.end());
    EXPECT_EQ(got, confirmed);
}

// However many more are on their way here.
TEST_P(every_queue, what_was_acked_right_before_a_stop_does_not_come_again) {
    constexpr std::size_t count = 3'000, each_time = 50, times = 20;
    queue_user q = open();
    std::vector<message> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(make(std::to_string(i) + std::string(4'000, '-')));
    q.publish_all(std::move(all));
    std::set<std::string> acked;
    for (std::size_t i = 0; i < times; ++i) {
        for (const delivery& d : q.receive(each_time, milliseconds::max())) {
            EXPECT_TRUE(acked.insert(d.message.body).second) << d.message.body.substr(0, 5) << " after stop " << i;
            EXPECT_EQ(q.ack(d), settled::done);
        }
        house_->restart();
        q = open();
    }
    std::size_t others = 0;
    for (auto some = q.receive_bodies(); !some.empty(); some = q.receive_bodies()) {
        others += some.size();
        for (const std::string& body : some) EXPECT_FALSE(acked.contains(body)) << body.substr(0, 5);
    }
    EXPECT_EQ(others + acked.size(), count);
}

TEST_P(every_queue, publishers_and_workers_on_many_shards_lose_and_double_nothing) {
    constexpr int shards = 4, each = 1'000;
    queue_user q = open();
    std::deque<shard> homes;
    for (int i = 0; i < shards; ++i) homes.emplace_back("s" + std::to_string(i)).start();
    std::atomic<int> taken{0};
    std::mutex mutex;
    std::set<std::string> bodies;
    std::deque<std::thread> threads;
    for (int i = 0; i < shards; ++i) {
        threads.emplace_back([&, i] {
            queue_user mine(homes[static_cast<std::size_t>(i)], q.of());
            for (int k = 0; k < each; k += 50) {
                std::vector<message> some;
                for (int j = k; j < k + 50; ++j)
                    some.push_back(make(std::to_string(i) + "-" + std::to_string(j), std::to_string(j % 7)));
                mine.publish_all(std::move(some));
            }
        });
        threads.emplace_back([&, i] {
            queue_user mine(homes[static_cast<std::size_t>(i)], q.of());
            while (taken < shards * each) {
                for (const delivery& d : mine.receive(20)) {
                    EXPECT_EQ(mine.ack(d), settled::done);
                    ++taken;
                    const std::lock_guard lock(mutex);
                    EXPECT_TRUE(bodies.insert(d.message.body).second) << d.message.body;
                }
            }
        });
    }
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(bodies.size(), static_cast<std::size_t>(shards * each));
    EXPECT_EQ(q.of().length(), 0U);
    house_->stop();
    for (shard& s : homes) s.stop();
}

}  // namespace freshet::test
