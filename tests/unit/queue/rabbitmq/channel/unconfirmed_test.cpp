#include "queue/rabbitmq/channel/unconfirmed.hpp"

#include "support/silent_owner.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

namespace freshet::test {
namespace {

struct one final : publication {
    void finish() override {}
};

/// Remembers what was told, as "2 confirmed" or "3 unroutable", in order.
class remembering_owner final : public silent_owner {
public:
    void published(publication& p) override {
        const bool confirmed = p.outcome == publication::outcome::confirmed;
        said +=
            (said.empty() ? "" : ", ") + p.message.id + " " + (confirmed ? std::string("confirmed") : in_words(p.why));
    }
    std::string take() { return std::exchange(said, {}); }

    std::string said;

private:
    static std::string in_words(const failure& why) {
        return std::string(explain(why.code)) + (why.effect == effect::maybe_done ? "?" : "");
    }
};

class unconfirmed : public testing::Test {
protected:
    /// They are named 1, 2, ..., as the channel counts them.
    void send(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            one& p = publications[sent++];
            p.message.id = std::to_string(sent);
            of.add(p, lane::work, {}, serial_base + sent, at(sent));
        }
    }
    static steady::time_point at(std::size_t second) { return steady::time_point(seconds(second)); }
    std::string sent_again() {
        std::string ids;
        of.send_again([&](const rabbitmq_unconfirmed::record& r) {
            const bool fits = r.who->message.id != too_large;
            if (fits) ids += r.who->message.id;
            return fits;
        });
        return ids;
    }

    static constexpr std::uint64_t serial_base = 100;
    std::string too_large;  ///< for the connection that there is now
    remembering_owner owner;
    rabbitmq_unconfirmed of{owner};
    std::array<one, 10> publications;
    std::size_t sent{0};
};

TEST_F(unconfirmed, a_confirm_is_of_one_or_of_all_up_to_it) {
    send(5);
    of.confirm(1, false, {});
    EXPECT_EQ(owner.take(), "1 confirmed");
    of.confirm(4, true, {});
    EXPECT_EQ(owner.take(), "2 confirmed, 3 confirmed, 4 confirmed");
    EXPECT_FALSE(of.empty());
    of.confirm(5, false, {});
    EXPECT_TRUE(of.empty());
}

TEST_F(unconfirmed, what_cannot_be_sent_again_is_told_and_not_counted) {
    send(3);
    too_large = "2";
    EXPECT_EQ(sent_again(), "13");
    EXPECT_EQ(owner.take(), "2 takes no message as large as that?");
    of.confirm(2, false, {});
    EXPECT_EQ(owner.take(), "3 confirmed");
}

TEST_F(unconfirmed, what_is_refused_by_one_queue_of_an_exchange_may_be_in_another) {
    send(1);
    of.confirm(1, false, errc::broker_refused);
    const std::string of_one_queue = owner.take();
    rabbitmq_unconfirmed to_many(owner, effect::maybe_done);
    to_many.add(publications[0], lane::work, {}, serial_base, at(0));
    to_many.confirm(1, false, errc::broker_refused);
    EXPECT_EQ(owner.take(), of_one_queue + "?");
}

TEST_F(unconfirmed, a_confirm_out_of_turn_is_told_at_once_and_once) {
    send(3);
    of.confirm(2, false, {});
    EXPECT_EQ(owner.take(), "2 confirmed");
    of.confirm(2, false, {});
    of.confirm(3, true, {});
    EXPECT_EQ(owner.take(), "1 confirmed, 3 confirmed");
    EXPECT_TRUE(of.empty());
}

TEST_F(unconfirmed, a_confirm_of_what_was_never_sent_says_nothing) {
    send(2);
    for (const std::uint64_t tag : {0U, 3U, 1'000U}) of.confirm(tag, true, {});
    EXPECT_EQ(owner.take(), "");
    of.confirm(2, true, {});
    of.confirm(1, true, {});
    EXPECT_EQ(owner.take(), "1 confirmed, 2 confirmed");
}

TEST_F(unconfirmed, what_was_refused_fails_with_the_reason_and_was_not_done) {
    send(2);
    of.confirm(2, true, errc::queue_full);
    const std::string full(explain(errc::queue_full));
    EXPECT_EQ(owner.take(), "1 " + full + ", 2 " + full);
}

TEST_F(unconfirmed, what_was_returned_is_unroutable_once_it_is_confirmed) {
    send(3);
    of.returned(serial_base + 2);
    of.returned(serial_base + 77);
    EXPECT_EQ(owner.take(), "");
    of.confirm(3, true, {});
    EXPECT_EQ(owner.take(), "1 confirmed, 2 " + std::string(explain(errc::unroutable)) + ", 3 confirmed");
}

TEST_F(unconfirmed, a_new_channel_counts_from_one_and_gets_what_was_not_told) {
    send(5);
    of.confirm(1, false, {});
    of.confirm(3, false, {});
    of.returned(serial_base + 4);
    EXPECT_EQ(sent_again(), "245");
    owner.take();
    of.confirm(1, false, {});
    EXPECT_EQ(owner.take(), "2 confirmed");
    of.confirm(3, true, {});  // that the fourth was returned was another channel's word
    EXPECT_EQ(owner.take(), "4 confirmed, 5 confirmed");
    EXPECT_EQ(sent_again(), "");
}

TEST_F(unconfirmed, all_that_fail_may_have_been_done_and_later_ones_are_counted_on) {
    send(3);
    of.confirm(2, false, {});
    owner.take();
    of.fail_all(errc::stopping);
    const std::string stopping = " " + std::string(explain(errc::stopping)) + "?";
    EXPECT_EQ(owner.take(), "1" + stopping + ", 3" + stopping);
    EXPECT_TRUE(of.empty());
    send(1);
    of.confirm(4, false, {});
    EXPECT_EQ(owner.take(), "4 confirmed");
}

TEST_F(unconfirmed, those_that_wait_too_long_are_timed_out_in_their_order) {
    send(4);
    of.confirm(1, false, {});
    of.confirm(3, false, {});
    owner.take();
    EXPECT_FALSE(of.time_out(at(1)));
    EXPECT_EQ(owner.take(), "");
    EXPECT_TRUE(of.time_out(at(3)));
    EXPECT_FALSE(of.time_out(at(3)));
    EXPECT_EQ(owner.take(), "2 " + std::string(explain(errc::timed_out)) + "?");
    EXPECT_EQ(sent_again(), "4");
}

TEST_F(unconfirmed, the_channel_goes_on_counting_what_was_timed_out) {
    send(3);
    EXPECT_TRUE(of.time_out(at(2)));
    EXPECT_FALSE(of.empty());
    owner.take();
    of.confirm(1, false, {});
    of.confirm(3, true, {});
    EXPECT_EQ(owner.take(), "3 confirmed");
    EXPECT_TRUE(of.empty());
    send(1);
    of.confirm(4, false, {});
    EXPECT_EQ(owner.take(), "4 confirmed");
}

TEST_F(unconfirmed, nothing_is_open_once_all_were_timed_out) {
    send(2);
    EXPECT_TRUE(of.time_out(at(2)));
    EXPECT_TRUE(of.empty());
    owner.take();
    of.fail_all(errc::stopping);
    EXPECT_EQ(owner.take(), "");
}

TEST_F(unconfirmed, one_that_was_not_sent_is_not_counted) {
    send(2);
    of.drop_newest();
    EXPECT_EQ(sent_again(), "1");
    EXPECT_EQ(of.newest().sendings, 2U);
}

}  // namespace
}  // namespace freshet::test
