// Nothing that is not a sound journal is opened: one sentence says why, and nothing crashes.
#include <freshet/error.hpp>

#include "base/since_1970.hpp"
#include "queue/journal/dead_request.hpp"
#include "queue/journal/file/format.hpp"
#include "queue/journal/file/sqlite.hpp"
#include "queue/journal/journal.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/queue_user.hpp"
#include "support/temporary_folder.hpp"

#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>

namespace freshet::test {

namespace {

class opening : public testing::Test {
protected:
    opening() { home_.start(); }
    ~opening() override { home_.stop(); }

    journal_options options(bool allow_tmpfs = true) const {
        return {.path = path_, .allow_tmpfs = allow_tmpfs, .queues_max = 10, .defaults = {}};
    }
    result<std::unique_ptr<journal>> open(bool allow_tmpfs = true) { return open_journal(options(allow_tmpfs)); }
    std::string refusal(bool allow_tmpfs = true) {
        const auto opened = open(allow_tmpfs);
        return opened ? "it was opened" : opened.error().text;
    }
    void make(int messages = 50) {
        auto opened = open();
        ASSERT_TRUE(opened);
        queue_user q(home_, (*opened)->open("thumbs", {}));
        for (int i = 0; i < messages; ++i) q.publish(make_body(i));
        for (const delivery& d : q.receive(5)) q.settle(settlement::action::dead, d.number, {}, "no");
        (*opened)->stop();
    }
    static std::string make_body(int i) { return std::string(static_cast<std::size_t>(100 * i), 'b'); }
    std::string content() {
        std::ifstream file(path_, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write(std::string_view bytes) { std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes; }
    void run(const char* sql) {
        sqlite_database database;
        ASSERT_EQ(database.open(path_, false), 0);
        ASSERT_EQ(database.run(sql), 0) << database.sentence();
        database.close();
    }
    /// Both when it is checked and when it is opened; checking changes nothing.
    void expect_refused(std::string_view why) {
        const auto checked = check_journal(options());
        EXPECT_NE(checked ? std::string::npos : checked.error().text.find(why), std::string::npos) << why;
        const std::string said = refusal();
        EXPECT_NE(said.find(why), std::string::npos) << said;
        EXPECT_TRUE(said.starts_with("the journal " + path_)) << said;
        EXPECT_EQ(said.find('\n'), std::string::npos) << said;
    }

    temporary_folder folder_;
    std::string path_{folder_.file("journal")};
    shard home_{"test"};
};

}  // namespace

TEST_F(opening, a_place_in_memory_is_refused_unless_allowed) {
    if (folder_.path().starts_with("/var")) GTEST_SKIP() << "no tmpfs here";
    EXPECT_NE(refusal(false).find("survive no reboot"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_TRUE(open());
}

TEST_F(opening, a_check_leaves_nothing_behind) {
    EXPECT_TRUE(check_journal(options()));
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
    make();
    const std::string whole = content();
    std::set<std::string> before, behind;
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) before.insert(file.path());
    EXPECT_TRUE(check_journal(options()));
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) behind.insert(file.path());
    EXPECT_EQ(before, behind);
    EXPECT_EQ(content(), whole);
}

TEST_F(opening, a_second_one_is_told_who_has_it) {
    const auto first = open();
    ASSERT_TRUE(first);
    EXPECT_NE(refusal().find("is open in another process (pid " + std::to_string(::getpid()) + ")"), std::string::npos);
    EXPECT_EQ(open().error().code, errc::journal_locked);
    EXPECT_TRUE(check_journal(options())) << "whoever has it now";
}

TEST_F(opening, places_that_cannot_hold_a_file_are_refused) {
    path_ = folder_.file("nowhere/journal");
    expect_refused("it must exist");
    path_ = folder_.path() + "/";
    expect_refused("the path must name a file");
    path_ = folder_.path();
    expect_refused("not a regular file");
}

TEST_F(opening, files_that_are_no_journals_are_refused_and_left_alone) {
    for (const std::string& text : {std::string(), std::string("hello"), std::string(5'000, 'x')}) {
        write(text);
        expect_refused("is damaged");
        EXPECT_EQ(content(), text);
    }
    std::filesystem::remove(path_);
    make();
    run("PRAGMA application_id = 7");
    expect_refused("another program");
}

TEST_F(opening, a_newer_format_is_refused) {
    make();
    run("PRAGMA user_version = 4");
    expect_refused("has format 4, and this program knows formats up to 3");
}

TEST_F(opening, a_journal_of_format_1_becomes_one_of_format_3) {
    make(7);
    run("DROP TABLE suspect; DROP INDEX message_expires; ALTER TABLE message DROP COLUMN origin; ALTER TABLE message "
        "DROP COLUMN sum; ALTER TABLE dead DROP COLUMN "
        "origin;"
        "ALTER TABLE dead DROP COLUMN sum; ALTER TABLE result DROP COLUMN sum; ALTER TABLE result DROP COLUMN version; "
        "DELETE FROM about WHERE name <> 'tag';"
        "PRAGMA user_version = 1");
    {
        auto opened = open();
        ASSERT_TRUE(opened) << opened.error().text;
        queue_user q(home_, (*opened)->open("thumbs", {}));
        EXPECT_EQ(q.receive_bodies(), (std::vector<std::string>{make_body(5), make_body(6)}));
        EXPECT_EQ(q.publish("new").outcome, publication::outcome::confirmed);
    }
    sqlite_database database;
    ASSERT_EQ(database.open(path_, false), 0);
    EXPECT_EQ(database.ask("PRAGMA user_version"), 3);
    EXPECT_EQ(database.ask("SELECT count(*) FROM message WHERE sum IS NULL"), 2);
    EXPECT_EQ(database.ask("SELECT count(*) FROM message WHERE sum IS NOT NULL"), 1);
}

TEST_F(opening, a_missing_table_is_refused) {
    make();
    run("DROP TABLE accepted");
    expect_refused("table accepted is missing");
}

TEST_F(opening, a_file_that_is_missing_beside_its_log_is_refused) {
    make();
    std::filesystem::rename(path_, path_ + "-wal");
    expect_refused("it is missing and its log is there");
}

TEST_F(opening, a_file_that_was_cut_is_refused_and_never_crashes) {
    make();
    const std::string whole = content();
    for (std::size_t size = 1; size < whole.size(); size += 1 + whole.size() / 60) {
        write(std::string_view(whole).substr(0, size));
        expect_refused("is damaged");
    }
    write(whole);
    EXPECT_TRUE(open());
}

TEST_F(opening, bytes_that_were_flipped_are_refused_or_read_and_never_crash) {
    make();
    const std::string whole = content();
    std::mt19937 random(11);
    int refused = 0;
    for (int i = 0; i < 150; ++i) {
        std::string damaged = whole;
        // Where the pages begin their structure lies, elsewhere mostly bodies.
        for (int k = 0; k < 3; ++k) {
            const std::size_t page = random() % (whole.size() / 8'192) * 8'192;
            damaged[page + random() % (k == 0 ? 16 : 8'192)] ^= static_cast<char>(1 + random() % 255);
        }
        write(damaged);
        const auto checked = check_journal(options());
        auto opened = open();
        EXPECT_TRUE(checked || !opened) << "refused by the check alone";
        if (!opened) {
            ++refused;
            EXPECT_TRUE(opened.error().text.starts_with("the journal " + path_)) << opened.error().text;
            continue;
        }
        for (const std::string& name : (*opened)->names()) {
            awaited<reception> r(home_);
            r.max = 1'000;
            (*opened)->find(name)->receive(r);
            r.wait_home();
        }
        awaited<dead_request> letters(home_);
        (*opened)->dead_letters(letters);
        letters.wait_home();
        (*opened)->stop();
    }
    EXPECT_GT(refused, 50);
}

// What docs/formats/journal.md says, read with nothing but SQLite.
TEST_F(opening, the_file_is_as_its_document_says) {
    make(7);
    EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
    EXPECT_TRUE(std::filesystem::exists(path_ + ".lock"));
    EXPECT_GE(std::filesystem::file_size(path_ + ".reserve"), 256U << 10);
    sqlite_database database;
    ASSERT_EQ(database.open(path_, false), 0);
    EXPECT_EQ(database.ask("PRAGMA application_id"), 0x46726a6c);
    EXPECT_EQ(database.ask("PRAGMA user_version"), 3);
    EXPECT_EQ(database.ask_text("PRAGMA journal_mode"), "wal");
    EXPECT_EQ(database.ask_text("SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE type = 'table' "
                                "AND name NOT LIKE 'sqlite%' ORDER BY name)"),
              "about,accepted,dead,message,queue,result,suspect");
    EXPECT_EQ(database.ask("PRAGMA page_size"), 8'192);
    EXPECT_EQ(database.ask("PRAGMA auto_vacuum"), 0);
    EXPECT_EQ(database.ask("SELECT length(value) FROM about WHERE name = 'tag'"), 5);
    EXPECT_EQ(database.ask("SELECT number FROM queue WHERE name = 'thumbs'"), 1);
    EXPECT_EQ(database.ask("SELECT length FROM queue"), 2);
    EXPECT_EQ(database.ask("SELECT next FROM queue"), 8);
    EXPECT_EQ(database.ask("SELECT mark FROM queue"), 0);
    EXPECT_EQ(database.ask("SELECT min(place) FROM message"), (std::int64_t{1} << 44) + 6);
    EXPECT_EQ(database.ask("SELECT length(body) FROM message WHERE place = (1 << 44) + 7"), 600);
    EXPECT_EQ(
        database.ask(
            "SELECT sum(length(id) + ifnull(length(key), 0) + length(body)) = (SELECT bytes FROM queue) FROM message"),
        1);
    EXPECT_EQ(database.ask_text("SELECT id FROM message ORDER BY place LIMIT 1"),
              database.ask_text("SELECT value FROM about WHERE name = 'tag'") + "-1-6");
    EXPECT_EQ(
        database.ask("SELECT count(*) FROM dead WHERE reason = 'no' AND attempt = 1 AND handed = 1 AND queue = 1"), 5);
    EXPECT_EQ(database.ask("SELECT sum FROM message WHERE place = (1 << 44) + 7"), [&] {
        message m;
        m.id = database.ask_text("SELECT id FROM message WHERE place = (1 << 44) + 7");
        m.body = make_body(6);
        m.time = from_ms_since_1970(database.ask("SELECT time FROM message WHERE place = (1 << 44) + 7"));
        return journal_format::sum_of(m, {});
    }());
    EXPECT_EQ(database.ask("SELECT count(*) FROM about WHERE name IN ('opened', 'closed') AND value = '1'"), 2);
    EXPECT_FALSE(std::filesystem::exists(path_ + ".mark"));
    EXPECT_EQ(journal_format::encode({{"a", "bc"}}), std::string("\1\0\0\0a\2\0\0\0bc", 11));
}

}  // namespace freshet::test
