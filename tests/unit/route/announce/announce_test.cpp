#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "call/client.hpp"
#include "protocol/render.hpp"
#include "protocol/request_parser.hpp"
#include "queue/operations.hpp"
#include "route/announce/announce_store.hpp"
#include "shard/output.hpp"
#include "shard/shard.hpp"
#include "store/memory/memory_store.hpp"
#include "support/hand_queue.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace freshet::test {
namespace {

/// A memory store that keeps calls until they are let go, while it is told to.
class slow_store final : public store {
public:
    explicit slow_store(store& behind) : behind_(behind) {}
    bool submit(call& c) override {
        const bool answered = behind_.submit(c);
        if (!slow) return answered;
        if (broken) c.reply.fail(errc::server_down, effect::not_done, "server a");
        kept.push_back(&c);
        return false;
    }
    void answer() {
        call* const c = kept.front();
        kept.pop_front();
        c->complete();
    }
    bool slow{false}, broken{false};
    std::deque<call*> kept;

private:
    store& behind_;
};

/// One command of a client, and what it was answered.
struct told_command final : client_call, step {
    bool on_reply(call& c) override {
        output out;
        render(c.request, wanted, c.reply, out);
        answer = std::string(out.text().view());
        return false;
    }
    std::string text, answer;  ///< empty: not yet
};

class announce : public testing::Test {
protected:
    announce() { make({.site = "fra"}); }
    void make(announce_options options) { subject.emplace(home, behind, changes, *clock, std::move(options)); }

    told_command& ask(std::string text) {
        told_command& c = commands.emplace_back();
        c.text = text + "\r\n";
        std::string_view rest = c.text;
        request_parser parser(std::size_t{1} << 20);
        EXPECT_EQ(parser.next(rest, c.request, c.wanted), request_parser::status::call);
        c.home = &home;
        c.client = &client;
        c.now = home.now() + later;
        c.keep_key();
        start(*subject, c, c);
        return c;
    }
    std::string answer(const std::string& text) { return ask(text).answer; }
    /// What the store has, without asking the subject.
    std::string held(const std::string& key) {
        call c;
        c.request.key = key;
        c.request.want_value = true;
        c.now = steady::now();
        EXPECT_TRUE(memory->submit(c));
        return c.reply.outcome != outcome::hit ? "none" : c.reply.stale ? "tombstone" : std::string(c.reply.data());
    }
    void confirm() { changes.answer_publication(publication::outcome::confirmed); }
    std::string header(std::string_view name) {
        for (const auto& [known_as, value] : changes.published.front()->message.headers) {
            if (known_as == name) return value;
        }
        return {};
    }
    void late() { subject->tick(home.now() + seconds(3'600)); }

    milliseconds later{0};
    temporary_folder folder;
    shard home{"home"};
    std::unique_ptr<memory_store> memory = make_memory_store({});
    slow_store behind{*memory};
    hand_queue changes{"changes"};
    std::unique_ptr<kept_clock> clock = *kept_clock::open(folder.file("clock"), 7);
    client_slots client;
    std::deque<told_command> commands;  // whatever is left of them is answered when the subject goes
    std::optional<announce_store> subject;
};

TEST_F(announce, a_set_is_told_before_it_is_there) {
    told_command& set = ask("set k 5 0 1\r\nx");
    EXPECT_EQ(set.answer, "");
    EXPECT_EQ(held("k"), "none");
    EXPECT_EQ(header("freshet-change"), "set");
    EXPECT_EQ(changes.published.front()->message.body, "x");
    EXPECT_EQ(changes.published.front()->message.key, "k");
    confirm();
    EXPECT_EQ(set.answer, "STORED\r\n");
    EXPECT_EQ(held("k"), "x");
    EXPECT_EQ(home.memory().held_bytes(), 0U);
}

TEST_F(announce, what_cannot_be_told_is_not_done) {
    told_command& set = ask("set k 0 0 1\r\nx");
    changes.answer_publication(publication::outcome::failed, {errc::queue_full, effect::not_done, "queue changes"});
    EXPECT_EQ(set.answer, "SERVER_ERROR queue changes is full (length_max), not_done\r\n");
    EXPECT_EQ(held("k"), "none");
}

TEST_F(announce, what_is_late_goes_on) {
    told_command& set = ask("set k 0 0 1\r\nx");
    late();
    EXPECT_EQ(set.answer, "SERVER_ERROR queue changes did not answer in time, maybe_done\r\n");
    confirm();
    EXPECT_EQ(held("k"), "x");
}

TEST_F(announce, who_is_patient_is_answered_when_it_is_over) {
    make({.site = "fra", .patient = true});
    told_command& set = ask("set k 0 0 1\r\nx");
    late();
    EXPECT_EQ(set.answer, "");
    confirm();
    EXPECT_EQ(set.answer, "STORED\r\n");
}

TEST_F(announce, what_a_client_that_left_has_written_goes_on) {
    told_command& set = ask("set k 0 0 1\r\nx");
    set.abandon();
    EXPECT_NE(set.answer, "");
    confirm();
    EXPECT_EQ(held("k"), "x");
}

TEST_F(announce, a_conditional_command_is_told_as_what_it_came_to) {
    ask("set n 0 0 1\r\n5");
    confirm();
    told_command& incr = ask("incr n 3");
    EXPECT_EQ(held("n"), "8");
    EXPECT_EQ(incr.answer, "");
    EXPECT_EQ(header("freshet-change"), "set");
    EXPECT_EQ(changes.published.front()->message.body, "8");
    confirm();
    EXPECT_EQ(incr.answer, "8\r\n");
    told_command& append = ask("append n 0 0 1\r\n0");
    changes.answer_publication(publication::outcome::failed, {errc::unreachable, effect::not_done, "queue changes"});
    EXPECT_EQ(append.answer, "SERVER_ERROR queue changes is unreachable, maybe_done\r\n");
}

TEST_F(announce, what_comes_to_nothing_is_not_told) {
    EXPECT_EQ(answer("replace k 0 0 1\r\nx"), "NOT_STORED\r\n");
    EXPECT_EQ(answer("incr k 1"), "NOT_FOUND\r\n");
    EXPECT_EQ(answer("cas k 0 0 1 5\r\nx"), "NOT_FOUND\r\n");
    EXPECT_TRUE(changes.published.empty());
}

TEST_F(announce, a_delete_leaves_a_tombstone_that_reads_as_a_miss) {
    ask("set k 0 0 1\r\nx");
    confirm();
    told_command& remove = ask("delete k");
    EXPECT_EQ(header("freshet-change"), "delete");
    confirm();
    EXPECT_EQ(remove.answer, "DELETED\r\n");
    EXPECT_EQ(held("k"), "tombstone");
    EXPECT_EQ(answer("get k"), "END\r\n");
    EXPECT_EQ(answer("touch k 10"), "NOT_FOUND\r\n");
    told_command& again = ask("delete k");
    confirm();
    EXPECT_EQ(again.answer, "NOT_FOUND\r\n");
}

TEST_F(announce, a_connection_reads_what_it_has_written) {
    ask("set k 0 0 1\r\nx");
    told_command& get = ask("get k");
    told_command& incr = ask("add k 0 0 1\r\ny");
    told_command& other = ask("get other");
    EXPECT_EQ(get.answer, "");
    EXPECT_EQ(other.answer, "END\r\n");
    confirm();
    EXPECT_EQ(get.answer, "VALUE k 0 1\r\nx\r\nEND\r\n");
    EXPECT_EQ(incr.answer, "NOT_STORED\r\n");
}

TEST_F(announce, a_set_takes_its_version_behind_a_conditional_one) {
    told_command& add = ask("add k 0 0 1\r\nx");
    told_command& set = ask("set k 0 0 1\r\ny");
    EXPECT_EQ(changes.published.size(), 1U);
    confirm();
    EXPECT_EQ(add.answer, "STORED\r\n");
    confirm();
    EXPECT_EQ(set.answer, "STORED\r\n");
    EXPECT_EQ(held("k"), "y");
}

TEST_F(announce, sets_do_not_wait_for_one_another) {
    ask("set k 0 0 1\r\nx");
    ask("set k 0 0 1\r\ny");
    ASSERT_EQ(changes.published.size(), 2U);
    std::swap(changes.published[0], changes.published[1]);
    confirm();
    confirm();
    EXPECT_EQ(held("k"), "y");
}

TEST_F(announce, many_that_wait_for_one_another_are_answered_one_by_one) {
    ask("set k 0 0 1\r\nx");
    for (int i = 0; i < 50'000; ++i) ask("add k 0 0 1\r\ny");
    confirm();
    EXPECT_EQ(commands.back().answer, "NOT_STORED\r\n");
}

TEST_F(announce, a_store_that_fails_is_told_with_what_happened) {
    behind.slow = behind.broken = true;
    told_command& set = ask("set k 0 0 1\r\nx");
    behind.answer();
    EXPECT_EQ(set.answer, "SERVER_ERROR server a is down, not_done\r\n");
    EXPECT_TRUE(changes.published.empty());
    behind.broken = false;
    told_command& told = ask("set k 0 0 1\r\nx");
    behind.answer();
    behind.broken = true;
    confirm();
    behind.answer();
    EXPECT_EQ(told.answer, "SERVER_ERROR server a is down, maybe_done\r\n");
}

TEST_F(announce, a_read_that_waits_for_its_write_ends_in_time) {
    ask("set k 0 0 1\r\nx");
    told_command& get = ask("get k");
    late();
    EXPECT_EQ(get.answer, "END\r\n");
    confirm();
    EXPECT_EQ(answer("get k"), "VALUE k 0 1\r\nx\r\nEND\r\n");
}

TEST_F(announce, what_waits_for_a_late_write_has_its_own_time) {
    ask("set k 0 0 1 noreply\r\nx");
    later = milliseconds(100);
    told_command& add = ask("append k 0 0 1\r\ny");
    subject->tick(home.now() + changes.options().confirm_within);
    EXPECT_EQ(held("k"), "none");
    confirm();
    EXPECT_EQ(held("k"), "xy");
    confirm();
    EXPECT_EQ(add.answer, "STORED\r\n");
}

TEST_F(announce, what_waits_for_a_write_of_a_client_that_left_is_not_done) {
    told_command& set = ask("set k 0 0 1\r\nx");
    told_command& append = ask("append k 0 0 1\r\ny");
    told_command& another = ask("append k 0 0 1\r\nz");
    for (told_command* const c : {&set, &append, &another}) c->abandon();
    confirm();
    EXPECT_EQ(held("k"), "x");
    EXPECT_TRUE(changes.published.empty());
}

TEST_F(announce, a_set_without_a_version_is_waited_for) {
    behind.slow = true;
    ask("set k 0 0 1\r\nx");
    ask("set k 0 0 1\r\ny");
    ASSERT_EQ(behind.kept.size(), 1U);
    behind.answer();
    ASSERT_EQ(behind.kept.size(), 1U) << "it looks as soon as the other has its version";
    behind.answer();
    behind.slow = false;
    ASSERT_EQ(changes.published.size(), 2U);
    confirm();
    confirm();
    EXPECT_EQ(held("k"), "y");
}

TEST_F(announce, what_was_put_though_its_answer_was_lost_is_told) {
    ask("set n 0 0 1\r\n5");
    confirm();
    behind.slow = true;
    told_command& incr = ask("incr n 1");
    behind.answer();  // what it looked for
    behind.kept.front()->reply.fail(errc::connection_lost, effect::maybe_done, "server a");
    behind.answer();
    behind.answer();  // it looked again
    ASSERT_EQ(changes.published.size(), 1U);
    confirm();
    EXPECT_EQ(incr.answer, "6\r\n");
}

TEST_F(announce, what_may_have_been_written_over_is_not_done_twice) {
    ask("set n 0 0 1\r\n5");
    confirm();
    behind.slow = true;
    told_command& incr = ask("incr n 1");
    behind.answer();
    call other;
    other.request.command = command::store;
    other.request.key = "n";
    other.request.value = "7";
    other.now = steady::now();
    EXPECT_TRUE(memory->submit(other));
    behind.kept.front()->reply.fail(errc::connection_lost, effect::maybe_done, "server a");
    behind.answer();
    behind.answer();
    EXPECT_EQ(incr.answer, "SERVER_ERROR the store closed the connection, maybe_done\r\n");
    EXPECT_EQ(held("n"), "7");
}

TEST_F(announce, a_set_does_not_overtake_a_get_that_waits) {
    ask("set k 0 0 1\r\nx");
    told_command& get = ask("get k");
    ask("set k 0 0 1\r\ny");
    confirm();
    EXPECT_EQ(get.answer, "VALUE k 0 1\r\nx\r\nEND\r\n");
    confirm();
    EXPECT_EQ(held("k"), "y");
}

TEST_F(announce, a_counter_lives_no_longer_for_being_counted) {
    ask("set n 0 60 1\r\n0");
    confirm();
    for (int i = 0; i < 100; ++i) {
        ask("incr n 1");
        confirm();
    }
    const std::string shown = answer("mg n t v");
    EXPECT_TRUE(shown == "VA 3 t60\r\n100\r\n" || shown == "VA 3 t59\r\n100\r\n") << shown;
}

TEST_F(announce, a_version_that_is_years_ahead_is_written_over_and_moves_no_clock) {
    const auto now = wall::now();
    const version far = version_above(0, now + std::chrono::hours(365 * 24), 2);
    const struct {
        std::string command, answer, held;
    } cases[] = {{"set k 0 0 1\r\nx", "STORED\r\n", "x"},
                 {"append k 0 0 1\r\ny", "STORED\r\n", "fary"},
                 {"delete k", "DELETED\r\n", "tombstone"}};
    for (const auto& one : cases) {
        call c;
        c.request.command = command::store;
        c.request.key = "k";
        c.request.value = "far";
        c.request.assign = true;
        c.request.assign_cas = far;
        c.now = steady::now();
        ASSERT_TRUE(memory->submit(c));
        told_command& asked = ask(one.command);
        EXPECT_LT(std::stoull(header("freshet-version")), version_at(now + std::chrono::hours(1)));
        EXPECT_EQ(header("freshet-previous"), "");
        confirm();
        EXPECT_EQ(asked.answer, one.answer);
        EXPECT_EQ(held("k"), one.held);
    }
}

TEST_F(announce, what_is_too_large_leaves_nothing_older) {
    ask("set k 0 0 1\r\nx");
    confirm();
    told_command& set = ask("set k 0 0 1048570\r\n" + std::string(1'048'570, 'x'));
    EXPECT_EQ(header("freshet-change"), "delete");
    confirm();
    EXPECT_EQ(set.answer, "SERVER_ERROR object too large for cache\r\n");
    EXPECT_EQ(held("k"), "tombstone");
}

TEST_F(announce, ends_while_something_of_it_is_lent) {
    told_command& at_queue = ask("set a 0 0 1\r\nx");
    behind.slow = true;
    told_command& at_store = ask("set b 0 0 1\r\nx");
    told_command& waits = ask("get b");
    told_command& touches = ask("touch c 5");
    ask("get d");
    subject.reset();
    for (const told_command* c : {&at_queue, &at_store, &waits, &touches}) EXPECT_NE(c->answer, "");
    confirm();
    while (!behind.kept.empty()) behind.answer();
    EXPECT_EQ(home.memory().held_bytes(), 0U);
}

}  // namespace
}  // namespace freshet::test
