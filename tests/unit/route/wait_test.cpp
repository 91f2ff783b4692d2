#include <freshet/time.hpp>

#include "call/call.hpp"
#include "protocol/ask.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "route/wait.hpp"
#include "shard/shard.hpp"
#include "store/memory/memory_store.hpp"
#include "store/store.hpp"
#include "support/held_store.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

using namespace freshet;
using namespace std::literals;

namespace {

/// Hides from the wait store that the store behind can tell of values.
class silent_store final : public store {
public:
    explicit silent_store(store& behind) : behind_(behind) {}
    bool submit(call& c) override { return behind_.submit(c); }

private:
    store& behind_;
};

/// The value comes between the first answer and the watch, and the news of it is on its way.
class racing_store final : public store {
public:
    bool submit(call& c) override {
        if (std::exchange(asked_, true)) c.reply.outcome = outcome::hit;
        return true;
    }
    bool watch(watcher& w) override {
        w.home->post(w);
        return true;
    }
    bool unwatch(watcher&) override { return false; }

private:
    bool asked_{false};
};

/// A get, and what became of it.
struct asked final : call, step {
    bool on_reply(call& c) override {
        if (when_answered) when_answered();
        const std::lock_guard lock(mutex);
        found = c.reply.outcome == outcome::hit ? std::string(c.reply.value.view()) : "(miss)";
        answered = true;
        changed.notify_all();
        return false;
    }
    std::string answer() {
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return !found.empty(); });
        return found;
    }
    std::function<void()> when_answered;
    std::mutex mutex;
    std::condition_variable changed;
    std::string found;
    bool answered{false};
};

class wait_store : public testing::Test {
protected:
    wait_store() { home.start(); }
    ~wait_store() override {
        home.run_and_wait([&] { subject.reset(); });
        home.stop();
    }
    void make(store& behind, milliseconds wait) { subject = make_wait_store(home, behind, wait); }
    asked& ask(std::string key) {
        asked& a = calls.emplace_back();
        keys.push_back(std::move(key));
        a.request.key = keys.back();
        a.request.want_value = true;
        home.run_and_wait([&] { begin(a); });
        return a;
    }
    void begin(asked& a) {
        a.home = &home;
        a.now = steady::now();
        freshet::start(*subject, a, a);
    }
    void set(const std::string& key, const std::string& value) {
        call c;
        c.request.command = command::store;
        c.request.key = key;
        c.request.value = value;
        c.now = steady::now();
        ASSERT_TRUE(memory->submit(c));
    }

    shard home{"home"};
    std::unique_ptr<memory_store> memory = make_memory_store({});
    silent_store silent{*memory};
    test::held_store held;
    std::unique_ptr<store> subject;
    std::deque<asked> calls;
    std::deque<std::string> keys;
};

TEST_F(wait_store, value_that_is_there_is_answered_at_once) {
    make(*memory, 1h);
    set("k", "v");
    EXPECT_EQ(ask("k").answer(), "v");
}

TEST_F(wait_store, get_waits_for_a_value_that_another_thread_sets) {
    make(*memory, 1h);
    asked& first = ask("k");
    asked& second = ask("k");
    asked& other = ask("other");
    set("k", "v");
    EXPECT_EQ(first.answer(), "v");
    EXPECT_EQ(second.answer(), "v");
    set("other", "w");
    EXPECT_EQ(other.answer(), "w");
}

TEST_F(wait_store, store_that_cannot_tell_is_asked_again) {
    make(silent, 1h);
    asked& a = ask("k");
    set("k", "v");
    EXPECT_EQ(a.answer(), "v");
}

TEST_F(wait_store, miss_is_answered_when_the_time_is_over) {
    make(*memory, 1ms);
    EXPECT_EQ(ask("k").answer(), "(miss)");
}

TEST_F(wait_store, call_of_a_client_that_has_left_ends) {
    make(*memory, 1h);
    asked& a = ask("k");
    home.run_and_wait([&] { a.abandon(); });
    EXPECT_EQ(a.answer(), "(miss)");
}

TEST_F(wait_store, answer_may_end_and_begin_other_waits_in_the_same_tick) {
    make(silent, 1h);
    constexpr int count = 20;
    std::vector<asked*> all;
    for (int i = 0; i < count; ++i) all.push_back(&ask("k" + std::to_string(i)));
    asked& later = calls.emplace_back();
    later.request.key = "later";
    later.request.want_value = true;
    all[0]->when_answered = [&] {
        for (int i = 1; i < count; ++i) all[static_cast<std::size_t>(i)]->abandon();
        begin(later);
    };
    set("k0", "v");  // found in a tick
    EXPECT_EQ(all[0]->answer(), "v");
    for (int i = 1; i < count; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)]->answer(), "(miss)");
    set("later", "v");
    EXPECT_EQ(later.answer(), "v");
}

TEST_F(wait_store, call_that_stands_in_a_server_is_not_asked_again_meanwhile) {
    make(held, 1h);
    asked& a = ask("held");
    home.run_and_wait([] {});
    for (int tick = 0; tick < 50; ++tick) {  // more than a call has room for steps
        home.run_and_wait([&] { dynamic_cast<ticker&>(*subject).tick(steady::now()); });
    }
    home.run_and_wait([&] {
        EXPECT_EQ(held.held.size(), 1U);
        held.release_all();
    });
    EXPECT_EQ(a.answer(), "held");
}

TEST_F(wait_store, call_is_answered_at_its_deadline_though_the_server_stands_still) {
    make(held, 1ms);
    asked& a = ask("held");
    EXPECT_EQ(a.answer(), "(miss)");
    asked& other = ask("other");  // what the server says later is for nobody
    home.run_and_wait([&] { held.release_all(); });
    EXPECT_EQ(other.answer(), "other");
    EXPECT_EQ(a.answer(), "(miss)");
}

TEST_F(wait_store, store_may_end_while_a_server_still_has_what_it_asked) {
    make(held, 1h);
    asked& a = ask("held");
    home.run_and_wait([&] { subject.reset(); });
    EXPECT_EQ(a.answer(), "(miss)");
    home.run_and_wait([&] { held.release_all(); });
}

TEST_F(wait_store, store_may_end_while_news_of_a_value_is_on_its_way) {
    racing_store racing;
    make(racing, 1h);
    asked& a = calls.emplace_back();
    a.request.key = "k";
    home.run_and_wait([&] {
        begin(a);
        subject.reset();
    });
    home.run_and_wait([] {});  // the news has come
    EXPECT_TRUE(a.answered);
}

TEST_F(wait_store, calls_own_deadline_comes_before_the_route_s) {
    make(*memory, 1h);
    asked& a = calls.emplace_back();
    a.request.key = "k";
    a.request.want_value = true;
    a.deadline = steady::now() + 1ms;
    home.run_and_wait([&] { begin(a); });
    EXPECT_EQ(a.answer(), "(miss)");
}

TEST_F(wait_store, waits_in_front_of_waits_end_at_the_earlier_deadline) {
    const auto inner = make_wait_store(home, *memory, 1h);
    make(*inner, 1ms);
    EXPECT_EQ(ask("k").answer(), "(miss)");
    home.run_and_wait([&] { subject.reset(); });
    make(*inner, 1h);
    asked& told = ask("k");
    asked& left = ask("other");
    home.run_and_wait([&] { left.abandon(); });
    EXPECT_EQ(left.answer(), "(miss)");
    set("k", "v");
    EXPECT_EQ(told.answer(), "v");
    home.run_and_wait([&] { subject.reset(); });
}

TEST_F(wait_store, nobody_waits_long_for_a_client_that_has_sent_its_last) {
    make(*memory, 1h);
    asked& soon = ask("a");
    asked& never = ask("b");
    home.run_and_wait([&] {
        soon.client_sent_last();
        never.client_sent_last();
    });
    set("a", "v");
    EXPECT_EQ(soon.answer(), "v");
    EXPECT_EQ(never.answer(), "(miss)");
}

TEST_F(wait_store, other_commands_do_not_wait) {
    make(*memory, 1h);
    asked& a = calls.emplace_back();
    a.request.command = command::remove;
    a.request.key = "k";
    home.run_and_wait([&] { begin(a); });
    EXPECT_EQ(a.answer(), "(miss)");
}

TEST_F(wait_store, many_waits_and_values_from_other_threads_meet) {
    make(*memory, 1h);
    constexpr int count = 500;
    std::thread setting([&] {
        for (int i = 0; i < count; ++i) set("k" + std::to_string(i), "v");
    });
    for (int i = 0; i < count; ++i) ask("k" + std::to_string(i));
    setting.join();
    for (asked& a : calls) EXPECT_EQ(a.answer(), "v");
}

}  // namespace
