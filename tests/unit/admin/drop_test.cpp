#include "admin/drop.hpp"

#include "protocol/reply.hpp"
#include "queue/journal/journal.hpp"
#include "shard/shard.hpp"
#include "support/publish.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

namespace freshet::test {
namespace {

TEST(drop_command, comes_back_from_its_line) {
    EXPECT_EQ(to_line({"thumbs", false}), "queue drop thumbs empty");
    const auto back = parse_drop_command(to_line({"thumbs", true}));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->queue, "thumbs");
    EXPECT_TRUE(back->with_all);
}

TEST(drop_command, other_lines_are_none) {
    for (const auto* const line :
         {"", "queue", "queue drop", "queue drop ", "queue drop a", "queue drop  empty", "queue drop a none",
          "queue drop a all ", "queue drop a b all", "queue list a all", "drop a 1 text", "QUEUE DROP a all"}) {
        EXPECT_FALSE(parse_drop_command(line)) << line;
    }
}

TEST(drop_command, is_done_in_every_journal_that_has_the_queue) {
    const temporary_folder folder;
    shard home("test");
    home.start();
    std::vector<std::unique_ptr<journal>> open;
    std::vector<journal*> journals;
    for (const auto* const file : {"a", "b", "c"})
        journals.push_back(open.emplace_back(*open_journal({.path = folder.file(file), .allow_tmpfs = true})).get());
    const auto drop = [&](const char* name, bool with_all) {
        std::promise<command_answer> told;
        home.run([&] {
            answer_drop_command(home, journals, {name, with_all},
                                [&](command_answer a) { told.set_value(std::move(a)); });
        });
        return told.get_future().get();
    };
    EXPECT_EQ(drop("\x1b[31m", true).text, "there is no queue '\\x1b[31m'; there is none yet\n");
    publish(home, **journals[0]->find_or_make("jobs"), "one", "x");
    publish(home, **journals[2]->find_or_make("jobs"), "two", "x");
    publish(home, **journals[2]->find_or_make("jobs"), "three", "x");
    const command_answer refused = drop("jobs", false);
    EXPECT_FALSE(refused.done);
    EXPECT_EQ(refused.text,
              "the queue 'jobs' is not empty: 1 ready, 0 leased, 0 delayed, 0 dead; --force drops it with all that\n"
              "the queue 'jobs' is not empty: 2 ready, 0 leased, 0 delayed, 0 dead; --force drops it with all that\n");
    const command_answer done = drop("jobs", true);
    EXPECT_TRUE(done.done);
    EXPECT_EQ(done.text,
              "the queue 'jobs' is dropped: 1 ready, 0 leased, 0 delayed, 0 dead\n"
              "the queue 'jobs' is dropped: 2 ready, 0 leased, 0 delayed, 0 dead\n");
    const command_answer gone = drop("jobs", true);
    EXPECT_FALSE(gone.done);
    EXPECT_EQ(gone.text, "there is no queue 'jobs'; there is none yet\n");
    publish(home, **journals[1]->find_or_make("left"), "one", "x");
    for (const auto& j : open) j->stop();
    EXPECT_EQ(drop("left", true).text, "the journal " + folder.file("b") + " is being stopped, not_done\n");
    home.stop();
}

}  // namespace
}  // namespace freshet::test
