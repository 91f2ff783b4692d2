#include "flow/apply/apply.hpp"

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "base/since_1970.hpp"
#include "call/call.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "shard/shard.hpp"
#include "store/memory/memory_store.hpp"
#include "store/store.hpp"
#include "support/fake_queue.hpp"
#include "support/temporary_folder.hpp"
#include "version/change_message.hpp"
#include "version/kept_clock.hpp"
#include "version/version.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

namespace freshet::test {
namespace {

using action = enum settlement::action;

/// One of its servers is away when it is to be emptied, while the test says so.
class emptied_in_part final : public store {
public:
    explicit emptied_in_part(store& behind) : behind_(behind) {}
    bool submit(call& c) override {
        if (c.request.command != command::flush_all || !server_away) return behind_.submit(c);
        ++asked;
        c.reply.fail(errc::unreachable, effect::not_done, "server x");
        return true;
    }
    std::atomic<bool> server_away{false};
    std::atomic<int> asked{0};

private:
    store& behind_;
};

class apply : public testing::Test {
protected:
    apply() {
        back.start();
        here.name = "fra";
        here.node = 7;
        subject = make_apply_flow(back, from, in_part, *clock, {}, here);
        subject->start();
    }
    ~apply() override {
        subject->stop(steady::now());
        subject.reset();
        back.stop();
    }
    /// What becomes of it.
    settled take(change_kind kind, version v, const std::string& value, std::string_view site = "nyc") {
        told_change c;
        c.key = "k";
        c.what = {kind, v, 0};
        message m;
        describe_change(c, site, m);
        if (kind == change_kind::set) m.body = value;
        from.put(std::move(m));
        ++taken;
        return from.wait_settled(taken).at(taken - 1);
    }
    std::string held() {
        call c;
        c.request.key = "k";
        c.request.want_value = true;
        c.now = steady::now();
        EXPECT_TRUE(to->submit(c));
        return c.reply.outcome != outcome::hit || c.reply.stale ? "none" : std::string(c.reply.data());
    }
    version given() {
        std::optional<version> v;
        while (!v) v = clock->next(0, wall::now());
        return *v;
    }

    temporary_folder folder;
    shard back{"back"};
    fake_queue from;
    std::unique_ptr<memory_store> to = make_memory_store({});
    emptied_in_part in_part{*to};
    std::unique_ptr<kept_clock> clock = *kept_clock::open(folder.file("clock"), 7);
    site_config here;
    std::unique_ptr<flow> subject;
    std::size_t taken{0};
};

TEST_F(apply, what_is_a_year_ahead_is_a_dead_letter_that_moves_no_clock) {
    const auto in_a_year = wall::now() + std::chrono::hours(365 * 24);
    const settled far = take(change_kind::set, version_above(0, in_a_year, 2), "far");
    EXPECT_EQ(far.action, action::dead);
    EXPECT_NE(far.reason.find("more than 24 hours ahead of this machine's clock"), std::string::npos) << far.reason;
    EXPECT_LT(time_of(given()), in_a_year - std::chrono::hours(24));
    EXPECT_EQ(take(change_kind::set, version_above(0, wall::now(), 2), "near").action, action::ack);
    EXPECT_EQ(held(), "near");
}

TEST_F(apply, what_is_hours_ahead_is_taken_and_what_is_written_here_is_above_it) {
    const version ahead = version_above(0, wall::now() + std::chrono::hours(14), 2);
    EXPECT_EQ(take(change_kind::set, ahead, "x").action, action::ack);
    EXPECT_EQ(held(), "x");
    EXPECT_GT(given(), ahead);
}

TEST_F(apply, what_this_process_has_put_is_put_again_where_it_has_gone) {
    const version v = given();
    EXPECT_EQ(take(change_kind::set, v, "mine", "fra").action, action::ack);
    EXPECT_EQ(held(), "mine");
}

TEST_F(apply, lost_history_empties_the_store_before_anything_that_came_with_it_is_applied) {
    EXPECT_EQ(take(change_kind::set, version_above(0, wall::now(), 2), "old").action, action::ack);
    EXPECT_EQ(held(), "old");
    told_change c;
    c.key = "other";
    c.what = {change_kind::set, version_above(0, wall::now(), 2), 0};
    message m;
    describe_change(c, "nyc", m);
    const std::size_t before = from.settled_count();
    in_part.server_away = true;
    from.lose_history_before(std::move(m));
    while (in_part.asked < 2) std::this_thread::yield();
    EXPECT_EQ(from.settled_count(), before);
    in_part.server_away = false;
    ++taken;
    EXPECT_EQ(from.wait_settled(taken).at(taken - 1).action, action::ack);
    EXPECT_TRUE(from.wait_history_made_up(1));
    EXPECT_EQ(held(), "none");
    EXPECT_EQ(take(change_kind::set, version_above(0, wall::now(), 2), "new").action, action::ack);
    EXPECT_EQ(held(), "new");
}

TEST_F(apply, that_is_stopped_while_the_store_is_emptied_forgets_nothing) {
    in_part.server_away = true;
    from.lose_history_before({});
    while (in_part.asked < 2) std::this_thread::yield();
    subject->stop(steady::now());
    EXPECT_FALSE(from.has_made_up_history());
    EXPECT_EQ(from.settled_count(), 0U);
}

}  // namespace
}  // namespace freshet::test
