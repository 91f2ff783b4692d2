// From a published task to a result that can be read: journal, flow, real programs, memory store.
#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "call/call.hpp"
#include "flow/flow.hpp"
#include "protocol/reply.hpp"
#include "queue/journal/journal.hpp"
#include "queue/queue.hpp"
#include "shard/shard.hpp"
#include "store/memory/memory_store.hpp"
#include "store/store.hpp"
#include "support/publish.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

using namespace freshet;
using namespace freshet::test;
using namespace std::literals;

namespace {

class flow_journal : public testing::Test {
protected:
    flow_journal() {
        std::string pattern = "/var/tmp/freshet-flow-XXXXXX";
        folder = ::mkdtemp(pattern.data());
        options.backoff_min = 1ms;
        options.backoff_max = 10ms;
        config.into = "main";
        back.start();
    }
    ~flow_journal() override {
        close(steady::now() + 60s);
        back.stop();
        std::filesystem::remove_all(folder);
    }
    void open(std::string script, unsigned concurrency = 1) {
        journal_options with;
        with.path = folder / "journal.db";
        with.allow_tmpfs = true;
        auto opened = open_journal(with);
        ASSERT_TRUE(opened) << opened.error().text;
        journal = std::move(*opened);
        from = &journal->open("thumbs", options);
        config.exec = {"/bin/sh", "-c", std::move(script)};
        config.concurrency = concurrency;
        flow = make_flow(back, *from, into.get(), config, true);
        flow->start();
    }
    void close(steady::time_point deadline) {
        if (flow) flow->stop(deadline);
        flow.reset();
        if (journal) journal->stop();
        journal.reset();
    }
    std::string read(std::string_view key) {
        call c;
        c.request.key = key;
        c.request.want_value = true;
        c.now = steady::now();
        const bool answered = into->submit(c);
        return answered && c.reply.outcome == outcome::hit ? std::string(c.reply.value.view()) : std::string();
    }
    std::string wait_for(std::string_view key) {
        std::string value;
        for (const auto end = steady::now() + 60s; value.empty() && steady::now() < end;
             std::this_thread::sleep_for(1ms))
            value = read(key);
        return value;
    }
    void wait_settled() {
        for (const auto end = steady::now() + 60s; from->length() != 0 && steady::now() < end;)
            std::this_thread::sleep_for(1ms);
        EXPECT_EQ(from->length(), 0U);
    }

    std::filesystem::path folder;
    shard back{"back"};
    queue_options options;
    flow_config config;
    std::unique_ptr<store> into = make_memory_store({});
    std::unique_ptr<freshet::journal> journal;
    queue* from{nullptr};
    std::unique_ptr<freshet::flow> flow;
};

}  // namespace

TEST_F(flow_journal, task_becomes_a_result_that_is_kept) {
    open("cat; echo \" $FRESHET_ID $FRESHET_ATTEMPT\"");
    publish(back, *from, "cat-7", "body");
    EXPECT_EQ(wait_for("result:cat-7"), "body cat-7 1\n");
    wait_settled();
    close(steady::now() + 60s);
    open("exit 1");
    const auto kept = journal->results();
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept[0].store, "main");
    EXPECT_EQ(kept[0].key, "result:cat-7");
    EXPECT_EQ(kept[0].value, "body cat-7 1\n");
}

TEST_F(flow_journal, task_that_fails_is_tried_again) {
    open("[ $FRESHET_ATTEMPT -ge 3 ] && echo $FRESHET_ATTEMPT");
    publish(back, *from, "a", "");
    EXPECT_EQ(wait_for("result:a"), "3\n");
}

TEST_F(flow_journal, task_that_always_fails_has_an_error_result_and_is_a_dead_letter) {
    options.max_attempts = 2;
    open("echo broken >&2; exit 1");
    publish(back, *from, "a", "body");
    const std::string reason = "/bin/sh ended with exit status 1: broken (attempt 2 of 2)";
    EXPECT_EQ(wait_for("result:a"), "ERROR " + reason);
    wait_settled();
    const auto dead = dead_letters(back, *journal);
    ASSERT_EQ(dead.size(), 1U);
    EXPECT_EQ(dead[0].message.id, "a");
    EXPECT_EQ(dead[0].message.body, "body");
    EXPECT_EQ(dead[0].reason, reason);
}

TEST_F(flow_journal, many_tasks_side_by_side) {
    open("echo done $(cat)", 8);
    for (int n = 0; n < 100; ++n) publish(back, *from, std::to_string(n), std::to_string(n));
    for (int n = 0; n < 100; ++n)
        EXPECT_EQ(wait_for("result:" + std::to_string(n)), "done " + std::to_string(n) + "\n");
    wait_settled();
}

TEST_F(flow_journal, call_that_was_ended_by_a_stop_is_made_again_and_costs_no_attempt) {
    const std::string mark = folder / "mark";
    open("echo > " + mark + "; exec sleep 1000");
    publish(back, *from, "a", "body");
    while (!std::filesystem::exists(mark)) std::this_thread::sleep_for(1ms);
    close(steady::now());
    EXPECT_EQ(read("result:a"), "");
    open("cat; echo \" $FRESHET_ATTEMPT\"");
    EXPECT_EQ(wait_for("result:a"), "body 1\n");
}
