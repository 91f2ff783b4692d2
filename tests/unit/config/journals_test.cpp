#include "config/journals.hpp"

#include <freshet/config.hpp>

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace freshet {
namespace {

config with_state(std::string_view text, const std::string& folder) {
    config c = read_config(text).value;
    c.state_folder = folder;
    return c;
}

TEST(journals, are_in_the_state_folder_unless_they_say_so) {
    EXPECT_EQ(journal_file("journal:", "/s"), "/s/journal.db");
    EXPECT_EQ(journal_file("journal:b.db", "/s"), "/s/b.db");
    EXPECT_EQ(journal_file("journal:/x/b.db", "/s"), "/x/b.db");
    EXPECT_EQ(journal_file("journal:b.db", ""), "b.db");
}

TEST(journals, are_one_file_however_it_is_spelled) {
    const test::temporary_folder folder;
    const std::string link = folder.file("link");
    std::filesystem::create_directory(folder.file("s"));
    std::filesystem::create_directory_symlink(folder.file("s"), link);
    const config c = with_state("[queue.a]\n[queue.b]\nurl='journal:" + link + "/journal.db'\nallow_tmpfs=true\n" +
                                    "[queue.c]\nurl='journal:../s/./journal.db'\n" +
                                    "[queue.d]\nurl='kafka://h'\nlater='journal:" + folder.file("s") + "//other.db'\n" +
                                    "outbox='journal:box.db'\n",
                                folder.file("s"));
    const auto all = journals_of(c);
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].path, folder.file("s") + "/journal.db");
    EXPECT_TRUE(all[0].allow_tmpfs);
    EXPECT_EQ(all[0].number, 0u);
    EXPECT_EQ(all[1].key, "later");
    EXPECT_EQ(all[1].number, 3u);
    EXPECT_EQ(all[2].key, "outbox");
}

TEST(journals, of_queues_that_are_made_by_name_are_the_usual_one) {
    const auto all = journals_of(with_state("", "/s"));
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].path, "/s/journal.db");
    EXPECT_EQ(all[0].section, "route");
    EXPECT_TRUE(journals_of(with_state("[[route]]\nprefix='a'\nstore='main'", "/s")).empty());
}

TEST(journals, a_queue_and_those_that_it_is_copied_to_are_in_one) {
    const auto wrong = [](const std::string& text) {
        const config c = with_state(text, "/s");
        return wrong_copies(c, c.queues.at(0));
    };
    EXPECT_EQ(wrong("[queue.a]\ncopies='b'\n[queue.b]"), "");
    EXPECT_EQ(wrong("[queue.a]\ncopies=['b','c']\n[queue.b]\nurl='journal:/s/journal.db'\n"
                    "[queue.c]\nurl='journal:x/../journal.db'"),
              "");
    EXPECT_EQ(wrong("[queue.a]\ncopies='b'\n[queue.b]\nurl='journal:b.db'"),
              "copies: 'a' is in /s/journal.db and 'b' in /s/b.db, and a transaction is in one file; give both the "
              "same url");
}

TEST(journals, a_queue_on_a_broker_is_copied_nowhere) {
    config c;
    c.queues.resize(2);
    c.queues[0].name = "a";
    c.queues[0].copies = {"b"};
    c.queues[1].name = "b";
    c.queues[1].urls = {"amqp://user:secret@h"};
    EXPECT_EQ(wrong_copies(c, c.queues[0]), "copies: 'a' or 'b' is on a broker, and a transaction is in one file");
}

}  // namespace
}  // namespace freshet
