#include <freshet/time.hpp>

#include "admin/dead_letters.hpp"
#include "protocol/ask.hpp"
#include "queue/journal/journal.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "route/queue_source.hpp"
#include "shard/shard.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <string>
#include <vector>

namespace freshet {
namespace {

TEST(dead_letters, a_command_comes_back_from_its_line) {
    dead_command c;
    c.verb = dead_verb::replay;
    c.queue = "thumbs";
    c.numbers = {3, 18'446'744'073'709'551'615u};
    EXPECT_EQ(to_line(c), "replay thumbs 100 text 3 18446744073709551615");
    const auto back = parse_dead_command(to_line(c));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->verb, dead_verb::replay);
    EXPECT_EQ(back->queue, "thumbs");
    EXPECT_EQ(back->numbers, c.numbers);
    EXPECT_FALSE(back->json);

    const auto all = parse_dead_command("list * 7 json");
    ASSERT_TRUE(all);
    EXPECT_EQ(all->queue, "");
    EXPECT_EQ(all->max, 7u);
    EXPECT_TRUE(all->json);
}

TEST(dead_letters, other_lines_are_no_commands) {
    for (const auto* line : {"", " ", "list", "list *", "list * 1", "list * x text", "list * 1 xml", "show * 1 text",
                             "list  1 text", "list * -1 text", "drop q 1 text x", "drop q 1 text 1  2",
                             "drop q 1 text 18446744073709551616", "\r", "get a"}) {
        EXPECT_FALSE(parse_dead_command(line)) << line;
    }
}

/// Two journals with dead letters in them.
class dead_letters_of : public testing::Test {
protected:
    dead_letters_of() {
        std::string name = "/var/tmp/freshet-dead-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        shard_.start();
        for (const auto* file : {"/a.db", "/b.db"}) {
            auto opened = open_journal({.path = folder_ + file, .allow_tmpfs = true, .queues_max = 10, .defaults = {}});
            if (!opened) throw std::runtime_error(opened.error().text);
            journals_.push_back(*std::move(opened));
        }
    }
    ~dead_letters_of() override {
        for (const auto& j : journals_) j->stop();
        shard_.stop();
        journals_.clear();
        std::filesystem::remove_all(folder_);
    }

    template <class Operation>
    struct waited final : Operation {
        void finish() override { done.set_value(); }
        std::promise<void> done;
    };
    /// Lends an operation and waits until it is home.
    template <class Operation, class Lend>
    void run(waited<Operation>& o, Lend lend) {
        o.home = &shard_;
        lend(o);
        o.done.get_future().wait();
    }
    std::uint64_t dispose(journal& j, const std::string& name, const std::string& id, const std::string& reason) {
        queue& q = j.open(name, {});
        waited<publication> p;
        p.message.id = id;
        p.message.body = "body of " + id;
        run(p, [&](auto& o) { q.publish(o); });
        waited<reception> r;
        r.wait = milliseconds(5'000);
        run(r, [&](auto& o) { q.receive(o); });
        waited<settlement> s;
        s.action = settlement::action::dead;
        s.number = r.deliveries.at(0).number;
        s.reason = reason;
        run(s, [&](auto& o) { q.settle(o); });
        return s.number;
    }
    command_answer ask(dead_command c) {
        std::vector<journal*> all;
        for (const auto& j : journals_) all.push_back(j.get());
        std::promise<command_answer> told;
        shard_.run(
            [&] { answer_dead_command(shard_, all, c, [&told](command_answer a) { told.set_value(std::move(a)); }); });
        return told.get_future().get();
    }
    command_answer ask(std::string_view line) { return ask(*parse_dead_command(line)); }

    std::string folder_;
    shard shard_{"test"};
    std::vector<std::unique_ptr<journal>> journals_;
};

TEST_F(dead_letters_of, no_journal_are_none) {
    EXPECT_EQ(ask("list * 9 text").text, "no dead letters\n");
    EXPECT_EQ(ask("list * 9 json").text, "{\"count\": 0, \"letters\": [], \"outboxes\": []}\n");
    EXPECT_EQ(ask("replay * 9 text").text, "0 messages published again\n");
    const command_answer a = ask("list nothing 9 text");
    EXPECT_FALSE(a.done);
    EXPECT_EQ(a.text, "there is no queue 'nothing'; there is none yet\n");
}

TEST_F(dead_letters_of, all_journals_are_listed) {
    dispose(*journals_[0], "thumbs", "one", "HTTP 500\nsorry");
    dispose(*journals_[1], "mail", "two", "no such user");
    const command_answer table = ask("list * 9 text");
    EXPECT_TRUE(table.done);
    EXPECT_NE(table.text.find("thumbs"), std::string::npos) << table.text;
    EXPECT_NE(table.text.find("HTTP 500\\nsorry"), std::string::npos) << table.text;
    EXPECT_NE(table.text.find("'body of two'"), std::string::npos) << table.text;
    EXPECT_EQ(std::count(table.text.begin(), table.text.end(), '\n'), 3);
    const command_answer one = ask("list * 1 text");
    EXPECT_NE(one.text.find("1 of 2; --max shows more\n"), std::string::npos) << one.text;
    const command_answer json = ask("list mail 9 json");
    EXPECT_TRUE(json.text.starts_with("{\"count\": 1, \"letters\": [{\"queue\": \"mail\", \"number\": ")) << json.text;
    EXPECT_NE(json.text.find("\"reason\": \"no such user\""), std::string::npos);
    EXPECT_FALSE(ask("list none 9 text").done);
}

TEST_F(dead_letters_of, one_queue_are_replayed_and_dropped) {
    const auto first = dispose(*journals_[0], "thumbs", "one", "x");
    dispose(*journals_[0], "thumbs", "two", "x");
    dispose(*journals_[1], "mail", "three", "x");
    const command_answer some = ask("replay thumbs 9 text " + std::to_string(first) + " 4711");
    EXPECT_FALSE(some.done);
    EXPECT_EQ(some.text, "1 message published again; 1 of these numbers is no dead letter of thumbs\n");
    EXPECT_EQ(journals_[0]->find("thumbs")->length(), 1u);
    const command_answer rest = ask("drop thumbs 9 text");
    EXPECT_TRUE(rest.done);
    EXPECT_EQ(rest.text, "1 message dropped\n");
    EXPECT_EQ(ask("drop * 9 text").text, "1 message dropped\n");
    EXPECT_EQ(ask("list * 9 text").text, "no dead letters\n");
}

}  // namespace
}  // namespace freshet
