#include <freshet/time.hpp>

#include "call/call.hpp"
#include "call/client_state.hpp"
#include "protocol/ask.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "route/wait.hpp"
#include "shard/shard.hpp"
#include "store/memory/memory_store.hpp"
#include "store/store.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>

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

/// A get, and what became of it.
struct asked final : call, step {
    bool on_reply(call& c) override {
        if (when_answered) when_answered();
        const std::lock_guard lock(mutex);
        found = c.reply.outcome == outcome::hit ? std::string(c.reply.value.view()) : "(miss)";
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
};

class wait_store : public testing::Test {
protected:
    wait_store() { home.start(); }
    ~wait_store() override {
        home.run_and_wait([&] { subject.reset(); });
        home.stop();
    }
    void make(store& behind, milliseconds wait) { subject = make_wait_store(home, behind, wait); }
    asked& ask(std::string key, client_state* client = nullptr) {
        asked& a = calls.emplace_back();
        keys.push_back(std::move(key));
        a.request.key = keys.back();
        a.request.want_value = true;
        a.client = client;
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
    client_state client;
    asked& a = ask("k", &client);
    home.run_and_wait([&] { client.gone = true; });
    EXPECT_EQ(a.answer(), "(miss)");
}

TEST_F(wait_store, answer_may_end_and_begin_other_waits_in_the_same_tick) {
    make(silent, 1h);
    constexpr int count = 20;
    std::array<client_state, count> clients;
    std::vector<asked*> all;
    for (int i = 0; i < count; ++i) all.push_back(&ask("k" + std::to_string(i), &clients[static_cast<std::size_t>(i)]));
    asked& later = calls.emplace_back();
    later.request.key = "later";
    later.request.want_value = true;
    home.run_and_wait([&] {
        // The first to end lets all others end at once, and asks for another key.
        all[0]->when_answered = [&] {
            for (int i = 1; i < count; ++i) clients[static_cast<std::size_t>(i)].gone = true;
            begin(later);
        };
        clients[0].gone = true;
    });
    for (asked* a : all) EXPECT_EQ(a->answer(), "(miss)");
    set("later", "v");
    EXPECT_EQ(later.answer(), "v");
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
