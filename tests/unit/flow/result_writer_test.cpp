#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "flow/pauses.hpp"
#include "flow/result_writer.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "queue/operations.hpp"
#include "route/announce/announce.hpp"
#include "shard/shard.hpp"
#include "store/memory/memory_store.hpp"
#include "support/hand_queue.hpp"
#include "support/temporary_folder.hpp"
#include "version/change_message.hpp"
#include "version/version.hpp"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace freshet::test {
namespace {

using stored = result_writer::stored;

/// Into a memory store whose writes every site is told of.
class told_results : public testing::Test {
protected:
    told_results() {
        home.start();
        home.run_and_wait([this] {
            told = make_announce_store(home, *memory, changes, *clock, {.site = "fra", .patient = true});
            subject.emplace(home, *told, rests, "flow of queue thumbs", true);
        });
    }
    ~told_results() override {
        home.run_and_wait([this] { told.reset(); });
        home.stop();
    }

    bool has(const kept_result& what) {
        return boost::asio::co_spawn(home.context(), subject->has(what), boost::asio::use_future).get();
    }
    std::future<stored> put(kept_result& what) {
        return boost::asio::co_spawn(home.context(), subject->put(what, seconds(60)), boost::asio::use_future);
    }
    void wait_published() {
        std::size_t count = 0;
        for (const auto end = steady::now() + seconds(60); count == 0; std::this_thread::sleep_for(milliseconds(1))) {
            if (steady::now() > end) throw std::runtime_error("nothing is published");
            home.run_and_wait([&] { count = changes.published.size(); });
        }
    }
    void confirm() {
        wait_published();
        home.run_and_wait([this] { changes.answer_publication(publication::outcome::confirmed); });
    }
    void refuse() {
        wait_published();
        home.run_and_wait([this] {
            changes.answer_publication(publication::outcome::failed,
                                       {errc::unreachable, effect::not_done, changes.label()});
        });
    }
    void set(const std::string& value, version cas = 0) {
        call c;
        c.request.flags = good.flags;
        c.request.assign = cas != 0;
        c.request.assign_cas = cas;
        c.request.command = command::store;
        c.request.key = "result:a";
        c.request.value = value;
        c.now = steady::now();
        EXPECT_TRUE(memory->submit(c));
    }
    reply held() {
        call c;
        c.request.key = "result:a";
        c.request.want_value = true;
        c.now = steady::now();
        EXPECT_TRUE(memory->submit(c));
        return std::move(c.reply);
    }

    temporary_folder folder;
    shard home{"home"};
    std::unique_ptr<memory_store> memory = make_memory_store({});
    hand_queue changes{"changes"};
    std::unique_ptr<kept_clock> clock = *kept_clock::open(folder.file("clock"), 7);
    std::unique_ptr<store> told;
    pauses rests{home};
    std::optional<result_writer> subject;
    kept_result good{.store = "main", .key = "result:a", .value = "good", .flags = 7};
    kept_result error{.store = "main", .key = "result:a", .value = "ERROR broken", .error = true};
};

TEST_F(told_results, are_there_once_they_are_told) {
    auto is = put(good);
    wait_published();
    EXPECT_EQ(held().outcome, outcome::miss);
    confirm();
    EXPECT_EQ(is.get(), stored::done);
    EXPECT_EQ(held().data(), "good");
    EXPECT_EQ(held().flags, 7U);
    EXPECT_GE(held().cas, lowest_version);
    EXPECT_EQ(good.version, held().cas);
    EXPECT_TRUE(has(good));
    EXPECT_TRUE(memory->has_kept("result:a"));
    set("theirs");
    EXPECT_FALSE(has(good));
    EXPECT_FALSE(memory->has_kept("result:a"));
}

TEST_F(told_results, are_kept_though_the_flow_that_applies_changes_was_first) {
    auto is = put(good);
    wait_published();
    set("good", read_change(changes.published.front()->message)->what.version);
    confirm();
    EXPECT_EQ(is.get(), stored::done);
    EXPECT_FALSE(memory->has_kept("result:a"));
    EXPECT_TRUE(has(good));
    EXPECT_TRUE(memory->has_kept("result:a"));
}

TEST_F(told_results, are_tried_again_until_they_are_told) {
    auto is = put(good);
    refuse();
    EXPECT_EQ(held().outcome, outcome::miss);
    confirm();
    EXPECT_EQ(is.get(), stored::done);
    EXPECT_EQ(held().data(), "good");
}

TEST_F(told_results, an_error_that_is_here_and_was_not_told_is_told_the_next_time) {
    auto is = put(error);
    refuse();
    EXPECT_EQ(held().data(), "ERROR broken");
    const auto first = held().cas;
    confirm();
    EXPECT_EQ(is.get(), stored::done);
    EXPECT_EQ(held().data(), "ERROR broken");
    EXPECT_GT(held().cas, first);
    EXPECT_EQ(error.version, held().cas);
}

TEST_F(told_results, an_error_that_others_replace_before_it_is_told_is_not_needed) {
    auto is = put(error);
    wait_published();
    set("theirs");
    refuse();
    EXPECT_EQ(is.get(), stored::not_needed);
    EXPECT_EQ(held().data(), "theirs");
}

TEST_F(told_results, an_error_takes_the_place_of_nothing_else) {
    set("good");
    EXPECT_EQ(put(error).get(), stored::not_needed);
    EXPECT_TRUE(changes.published.empty());
}

TEST_F(told_results, what_is_given_up_waits_for_no_queue_and_may_come) {
    auto is = put(good);
    wait_published();
    home.run_and_wait([this] {
        rests.end_for_good();
        subject->give_up();
    });
    EXPECT_EQ(is.get(), stored::given_up);
    confirm();
    EXPECT_EQ(held().data(), "good");
}

}  // namespace
}  // namespace freshet::test
