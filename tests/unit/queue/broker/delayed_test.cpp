#include "queue/broker/delayed.hpp"

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/hand_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet::test {
namespace {

constexpr std::size_t at_once = 256;
constexpr wall::time_point due_date{std::chrono::hours(500'000)};

class delayed : public testing::Test {
protected:
    ~delayed() override {
        for (publication* p : sent) told(p, publication::outcome::confirmed);
        while (!journal.settlements.empty()) journal.answer_settlement(settlement::outcome::done);
        later.stop();
    }

    /// These come from the journal: their time has come.
    void come_due(std::vector<message> messages) { journal.hand_out(std::move(messages)); }
    void told(publication* p, enum publication::outcome o, errc why = errc::busy) {
        p->outcome = o;
        p->why = {why, effect::not_done, {}};
        later.sent(*p);
    }
    publication* take_sent() {
        publication* const p = sent.front();
        sent.erase(sent.begin());
        return p;
    }
    static message with_body(std::string body) {
        message m;
        m.body = std::move(body);
        return m;
    }
    static std::string header(const message& m, std::string_view name) {
        for (const auto& [n, value] : m.headers) {
            if (n == name) return value;
        }
        return "none";
    }

    shard back{"back"};
    hand_queue journal{"thumbs/later"};
    std::vector<publication*> sent;
    int over{0};
    delayed_messages later{back, journal, 4, [this](publication& p) { sent.push_back(&p); }, [this] { ++over; }};
};

TEST_F(delayed, a_message_is_kept_with_what_a_journal_would_count_itself_in_headers) {
    message m = with_body("x");
    m.attempt = 3;
    m.not_before = due_date;
    m.expires = due_date + seconds(5);
    later.keep(m, [](const failure*) {});
    const message& kept = journal.published.front()->message;
    EXPECT_EQ(kept.not_before, due_date);
    EXPECT_EQ(kept.attempt, 0U);
    EXPECT_EQ(kept.expires, wall::time_point{});
    EXPECT_EQ(header(kept, "freshet-attempt"), "3");
    EXPECT_EQ(header(kept, "freshet-expires"), "1800000005000");
    journal.answer_publication(publication::outcome::confirmed);
}

TEST_F(delayed, who_gave_it_hears_whether_the_journal_has_it) {
    std::string heard;
    const auto tell = [&](const failure* why) { heard += why == nullptr ? "kept " : std::string(explain(why->code)); };
    later.keep(with_body("x"), tell);
    later.keep(with_body("y"), tell);
    EXPECT_FALSE(later.is_idle());
    journal.answer_publication(publication::outcome::confirmed);
    journal.answer_publication(publication::outcome::failed, {errc::disk_full, effect::not_done, {}});
    EXPECT_EQ(heard, "kept " + std::string(explain(errc::disk_full)));
    EXPECT_TRUE(later.is_idle());
}

TEST_F(delayed, what_was_kept_is_sent_as_it_was_given_once_its_time_has_come) {
    later.start();
    message m = with_body("x");
    m.headers = {{"n", "7"}, {"freshet-attempt", "3"}, {"freshet-expires", "1800000005000"}};
    m.not_before = due_date;
    come_due({std::move(m)});
    ASSERT_EQ(sent.size(), 1U);
    const message& one = sent.front()->message;
    EXPECT_EQ(one.attempt, 3U);
    EXPECT_EQ(one.expires, due_date + seconds(5));
    EXPECT_EQ(one.not_before, wall::time_point{});
    EXPECT_EQ(one.headers, (std::vector<std::pair<std::string, std::string>>{{"n", "7"}}));
    EXPECT_EQ(sent.front()->tag, 4U);
    EXPECT_EQ(over, 1);
}

TEST_F(delayed, the_journal_s_one_is_settled_when_the_broker_has_it) {
    later.start();
    come_due({with_body("x")});
    EXPECT_TRUE(later.any_due());
    EXPECT_TRUE(journal.settlements.empty());
    told(take_sent(), publication::outcome::confirmed);
    ASSERT_EQ(journal.settlements.size(), 1U);
    EXPECT_EQ(journal.settlements.front()->action, settlement::action::ack);
    EXPECT_EQ(journal.settlements.front()->number, 1U);
    EXPECT_FALSE(later.any_due());
}

TEST_F(delayed, the_next_are_asked_for_when_all_of_the_last_are_there) {
    later.start();
    EXPECT_EQ(journal.receptions.front()->max, at_once);
    EXPECT_EQ(journal.receptions.front()->wait, milliseconds::max());
    come_due({with_body("x"), with_body("y")});
    EXPECT_TRUE(journal.receptions.empty());
    told(take_sent(), publication::outcome::confirmed);
    EXPECT_TRUE(journal.receptions.empty());
    told(take_sent(), publication::outcome::confirmed);
    EXPECT_EQ(journal.receptions.size(), 1U);
}

TEST_F(delayed, what_the_broker_did_not_take_is_sent_again_and_stays_the_journal_s) {
    later.start();
    come_due({with_body("x")});
    publication* const x = take_sent();
    told(x, publication::outcome::failed);
    EXPECT_TRUE(later.any_unsent());
    EXPECT_FALSE(later.any_due());
    EXPECT_TRUE(journal.settlements.empty());
    EXPECT_EQ(journal.receptions.size(), 1U);  // it does not hold up others
    later.send_again();
    EXPECT_EQ(take_sent(), x);
    EXPECT_FALSE(later.any_unsent());
    told(x, publication::outcome::confirmed);
    EXPECT_EQ(journal.settlements.front()->action, settlement::action::ack);
}

TEST_F(delayed, what_the_broker_never_takes_is_a_dead_letter_of_the_journal) {
    later.start();
    come_due({with_body("x")});
    told(take_sent(), publication::outcome::failed, errc::message_too_large);
    ASSERT_EQ(journal.settlements.size(), 1U);
    EXPECT_EQ(journal.settlements.front()->action, settlement::action::dead);
    EXPECT_EQ(journal.settlements.front()->reason, explain(errc::message_too_large));
    EXPECT_FALSE(later.any_unsent());
}

TEST_F(delayed, when_too_many_were_not_taken_no_more_are_asked_for) {
    later.start();
    come_due(std::vector<message>(at_once));
    while (!sent.empty()) told(take_sent(), publication::outcome::failed);
    EXPECT_TRUE(journal.receptions.empty());
    later.send_again();
    told(take_sent(), publication::outcome::confirmed);
    while (!sent.empty()) told(take_sent(), publication::outcome::failed);
    EXPECT_EQ(journal.receptions.size(), 1U);
}

TEST_F(delayed, a_journal_that_cannot_be_read_is_not_asked_again) {
    later.start();
    journal.fail_reception({errc::journal_damaged, effect::not_done, {}});
    EXPECT_TRUE(journal.receptions.empty());
    EXPECT_TRUE(later.is_idle());
}

TEST_F(delayed, what_comes_while_it_is_stopped_stays_the_journal_s) {
    later.start();
    later.stop();
    EXPECT_EQ(journal.cancelled, 1);
    EXPECT_FALSE(later.is_idle());
    come_due({with_body("x")});
    EXPECT_TRUE(sent.empty());
    EXPECT_TRUE(journal.receptions.empty());
    EXPECT_TRUE(later.is_idle());
}

TEST_F(delayed, what_was_under_way_when_it_was_stopped_is_settled_and_no_more_is_asked_for) {
    later.start();
    come_due({with_body("x")});
    later.stop();
    told(take_sent(), publication::outcome::confirmed);
    EXPECT_FALSE(later.is_idle());
    journal.answer_settlement(settlement::outcome::done);
    EXPECT_TRUE(later.is_idle());
    EXPECT_TRUE(journal.receptions.empty());
}

}  // namespace
}  // namespace freshet::test
