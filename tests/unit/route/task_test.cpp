#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "call/call.hpp"
#include "call/client.hpp"
#include "call/step.hpp"
#include "protocol/ask.hpp"
#include "protocol/render.hpp"
#include "protocol/reply.hpp"
#include "protocol/request_parser.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "route/queue_source.hpp"
#include "route/task.hpp"
#include "shard/output.hpp"
#include "shard/shard.hpp"
#include "support/hand_queue.hpp"

#include <gtest/gtest.h>

#include <list>

namespace freshet::test {
namespace {

/// Finds a queue by the first letter behind the prefix: s(low) or q(uick).
class two_queues final : public queue_source {
public:
    two_queues(queue& slow, queue& quick) : slow_(slow), quick_(quick) {}
    queue_ptr find(std::string_view& rest, bool, failure&) override {
        queue& found = rest.starts_with('s') ? slow_ : quick_;
        rest.remove_prefix(1);
        return &found;
    }

private:
    queue& slow_;
    queue& quick_;
};

queue_options confirm_within(milliseconds t) {
    queue_options o;
    o.confirm_within = t;
    return o;
}

/// Keys are "t:q" and "t:s". Each command is a call of its own, and `told` what its client reads.
class task : public testing::Test, public step {
protected:
    struct asked {
        client_call c;
        std::string command;
        std::string told{"nothing yet"};
    };

    bool on_reply(call& c) override {
        for (asked& a : calls) {
            if (&a.c != &c) continue;
            output out;
            render(c.request, *c.form, c.reply, out);
            a.told = out.text().view();
        }
        return true;
    }
    const std::string& ask(std::string command) {
        asked& a = calls.emplace_back();
        a.command = std::move(command) + "\r\n";
        std::string_view rest = a.command;
        request_parser parser(1'024);
        EXPECT_EQ(parser.next(rest, a.c.request, a.c.wanted), request_parser::status::call) << a.command;
        a.c.home = &home;
        a.c.client = &client;
        a.c.now = now;
        a.c.reply.reset();
        a.c.push(*this);
        if (tasks.submit(a.c)) a.c.complete();
        return a.told;
    }
    void after(milliseconds t) {
        now += t;
        tasks.tick(now);
    }

    shard home{"home"};
    steady::time_point now{};
    hand_queue quick{"quick", confirm_within(milliseconds(300))};
    hand_queue slow{"slow", confirm_within(milliseconds(60'000))};
    client_slots client;
    std::list<asked> calls;
    task_store tasks{home, 2, std::make_unique<two_queues>(slow, quick), {}};
};

constexpr auto done = settlement::outcome::done;

TEST_F(task, set_is_answered_when_the_queue_has_confirmed) {
    const auto& told = ask("set t:q 7 60 5\r\nhello");
    EXPECT_EQ(told, "nothing yet");
    ASSERT_EQ(quick.published.size(), 1U);
    EXPECT_EQ(quick.published[0]->message.body, "hello");
    EXPECT_EQ(quick.published[0]->message.flags, 7U);
    EXPECT_EQ(quick.published[0]->message.expires, wall::time_point{});  // exptime says nothing unless expire = true
    quick.answer_publication(publication::outcome::confirmed);
    EXPECT_EQ(told, "STORED\r\n");
}

TEST_F(task, add_with_an_id_is_refused_a_second_time) {
    const auto& told = ask("add t:q#4711 0 0 1\r\nx");
    EXPECT_TRUE(quick.published[0]->unique);
    EXPECT_EQ(quick.published[0]->message.id, "4711");
    quick.answer_publication(publication::outcome::duplicate);
    EXPECT_EQ(told, "NOT_STORED\r\n");
    EXPECT_EQ(ask("add t:q 0 0 1\r\nx"), "CLIENT_ERROR add needs an id: add KEY#id\r\n");
}

TEST_F(task, failed_publication_says_what_failed) {
    const auto& told = ask("set t:q 0 0 1\r\nx");
    quick.answer_publication(publication::outcome::failed, {errc::queue_full, effect::not_done, quick.label()});
    EXPECT_EQ(told, "SERVER_ERROR queue quick is full (length_max), not_done\r\n");
    EXPECT_FALSE(calls.back().c.reply.close);
}

TEST_F(task, failure_can_be_told_when_its_queue_has_gone) {
    std::string label = "queue of a name that is long enough to lie elsewhere";
    ask("set t:q 0 0 1\r\nx");
    quick.answer_publication(publication::outcome::failed, {errc::queue_full, effect::not_done, label});
    label.assign(label.size(), 'x');
    EXPECT_EQ(calls.back().c.reply.why.subject, "queue of a name that is long enough to lie elsewhere");
}

TEST_F(task, queue_is_held_for_as_long_as_something_of_it_is_under_way_or_open) {
    ask("set t:q 0 0 1\r\nx");
    EXPECT_EQ(quick.holders, 1);
    quick.answer_publication(publication::outcome::confirmed);
    EXPECT_EQ(quick.holders, 0);
    ask("get t:q");
    EXPECT_EQ(quick.holders, 1);
    quick.answer_reception(0);
    EXPECT_EQ(quick.holders, 0);
    ask("get t:q/open");
    quick.answer_reception(5, "x");
    EXPECT_EQ(quick.holders, 1) << "the client has it open";
    ask("get t:q/close");
    quick.answer_settlement(done);
    EXPECT_EQ(quick.holders, 0);
    ask("delete t:q/7");
    quick.answer_settlement(settlement::outcome::unknown);
    EXPECT_EQ(quick.holders, 0);
    ask("set t:s 0 0 1\r\nx");
    after(milliseconds(60'001));
    EXPECT_EQ(slow.holders, 1) << "it is on its way, though its client was told that it is late";
    slow.answer_publication(publication::outcome::confirmed);
    EXPECT_EQ(slow.holders, 0);
}

TEST_F(task, publication_not_confirmed_in_time_is_maybe_done) {
    const auto& told = ask("set t:q 0 0 1\r\nx");
    after(milliseconds(299));
    EXPECT_EQ(told, "nothing yet");
    after(milliseconds(2));
    EXPECT_EQ(told, "SERVER_ERROR queue quick did not answer in time, maybe_done\r\n");
    quick.answer_publication(publication::outcome::confirmed);
    EXPECT_EQ(told, "SERVER_ERROR queue quick did not answer in time, maybe_done\r\n");
}

TEST_F(task, publication_of_a_client_that_has_left_is_made_all_the_same) {
    const auto& told = ask("set t:q 0 0 1\r\nx");
    calls.back().c.abandon();
    EXPECT_EQ(told, "nothing yet");
    ASSERT_EQ(quick.published.size(), 1U);
    quick.answer_publication(publication::outcome::confirmed);
    EXPECT_EQ(told, "STORED\r\n");
}

TEST_F(task, late_publication_does_not_wait_behind_one_of_a_patient_queue) {
    const auto& patient = ask("set t:s 0 0 1\r\nx");
    const auto& told = ask("set t:q 0 0 1\r\nx");
    after(milliseconds(301));
    EXPECT_EQ(told, "SERVER_ERROR queue quick did not answer in time, maybe_done\r\n");
    EXPECT_EQ(patient, "nothing yet");
    slow.answer_publication(publication::outcome::confirmed);
    EXPECT_EQ(patient, "STORED\r\n");
    quick.answer_publication(publication::outcome::confirmed);
}

TEST_F(task, lost_noreply_closes_the_connection) {
    EXPECT_EQ(ask("set t:q 0 0 1 noreply\r\nx"), "nothing yet");
    quick.answer_publication(publication::outcome::failed, {errc::disk_full, effect::not_done, quick.label()});
    EXPECT_EQ(calls.back().told, "");
    EXPECT_TRUE(calls.back().c.reply.close);
}

TEST_F(task, plain_get_takes_and_acknowledges) {
    const auto& told = ask("get t:q");
    EXPECT_TRUE(quick.receptions[0]->settle_at_once);
    EXPECT_EQ(quick.receptions[0]->wait, milliseconds(0));
    quick.answer_reception(7, "body");
    EXPECT_EQ(told, "VALUE t:q 5 4\r\nbody\r\nEND\r\n");
    EXPECT_TRUE(client.of<client_deliveries>().open.empty());
    const auto& none = ask("get t:q/t=500");
    EXPECT_EQ(quick.receptions[0]->wait, milliseconds(500));
    quick.answer_reception(0);
    EXPECT_EQ(none, "END\r\n");
    const auto& failed = ask("get t:q");
    quick.fail_reception({errc::stopping, effect::not_done, quick.label()});
    EXPECT_EQ(failed, "SERVER_ERROR queue quick is being stopped, not_done\r\n");
}

TEST_F(task, get_is_answered_when_its_queue_says_so_and_has_no_deadline_of_its_own) {
    const auto& plain = ask("get t:q");
    const auto& opened = ask("get t:q/open/t=10");
    after(std::chrono::hours(1));
    EXPECT_EQ(plain, "nothing yet");
    EXPECT_EQ(opened, "nothing yet");
    quick.answer_reception(0);
    quick.answer_reception(0);
    EXPECT_EQ(plain, "END\r\n");
    EXPECT_EQ(opened, "END\r\n");
}

TEST_F(task, opened_ones_are_closed_oldest_first) {
    for (const std::uint64_t number : {7U, 8U}) {
        const auto& told = ask("gets t:q/open");
        EXPECT_FALSE(quick.receptions[0]->settle_at_once);
        quick.answer_reception(number, "x");
        EXPECT_EQ(told, "VALUE t:q/open 5 1 " + std::to_string(number) + "\r\nx\r\nEND\r\n");
    }
    for (const std::uint64_t number : {7U, 8U}) {
        const auto& told = ask("get t:q/close");
        EXPECT_EQ(quick.settlements[0]->number, number);
        EXPECT_EQ(quick.settlements[0]->action, settlement::action::ack);
        quick.answer_settlement(done);
        EXPECT_EQ(told, "END\r\n");
    }
    EXPECT_EQ(ask("get t:q/close"), "END\r\n");  // none open
    EXPECT_TRUE(quick.settlements.empty());
}

TEST_F(task, close_that_failed_can_be_asked_again) {
    ask("get t:q/open");
    quick.answer_reception(7, "x");
    const auto& failed = ask("get t:q/close");
    quick.answer_settlement(settlement::outcome::failed, {errc::disk_full, effect::not_done, quick.label()});
    EXPECT_EQ(failed, "SERVER_ERROR queue quick has no room on its disk, not_done\r\n");
    const auto& again = ask("get t:q/close");
    ASSERT_EQ(quick.settlements.size(), 1U);
    EXPECT_EQ(quick.settlements[0]->number, 7U);
    quick.answer_settlement(done);
    EXPECT_EQ(again, "END\r\n");
}

TEST_F(task, publication_that_was_never_answered_ends_with_the_store) {
    ask("set t:q 0 0 1\r\nx");
    EXPECT_EQ(quick.published.size(), 1U);
}

TEST_F(task, close_open_takes_the_next_behind_the_acknowledgement) {
    ask("get t:q/open");
    quick.answer_reception(7, "x");
    const auto& told = ask("get t:q/close/open");
    EXPECT_TRUE(quick.receptions.empty());
    quick.answer_settlement(done);
    quick.answer_reception(8, "next");
    EXPECT_EQ(told, "VALUE t:q/close/open 5 4\r\nnext\r\nEND\r\n");
    ASSERT_EQ(client.of<client_deliveries>().open.size(), 1U);
    EXPECT_EQ(client.of<client_deliveries>().open[0].number, 8U);
}

TEST_F(task, what_settles_waits_for_what_its_client_opened_before) {
    ask("get t:q/open");
    const auto& closed = ask("get t:q/close/open");
    const auto& removed = ask("delete t:q/8");
    const auto& behind = ask("get t:q/open");
    EXPECT_TRUE(quick.settlements.empty());
    ASSERT_EQ(quick.receptions.size(), 1U);
    quick.answer_reception(7, "x");
    ASSERT_EQ(quick.settlements.size(), 1U);
    EXPECT_EQ(quick.settlements[0]->number, 7U);
    quick.answer_settlement(done);
    EXPECT_TRUE(quick.settlements.empty());
    quick.answer_reception(8, "next");
    EXPECT_EQ(closed, "VALUE t:q/close/open 5 4\r\nnext\r\nEND\r\n");
    ASSERT_EQ(quick.settlements.size(), 1U);
    EXPECT_EQ(quick.settlements[0]->number, 8U);
    quick.answer_settlement(done);
    EXPECT_EQ(removed, "DELETED\r\n");
    quick.answer_reception(9, "last");
    EXPECT_EQ(behind, "VALUE t:q/open 5 4\r\nlast\r\nEND\r\n");
}

TEST_F(task, what_is_known_by_its_number_is_settled_while_more_is_opened) {
    ask("get t:q/open");
    quick.answer_reception(7, "x");
    ask("get t:q/open");
    const auto& removed = ask("delete t:q/7");
    ask("get t:q/open");
    ASSERT_EQ(quick.settlements.size(), 1U);
    EXPECT_EQ(quick.settlements[0]->number, 7U);
    EXPECT_EQ(quick.receptions.size(), 2U);
    EXPECT_TRUE(client.of<client_deliveries>().held.empty());
    quick.answer_settlement(done);
    EXPECT_EQ(removed, "DELETED\r\n");
}

TEST_F(task, nothing_overtakes_what_waits_not_even_what_is_known_by_its_number) {
    ask("get t:q/open");
    quick.answer_reception(7, "x");
    ask("get t:q/open");
    const auto& closed = ask("get t:q/close");
    const auto& removed = ask("delete t:q/7");
    EXPECT_TRUE(quick.settlements.empty());
    quick.answer_reception(8, "y");
    ASSERT_EQ(quick.settlements.size(), 2U);
    quick.answer_settlement(done);
    quick.answer_settlement(settlement::outcome::unknown);
    EXPECT_EQ(closed, "END\r\n");
    EXPECT_EQ(removed, "NOT_FOUND\r\n");
}

TEST_F(task, noreply_that_is_refused_is_lost_too) {
    for (const char* command :
         {"set t:q/bad 0 0 1 noreply\r\nx", "append t:q 0 0 1 noreply\r\nx", "set t:q 0 0 2000 noreply\r\n"}) {
        ask(command);
        EXPECT_TRUE(calls.back().c.reply.close) << command;
    }
}

TEST_F(task, abort_gives_back_and_delete_acknowledges_by_number) {
    ask("get t:q/open");
    quick.answer_reception(7, "x");
    ask("get t:q/abort");
    EXPECT_EQ(quick.settlements[0]->action, settlement::action::retry);
    quick.answer_settlement(done);
    const auto& known = ask("delete t:q/9");
    quick.answer_settlement(done);
    EXPECT_EQ(known, "DELETED\r\n");
    const auto& unknown = ask("delete t:q/9");
    quick.answer_settlement(settlement::outcome::unknown);
    EXPECT_EQ(unknown, "NOT_FOUND\r\n");
}

TEST_F(task, reception_ends_when_its_client_has_left_and_what_came_goes_back) {
    ask("get t:q/open/t=60000");
    EXPECT_EQ(quick.cancelled, 0);
    calls.back().c.abandon();
    calls.back().c.abandon();
    EXPECT_EQ(quick.cancelled, 1);
    EXPECT_EQ(calls.back().told, "nothing yet");  // the reception is lent
    quick.answer_reception(7, "came all the same");
    ASSERT_EQ(quick.settlements.size(), 1U);
    EXPECT_EQ(quick.settlements[0]->action, settlement::action::release);
    EXPECT_EQ(quick.settlements[0]->number, 7U);
    quick.answer_settlement(done);
    EXPECT_TRUE(client.of<client_deliveries>().open.empty());
}

TEST_F(task, what_came_all_the_same_for_a_plain_get_goes_back_too) {
    ask("get t:q/t=60000");
    calls.back().c.abandon();
    EXPECT_EQ(quick.cancelled, 1);
    quick.answer_reception(7, "came all the same");  // and was acknowledged as it was handed out
    EXPECT_TRUE(quick.settlements.empty());
    ASSERT_EQ(quick.published.size(), 1U);
    EXPECT_EQ(quick.published[0]->message.body, "came all the same");
    quick.answer_publication(publication::outcome::confirmed);
}

TEST_F(task, what_comes_while_its_client_sends_its_last_goes_back) {
    const auto& plain = ask("get t:q/t=60000");
    const auto& open = ask("gets t:q/open/t=60000");
    for (auto& one : calls) one.c.client_sent_last();
    quick.answer_reception(7, "one");
    quick.answer_reception(8, "two");
    EXPECT_EQ(plain, "END\r\n");
    EXPECT_EQ(open, "END\r\n");
    ASSERT_EQ(quick.published.size(), 1U);
    EXPECT_EQ(quick.published[0]->message.body, "one");
    quick.answer_publication(publication::outcome::confirmed);
    ASSERT_EQ(quick.settlements.size(), 1U);
    EXPECT_EQ(quick.settlements[0]->action, settlement::action::release);
    quick.answer_settlement(done);
}

TEST_F(task, what_goes_back_keeps_its_headers_and_leaves_them_to_no_other) {
    ask("get t:q/t=60000");
    calls.back().c.abandon();
    delivery& d = quick.receptions[0]->deliveries.emplace_back();
    d.number = 7;
    d.message.headers.emplace_back("name", "value");
    quick.answer_reception(0);
    ASSERT_EQ(quick.published.size(), 1U);
    EXPECT_EQ(quick.published[0]->message.headers.size(), 1U);
    quick.answer_publication(publication::outcome::confirmed);
    ask("set t:q 0 0 1\r\nx");
    ASSERT_EQ(quick.published.size(), 1U);
    EXPECT_TRUE(quick.published[0]->message.headers.empty());
    quick.answer_publication(publication::outcome::confirmed);
}

TEST_F(task, what_waits_for_a_message_ends_when_its_client_has_sent_its_last) {
    ask("get t:q/t=60000");
    ask("get t:q");
    for (auto& one : calls) one.c.client_sent_last();
    EXPECT_EQ(quick.cancelled, 1);  // the other does not wait
    client.sent_last = true;
    ask("get t:q/t=60000");
    EXPECT_EQ(quick.receptions.back()->wait, milliseconds(0));
    while (!quick.receptions.empty()) quick.answer_reception(0);
}

TEST_F(task, what_only_its_client_can_settle_goes_back_with_it) {
    ask("get t:q/open");
    quick.answer_reception(7, "x");
    client.client_left();
    ASSERT_EQ(quick.settlements.size(), 1U);
    EXPECT_EQ(quick.settlements[0]->action, settlement::action::retry);
    EXPECT_EQ(quick.settlements[0]->number, 7U);
    quick.answer_settlement(done);
}

TEST_F(task, what_is_open_stays_so_when_its_client_has_left) {
    ask("gets t:q/open");
    quick.answer_reception(7, "x");
    client.client_left();
    { const client_slots gone = std::exchange(client, {}); }
    EXPECT_TRUE(quick.settlements.empty());
    const auto& told = ask("delete t:q/7");  // of another connection
    quick.answer_settlement(done);
    EXPECT_EQ(told, "DELETED\r\n");
}

TEST_F(task, what_is_held_for_a_client_that_has_left_is_let_go) {
    ask("get t:q/open");
    const auto& first = ask("get t:q/close");
    const auto& second = ask("get t:q/close");
    std::next(calls.begin(), 1)->c.abandon();
    EXPECT_EQ(first, "END\r\n");
    EXPECT_EQ(second, "nothing yet");
    std::next(calls.begin(), 2)->c.abandon();
    EXPECT_EQ(second, "END\r\n");
    calls.front().c.abandon();
    quick.answer_reception(7, "x");
    ASSERT_EQ(quick.settlements.size(), 1U);
    EXPECT_EQ(quick.settlements[0]->action, settlement::action::release);
    quick.answer_settlement(done);
}

TEST_F(task, nothing_more_is_taken_behind_a_close_whose_client_has_left) {
    ask("get t:q/open");
    quick.answer_reception(7, "x");
    const auto& told = ask("get t:q/close/open");
    calls.back().c.abandon();
    quick.answer_settlement(done);
    EXPECT_TRUE(quick.receptions.empty());
    EXPECT_EQ(told, "END\r\n");
    EXPECT_EQ(client.of<client_deliveries>().opening, 0U);
}

TEST_F(task, mg_without_v_looks_and_takes_nothing) {
    const std::string& nothing = ask("mg t:q");
    ASSERT_EQ(quick.receptions.size(), 1U);
    EXPECT_EQ(quick.receptions[0]->max, 0U);
    quick.answer_reception(0);
    EXPECT_EQ(nothing, "EN\r\n");
    quick.waiting = 1;
    const std::string& something = ask("mg t:q");
    quick.answer_reception(0);
    EXPECT_EQ(something, "HD\r\n");
}

TEST_F(task, what_a_queue_does_not_know_is_refused) {
    for (const auto* command :
         {"incr t:q 1", "touch t:q 1", "append t:q 0 0 1\r\nx", "cas t:q 0 0 1 7\r\nx", "get t:q/wrong", "get t:q#id",
          "get t:q/9", "set t:q/open 0 0 1\r\nx", "delete t:q", "mg t:q/close/abort"}) {
        EXPECT_TRUE(ask(command).starts_with("CLIENT_ERROR ")) << command;
    }
    EXPECT_EQ(ask("set t:q 0 0 2000"), "SERVER_ERROR object too large for cache\r\n");
}

}  // namespace
}  // namespace freshet::test
