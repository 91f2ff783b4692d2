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

}  // namespace
}  // namespace freshet
