#include "flow/apply/emptying.hpp"

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "call/call.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <new>
#include <optional>

namespace freshet::test {
namespace {

/// Answers flush_all now, later, or when it is told to; first as `says` has it, then with OK.
class emptied_store final : public store {
public:
    bool submit(call& c) override {
        EXPECT_EQ(c.request.command, command::flush_all);
        ++asked;
        if (without_memory-- > 0) throw std::bad_alloc();
        if (holds) {
            held = &c;
            return false;
        }
        answer(c);
        if (!later) return true;
        c.home->run([&c] { c.complete(); });
        return false;
    }
    void answer(call& c) {
        if (failing > 0) {
            --failing;
            return c.reply.fail(errc::timed_out, effect::maybe_done, "server x");
        }
        c.reply.outcome = outcome::text;
        c.reply.value.append(refusing-- > 0 ? "ERROR\r\n" : "OK\r\n");
    }
    int failing{0}, refusing{0}, without_memory{0};
    bool later{false}, holds{false};
    call* held{nullptr};
    int asked{0};
};

class emptying_a_store : public testing::Test {
protected:
    emptying_a_store() {
        home.start();
        on_home([this] {
            subject.emplace(home, what, "store main", [this] {
                const std::lock_guard lock(mutex);
                ++ended;
                changed.notify_all();
            });
        });
    }
    ~emptying_a_store() override {
        on_home([this] { subject.reset(); });
        home.stop();
    }
    void on_home(const std::function<void()>& work) { home.run_and_wait(work); }
    void begin() {
        on_home([this] { subject->begin(); });
    }
    bool ends() {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, seconds(60), [this] { return ended == 1; });
    }
    bool is_under_way() {
        bool is = false;
        on_home([&] { is = subject->is_under_way(); });
        return is;
    }

    shard home{"home"};
    emptied_store what;
    std::optional<emptying> subject;
    std::mutex mutex;
    std::condition_variable changed;
    int ended{0};
};

TEST_F(emptying_a_store, is_over_when_the_store_has_done_it) {
    begin();
    ASSERT_TRUE(ends());
    EXPECT_EQ(what.asked, 1);
    EXPECT_FALSE(is_under_way());
}

TEST_F(emptying_a_store, asks_until_each_server_has_done_it) {
    what.later = true;
    what.failing = 2;
    what.refusing = 1;
    begin();
    ASSERT_TRUE(ends());
    EXPECT_EQ(what.asked, 4);
}

TEST_F(emptying_a_store, asks_again_where_there_was_no_memory) {
    what.without_memory = 2;
    begin();
    ASSERT_TRUE(ends());
    EXPECT_EQ(what.asked, 3);
    EXPECT_FALSE(is_under_way());
}

TEST_F(emptying_a_store, that_is_stopped_ends_once_it_has_its_answer) {
    what.holds = true;
    begin();
    on_home([this] { subject->stop(); });
    EXPECT_TRUE(is_under_way());
    EXPECT_EQ(ended, 0);
    on_home([this] {
        what.answer(*what.held);
        what.held->complete();
    });
    EXPECT_TRUE(ends());
    EXPECT_EQ(what.asked, 1);
}

TEST_F(emptying_a_store, that_is_stopped_while_it_waits_to_ask_again_is_over) {
    what.failing = 1;
    begin();
    on_home([this] { subject->stop(); });
    EXPECT_FALSE(is_under_way());
}

}  // namespace
}  // namespace freshet::test
