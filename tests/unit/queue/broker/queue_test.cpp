#include "queue/broker/queue.hpp"

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "config/broker_options.hpp"
#include "queue/broker/link.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/hand_queue.hpp"
#include "support/manual_clock.hpp"
#include "support/publish.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace freshet::test {
namespace {

/// Does what the test says, and remembers what it was asked. On the back shard.
class scripted_link final : public broker_link {
public:
    void start() override {}
    void publish(publication& p, lane to, std::string_view reason) override {
        published.push_back(&p);
        if (to == lane::dead) add("dead letter: " + std::string(reason));
    }
    void flush() override {}
    void acknowledge(delivery_tag tag) override { add("ack " + std::to_string(tag)); }
    void consume(std::size_t more) override {
        add(std::exchange(consuming, true) ? std::to_string(more) + " more" : "consume");
        room_ += more;
    }
    std::size_t room() const noexcept override { return room_; }
    void pause() override {
        add("pause");
        room_ = 0;
    }
    void give_back(delivery_tag tag) override { add("give back " + std::to_string(tag)); }
    /// Of what was granted so much is used up.
    void use_up(std::size_t some) { room_ -= std::min(some, room_); }
    void ask_for_others() override { add("ask for others"); }
    void rest() override {
        consuming = false;
        room_ = 0;
        add("rest");
    }
    void level() override { add("level"); }
    void history_made_up() override { add("made up"); }
    bool is_connected() const noexcept override { return connected; }
    bool can_publish() const noexcept override { return connected; }
    bool has_unconfirmed() const noexcept override { return connected && !published.empty(); }
    void stop() override {
        if (const auto answer = std::exchange(stopped_with, nullptr)) answer();
        add("stop");
    }

    std::string take() { return std::exchange(said_, {}); }

    std::deque<publication*> published;
    bool connected{false}, consuming{false};
    std::function<void()> stopped_with;

private:
    void add(const std::string& what) { said_ += (said_.empty() ? "" : ", ") + what; }
    std::string said_;
    std::size_t room_{0};
};

constexpr milliseconds lease{60'000};

class linked : public testing::Test {
protected:
    linked() {
        options.name = "thumbs";
        options.queue.max_attempts = 3;
        options.prefetch = 500;
        options.queue.ack_timeout = lease;
        back.start();
        home.start();
    }
    ~linked() override {
        of.reset();
        home.stop();
        back.stop();
    }

    void open() {
        of.emplace(back, options, clock, [this](link_owner& by) {
            owner = &by;
            link = std::make_shared<scripted_link>();
            return link;
        });
    }
    void connect() {
        if (!of) open();
        on_back([this] {
            link->connected = true;
            owner->connected();
            owner->publishable(true);
        });
    }
    void lose() {
        on_back([this] {
            link->connected = false;
            owner->revoked();
            owner->disconnected();
            owner->publishable(false);
        });
    }
    void on_back(const std::function<void()>& work) { back.run_and_wait(work); }
    /// What the link was asked since the last time.
    std::string asked() {
        std::string all;
        on_back([&] { all = link->take(); });
        return all;
    }
    void come(std::string body, delivery_tag tag, std::uint64_t serial = 0, unsigned sending = 1) {
        on_back([&] {
            link->use_up(1);
            arrival a;
            a.message.body = std::move(body);
            a.tag = tag;
            a.serial = serial != 0 ? serial : tag;
            a.sending = sending;
            owner->arrived(std::move(a));
            owner->arrivals_over();
        });
    }
    /// The oldest publication is told.
    void tell(enum publication::outcome o, errc why = errc::broker_refused) {
        on_back([&] {
            publication& p = *link->published.front();
            link->published.pop_front();
            p.outcome = o;
            p.why = {why, effect::maybe_done, {}};
            owner->published(p);
            owner->arrivals_over();
        });
    }
    void level(std::uint64_t ready = 0) {
        on_back([&] {
            owner->levelled(ready);
            owner->arrivals_over();
        });
    }
    void pass(milliseconds time) {
        clock.pass(time);
        on_back([this] { of->tick(steady::now()); });
    }

    using publishing = std::unique_ptr<awaited<publication>>;
    publishing publish(std::string body) {
        auto p = std::make_unique<awaited<publication>>(home);
        p->message.body = std::move(body);
        of->publish(*p);
        return p;
    }
    static std::string told(const publishing& p) {
        p->wait_home();
        return p->outcome == publication::outcome::confirmed ? "confirmed" : in_words(p->why);
    }
    static std::string in_words(const failure& why) {
        return std::string(why.subject) + " " + std::string(explain(why.code)) +
               (why.effect == effect::maybe_done ? "?" : "");
    }

    using receiving = std::unique_ptr<awaited<reception>>;
    receiving receive(milliseconds wait = milliseconds(0), std::size_t max = 10) {
        auto r = std::make_unique<awaited<reception>>(home);
        r->max = max;
        r->wait = wait;
        of->receive(*r);
        return r;
    }
    std::string came(const receiving& r) {
        r->wait_home();
        if (r->why) return in_words(*r->why);
        if (r->history_lost) return "history is lost";
        std::string all;
        for (const delivery& d : r->deliveries) {
            numbers[d.message.body] = d.number;
            all += (all.empty() ? "" : ", ") + d.message.body;
            if (d.message.attempt != 1) all += " " + std::to_string(d.message.attempt);
        }
        return all.empty() ? "nothing" : all;
    }

    receiving receive_having_made_up() {
        auto r = std::make_unique<awaited<reception>>(home);
        r->history_made_up = true;
        r->wait = milliseconds(1);
        of->receive(*r);
        level();
        pass(milliseconds(1));
        return r;
    }

    using action = enum settlement::action;
    using settling = std::unique_ptr<awaited<settlement>>;
    settling begin_settling(const std::string& body, action what, milliseconds delay = milliseconds(0)) {
        auto s = std::make_unique<awaited<settlement>>(home);
        s->number = numbers.at(body);
        s->action = what;
        s->delay = delay;
        s->reason = "a reason";
        of->settle(*s);
        return s;
    }
    static std::string told(const settling& s) {
        s->wait_home();
        switch (s->outcome) {
            case settlement::outcome::done: return "done";
            case settlement::outcome::unknown: return "unknown";
            case settlement::outcome::failed: return in_words(s->why);
        }
        return {};
    }
    std::string settle(const std::string& body, action what, milliseconds delay = milliseconds(0)) {
        return told(begin_settling(body, what, delay));
    }
    /// "a", tag 5, is on its way to the dead letters; somebody waits for what comes.
    receiving wait_while_attempts_of_a_are_used_up() {
        connect();
        come("a", 5);
        for (int i = 1; i < 3; ++i) {
            came(receive());
            settle("a", action::retry);
        }
        came(receive());
        pass(lease);
        receiving r = receive(milliseconds::max());
        on_back([] {});
        asked();
        return r;
    }

    shard back{"back"}, home{"home"};
    manual_clock clock;
    broker_options options;
    std::optional<broker_queue> of;
    std::shared_ptr<scripted_link> link;
    link_owner* owner{nullptr};
    std::map<std::string, std::uint64_t> numbers;
};

// ---- publishing

TEST_F(linked, what_is_published_is_confirmed_when_the_broker_has_it) {
    connect();
    const publishing p = publish("x");
    tell(publication::outcome::confirmed);
    EXPECT_EQ(told(p), "confirmed");
    EXPECT_FALSE(p->message.id.empty());
    EXPECT_EQ(p->message.time, clock.now().date);
}

TEST_F(linked, what_the_broker_did_not_take_fails_with_its_reason_and_the_queue_s_name) {
    connect();
    const publishing p = publish("x");
    tell(publication::outcome::failed, errc::queue_full);
    EXPECT_EQ(told(p), "queue thumbs " + std::string(explain(errc::queue_full)) + "?");
}

TEST_F(linked, without_a_connection_nothing_is_published) {
    open();
    on_back([this] { owner->publishable(false); });
    EXPECT_EQ(told(publish("x")), "queue thumbs " + std::string(explain(errc::unreachable)));
    connect();
    EXPECT_TRUE(of->is_connected());
    lose();
    EXPECT_FALSE(of->is_connected());
    EXPECT_EQ(told(publish("x")), "queue thumbs " + std::string(explain(errc::unreachable)));
}

TEST_F(linked, what_is_published_while_the_first_connection_is_made_waits_for_it) {
    open();
    const publishing first = publish("x"), second = publish("y");
    const receiving r = receive();
    on_back([] {});
    connect();
    tell(publication::outcome::confirmed);
    tell(publication::outcome::confirmed);
    EXPECT_EQ(told(first), "confirmed");
    EXPECT_EQ(told(second), "confirmed");
    level();
    EXPECT_EQ(came(r), "nothing");
}

TEST_F(linked, so_does_a_dead_letter) {
    open();
    come("a", 5);
    EXPECT_EQ(came(receive()), "a");
    const settling s = begin_settling("a", action::dead);
    on_back([] {});
    asked();
    connect();
    EXPECT_EQ(asked(), "dead letter: a reason");
    tell(publication::outcome::confirmed);
    EXPECT_EQ(told(s), "done");
    EXPECT_EQ(asked(), "ack 5");
}

TEST_F(linked, and_no_longer_than_its_client) {
    open();
    const publishing p = publish("x");
    const receiving r = receive();
    on_back([] {});
    pass(options.queue.confirm_within / 3);
    const publishing later = publish("y");
    on_back([] {});
    pass(options.queue.confirm_within * 2 / 3);
    EXPECT_EQ(told(p), "queue thumbs " + std::string(explain(errc::unreachable)));
    EXPECT_EQ(came(r), "queue thumbs " + std::string(explain(errc::unreachable)));
    connect();
    tell(publication::outcome::confirmed);
    EXPECT_EQ(told(later), "confirmed");
}

TEST_F(linked, that_there_is_no_connection_to_be_had_ends_the_waiting) {
    open();
    const publishing p = publish("x");
    const receiving r = receive();
    on_back([] {});
    on_back([this] { owner->publishable(false); });
    EXPECT_EQ(told(p), "queue thumbs " + std::string(explain(errc::unreachable)));
    EXPECT_EQ(came(r), "queue thumbs " + std::string(explain(errc::unreachable)));
}

TEST_F(linked, what_waits_for_the_first_connection_counts_and_ends_with_a_stop) {
    options.unconfirmed_max = 1;
    open();
    const publishing p = publish("x");
    EXPECT_EQ(told(publish("y")), "queue thumbs " + std::string(explain(errc::busy)));
    of->stop(steady::now());
    EXPECT_EQ(told(p), "queue thumbs " + std::string(explain(errc::stopping)));
}

TEST_F(linked, more_than_may_be_unconfirmed_is_busy) {
    options.unconfirmed_max = 1;
    connect();
    const publishing first = publish("x");
    EXPECT_EQ(told(publish("y")), "queue thumbs " + std::string(explain(errc::busy)));
    tell(publication::outcome::confirmed);
    const publishing third = publish("z");
    tell(publication::outcome::confirmed);
    EXPECT_EQ(told(third), "confirmed");
}

TEST_F(linked, so_are_more_bytes) {
    options.unconfirmed_max_bytes = 100;
    connect();
    EXPECT_EQ(told(publish(std::string(101, 'x'))), "queue thumbs " + std::string(explain(errc::busy)));
}

TEST_F(linked, a_broker_does_not_know_which_ids_it_had) {
    connect();
    awaited<publication> p(home);
    p.unique = true;
    of->publish(p);
    p.wait_home();
    EXPECT_EQ(p.why.code, errc::needs_journal);
}

// ---- receiving

TEST_F(linked, what_came_is_handed_out_and_acknowledged_once_it_is_settled) {
    connect();
    const receiving r = receive(milliseconds::max());
    EXPECT_EQ(asked(), "consume");
    come("a", 5);
    EXPECT_EQ(came(r), "a");
    EXPECT_EQ(of->length(), 1U);
    EXPECT_EQ(settle("a", action::ack), "done");
    EXPECT_EQ(asked(), "ack 5");
    EXPECT_EQ(settle("a", action::ack), "unknown");
    EXPECT_EQ(of->length(), 0U);
}

TEST_F(linked, that_nothing_is_there_is_known_once_the_broker_has_said_so) {
    connect();
    const receiving r = receive();
    EXPECT_EQ(asked(), "consume, level");
    come("a", 1);
    EXPECT_EQ(came(r), "a");
    level();
    const receiving second = receive();
    EXPECT_EQ(asked(), "level");
    level();
    EXPECT_EQ(came(second), "nothing");
}

TEST_F(linked, a_reception_waits_for_what_was_published_before_it) {
    connect();
    const publishing p = publish("x");
    const receiving r = receive();
    EXPECT_EQ(asked(), "consume");
    tell(publication::outcome::confirmed);
    EXPECT_EQ(told(p), "confirmed");
    EXPECT_EQ(asked(), "level");
    level();
    EXPECT_EQ(came(r), "nothing");
}

TEST_F(linked, one_question_is_asked_for_all_who_wait_and_the_next_when_it_is_answered) {
    connect();
    const receiving first = receive();
    EXPECT_EQ(asked(), "consume, level");
    const receiving second = receive();  // the question is under way
    const receiving third = receive();
    EXPECT_EQ(asked(), "");
    level();
    EXPECT_EQ(came(first), "nothing");
    EXPECT_EQ(asked(), "level");
    level();
    EXPECT_EQ(came(second), "nothing");
    EXPECT_EQ(came(third), "nothing");
    EXPECT_EQ(asked(), "");
}

TEST_F(linked, who_waits_is_told_that_nothing_came_when_the_time_is_over) {
    connect();
    const receiving r = receive(seconds(5));
    level();
    pass(seconds(4));
    on_back([] {});
    pass(seconds(1));
    EXPECT_EQ(came(r), "nothing");
}

TEST_F(linked, a_question_that_was_lost_with_the_connection_is_asked_again) {
    connect();
    const receiving r = receive(seconds(5));
    EXPECT_EQ(asked(), "consume, level");
    lose();
    EXPECT_EQ(asked(), "");
    connect();
    EXPECT_EQ(asked(), "level");
    level();
    pass(seconds(5));
    EXPECT_EQ(came(r), "nothing");
}

TEST_F(linked, without_a_connection_nothing_can_be_received) {
    open();
    on_back([this] { owner->publishable(false); });
    EXPECT_EQ(came(receive()), "queue thumbs " + std::string(explain(errc::unreachable)));
}

TEST_F(linked, who_waits_outlives_a_connection_and_is_told_at_its_time_that_there_is_none) {
    connect();
    const receiving patient = receive(seconds(60), 1);
    const receiving other = receive(seconds(5), 1);
    on_back([] {});
    lose();
    pass(seconds(5));
    EXPECT_EQ(came(other), "queue thumbs " + std::string(explain(errc::unreachable)));
    connect();
    come("a", 1);
    EXPECT_EQ(came(patient), "a");
}

TEST_F(linked, a_broker_that_does_not_answer_is_waited_for_so_long) {
    connect();
    const receiving r = receive();
    on_back([] {});
    pass(options.queue.confirm_within);
    EXPECT_EQ(came(r), "queue thumbs " + std::string(explain(errc::timed_out)));
}

TEST_F(linked, what_is_ready_on_the_broker_counts) {
    connect();
    const receiving r = receive();
    level(7);
    came(r);
    EXPECT_EQ(of->ready(), 7U);
    EXPECT_EQ(of->length(), 7U);
    come("a", 1);
    EXPECT_EQ(of->length(), 7U);
    lose();
    EXPECT_EQ(of->length(), 0U);
}

TEST_F(linked, a_reception_that_is_cancelled_comes_home_empty) {
    connect();
    const receiving r = receive(milliseconds::max());
    of->cancel(*r);
    EXPECT_EQ(came(r), "nothing");
    come("a", 1);
    EXPECT_EQ(came(receive()), "a");
}

TEST_F(linked, what_is_settled_at_once_is_acknowledged_as_it_is_handed_out) {
    connect();
    awaited<reception> r(home);
    r.wait = milliseconds::max();
    r.settle_at_once = true;
    of->receive(r);
    come("a", 5);
    r.wait_home();
    EXPECT_EQ(asked(), "consume, ack 5");
}

// ---- settling

TEST_F(linked, what_is_tried_again_stays_here_and_waits_for_its_time) {
    connect();
    come("a", 1);
    came(receive());
    asked();
    EXPECT_EQ(settle("a", action::retry, seconds(5)), "done");
    const receiving r = receive(milliseconds::max());
    pass(seconds(4));
    pass(seconds(1));
    EXPECT_EQ(came(r), "a 2");
    EXPECT_EQ(asked(), "");
}

TEST_F(linked, a_lease_that_ran_out_is_handed_out_again) {
    connect();
    come("a", 1);
    came(receive());
    pass(lease);
    EXPECT_EQ(came(receive()), "a 2");
}

TEST_F(linked, a_dead_letter_is_acknowledged_once_the_broker_has_the_copy) {
    connect();
    come("a", 5);
    came(receive());
    asked();
    const settling s = begin_settling("a", action::dead);
    EXPECT_EQ(asked(), "dead letter: a reason");
    tell(publication::outcome::confirmed);
    EXPECT_EQ(told(s), "done");
    EXPECT_EQ(asked(), "ack 5");
}

TEST_F(linked, a_dead_letter_that_was_not_taken_stays_with_whoever_has_it) {
    connect();
    come("a", 5);
    came(receive());
    const settling s = begin_settling("a", action::dead);
    on_back([] {});
    tell(publication::outcome::failed, errc::queue_full);
    EXPECT_EQ(told(s), "queue thumbs " + std::string(explain(errc::queue_full)) + "?");
    EXPECT_EQ(settle("a", action::ack), "done");
}

TEST_F(linked, a_dead_letter_that_its_broker_will_never_take_is_put_aside_and_stops_nobody) {
    connect();
    come("a", 5);
    came(receive());
    const settling s = begin_settling("a", action::dead);
    on_back([] {});
    tell(publication::outcome::failed, errc::message_too_large);
    EXPECT_EQ(told(s), "done");
    come("b", 6);
    EXPECT_EQ(came(receive()), "b");
    lose();
    connect();
    come("a", 7, 5);  // it was never acknowledged
    come("c", 8);
    EXPECT_EQ(came(receive()), "c");
    EXPECT_EQ(asked().find("ack"), std::string::npos);
}

TEST_F(linked, so_is_one_with_its_attempts_used_up) {
    const receiving r = wait_while_attempts_of_a_are_used_up();
    tell(publication::outcome::failed, errc::message_too_large);
    pass(seconds(60));
    EXPECT_EQ(asked(), "");
    come("b", 6);
    EXPECT_EQ(came(r), "b");
}

TEST_F(linked, a_message_of_others_without_an_id_gets_one) {
    connect();
    come("a", 5);
    come("b", 6);
    const receiving r = receive();
    EXPECT_EQ(came(r), "a, b");
    EXPECT_NE(r->deliveries[0].message.id, "");
    EXPECT_NE(r->deliveries[0].message.id, r->deliveries[1].message.id);
}

TEST_F(linked, a_dead_letter_without_a_connection_fails_at_once) {
    connect();
    come("a", 5);
    came(receive());
    lose();
    EXPECT_EQ(settle("a", action::dead), "queue thumbs " + std::string(explain(errc::unreachable)));
}

TEST_F(linked, with_its_attempts_used_up_it_is_a_dead_letter_by_itself_and_tried_again_where_it_was_not_taken) {
    const receiving r = wait_while_attempts_of_a_are_used_up();
    tell(publication::outcome::failed);
    pass(seconds(1));
    EXPECT_EQ(asked(), "dead letter: attempts used up");
    tell(publication::outcome::confirmed);
    EXPECT_EQ(asked(), "ack 5");
    of->cancel(*r);
    EXPECT_EQ(came(r), "nothing");
}

// ---- a connection that is lost

TEST_F(linked, what_was_worked_on_while_the_connection_was_lost_is_acknowledged_by_its_new_tag) {
    connect();
    come("a", 5, 70);
    came(receive());
    asked();
    lose();
    connect();
    come("a", 1, 70);
    EXPECT_EQ(settle("a", action::ack), "done");
    EXPECT_EQ(asked(), "ack 1");
}

TEST_F(linked, what_was_settled_meanwhile_is_acknowledged_when_it_comes_again) {
    connect();
    come("a", 5, 70);
    came(receive());
    asked();
    lose();
    EXPECT_EQ(settle("a", action::ack), "done");
    connect();
    EXPECT_EQ(asked(), "");
    come("a", 1, 70);
    EXPECT_EQ(asked(), "ack 1");
    EXPECT_EQ(of->length(), 0U);
}

class linked_for_changes : public linked {
protected:
    linked_for_changes() { options.queue.harmless = true; }
};

TEST_F(linked_for_changes, what_was_settled_while_the_connection_was_lost_comes_again) {
    connect();
    come("a", 5, 70);
    came(receive());
    asked();
    lose();
    EXPECT_EQ(settle("a", action::ack), "done");
    connect();
    come("a", 1, 70);
    EXPECT_EQ(came(receive()), "a");
}

TEST_F(linked_for_changes, what_was_worked_on_meanwhile_comes_again_behind_what_came_before_it) {
    connect();
    come("new", 6, 71);  // behind an old one, whose acknowledgement the broker has lost
    came(receive());
    lose();
    connect();
    come("old", 1, 70), come("new", 2, 71);
    EXPECT_EQ(settle("new", action::ack), "done");
    const receiving r = receive(milliseconds(0), 2);
    EXPECT_EQ(came(r), "old, new");
}

TEST_F(linked, what_nobody_works_on_is_forgotten_with_the_connection_but_not_its_attempts) {
    connect();
    come("waits", 1, 70);
    came(receive());
    settle("waits", action::retry, seconds(5));
    come("unseen", 2, 71);
    lose();
    EXPECT_EQ(of->length(), 0U);
    connect();
    come("waits", 1, 70), come("unseen", 2, 71);
    const receiving r = receive();
    EXPECT_EQ(came(r), "unseen");
    pass(seconds(5));
    EXPECT_EQ(came(receive()), "waits 2");
}

TEST_F(linked, a_lease_that_runs_out_without_a_connection_is_the_broker_s_message_again) {
    connect();
    come("a", 5, 70);
    came(receive());
    lose();
    EXPECT_EQ(of->length(), 1U);
    pass(lease);
    EXPECT_EQ(of->length(), 0U);
    connect();
    come("a", 1, 70);
    EXPECT_EQ(came(receive()), "a 2");
}

TEST_F(linked, what_was_sent_twice_is_acknowledged_and_handed_out_once) {
    connect();
    come("a", 5, 70), come("a", 6, 70, 2);
    EXPECT_EQ(asked(), "ack 6");
    EXPECT_EQ(came(receive()), "a");
    EXPECT_EQ(of->length(), 1U);
    asked();
    EXPECT_EQ(settle("a", action::ack), "done");
    come("a", 7, 70, 3);  // it comes late
    EXPECT_EQ(asked(), "ack 5, ack 7");
}

TEST_F(linked, what_somebody_has_copied_with_its_serial_is_handed_out) {
    connect();
    come("a", 5, 70), come("a", 6, 70), come("changed", 7, 70);
    EXPECT_EQ(asked(), "");
    EXPECT_EQ(came(receive()), "a, a, changed");
    asked();
    lose();
    connect();
    come("a", 1, 70), come("a", 2, 70);  // one of them is still being worked on
    EXPECT_EQ(came(receive()), "a");
    EXPECT_EQ(asked(), "");
}

// ---- others

TEST_F(linked, who_is_idle_asks_for_others_and_rests_for_them) {
    options.idle = milliseconds(-1);
    connect();
    const receiving r = receive();
    level();
    came(r);
    on_back([this] { owner->arrivals_over(); });
    EXPECT_EQ(asked(), "consume, level, ask for others, ask for others");
    come("a", 1, 70);
    asked();
    on_back([this] {
        owner->others_wait();
        owner->arrivals_over();
    });
    EXPECT_EQ(asked(), "rest");
    EXPECT_EQ(of->length(), 0U);
    come("a", 1, 70);
    EXPECT_EQ(came(receive()), "a");
    EXPECT_EQ(asked(), "consume");
}

TEST_F(linked, who_has_just_begun_is_not_idle) {
    open();
    on_back([this] { owner->publishable(false); });
    came(receive());
    connect();
    EXPECT_EQ(asked(), "consume");
}

TEST_F(linked, who_works_keeps_what_came_from_others) {
    connect();
    come("a", 1);
    came(receive());
    asked();
    on_back([this] { owner->others_wait(); });
    EXPECT_EQ(asked(), "");
    settle("a", action::ack);
    const receiving r = receive(milliseconds::max());
    on_back([this] { owner->others_wait(); });
    EXPECT_EQ(asked(), "ack 1");
    of->cancel(*r);
    came(r);
}

// ---- a journal for what waits

class linked_with_a_journal : public linked {
protected:
    linked_with_a_journal() {
        options.later = &journal;
        connect();
    }
    ~linked_with_a_journal() override { of.reset(); }  // the journal outlives it
    void journal_has_it() {
        on_back([this] { journal.answer_publication(publication::outcome::confirmed); });
    }

    hand_queue journal{"thumbs/later"};
};

TEST_F(linked_with_a_journal, what_is_published_for_later_is_confirmed_when_the_journal_has_it) {
    lose();  // it takes no broker
    awaited<publication> p(home);
    p.message.not_before = clock.now().date + seconds(5);
    of->publish(p);
    journal_has_it();
    p.wait_home();
    EXPECT_EQ(p.outcome, publication::outcome::confirmed);
    EXPECT_TRUE(link->published.empty());
}

TEST_F(linked_with_a_journal, the_order_of_a_key_rules_out_that_one_of_it_waits_elsewhere) {
    awaited<publication> p(home);
    p.message.not_before = clock.now().date + seconds(5);
    p.message.key = "a";
    of->publish(p);
    tell(publication::outcome::confirmed);
    p.wait_home();
    EXPECT_TRUE(journal.published.empty());
}

TEST_F(linked_with_a_journal, what_is_tried_again_later_is_the_journal_s_and_the_broker_s_no_more) {
    come("a", 5);
    came(receive());
    asked();
    const settling s = begin_settling("a", action::retry, seconds(5));
    EXPECT_EQ(asked(), "");
    journal_has_it();
    EXPECT_EQ(told(s), "done");
    EXPECT_EQ(asked(), "ack 5");
}

TEST_F(linked_with_a_journal, what_the_journal_did_not_take_waits_here) {
    come("a", 5);
    came(receive());
    asked();
    const settling s = begin_settling("a", action::retry, seconds(5));
    on_back([this] { journal.answer_publication(publication::outcome::failed, {errc::disk_full}); });
    EXPECT_EQ(told(s), "done");
    EXPECT_EQ(asked(), "");
    pass(seconds(5));
    EXPECT_EQ(came(receive()), "a 2");
}

// ---- an end

TEST_F(linked, at_the_end_who_waits_is_told_and_the_link_is_stopped) {
    connect();
    const receiving r = receive(milliseconds::max());
    on_back([] {});
    of->stop(steady::now());
    EXPECT_EQ(came(r), "queue thumbs " + std::string(explain(errc::stopping)));
    EXPECT_EQ(asked(), "consume, stop");
    EXPECT_EQ(told(publish("x")), "queue thumbs " + std::string(explain(errc::stopping)));
    EXPECT_EQ(came(receive()), "queue thumbs " + std::string(explain(errc::stopping)));
}

TEST_F(linked, what_is_not_confirmed_at_the_deadline_may_have_been_done) {
    connect();
    const publishing p = publish("x");
    on_back([this] {
        link->stopped_with = [this] {
            publication& one = *link->published.front();
            link->published.clear();
            one.why = {errc::stopping, effect::maybe_done, {}};
            owner->published(one);
        };
    });
    of->stop(steady::now() + milliseconds(10));
    EXPECT_EQ(told(p), "queue thumbs " + std::string(explain(errc::stopping)) + "?");
}

// ---- figures

TEST_F(linked, what_waits_for_its_time_is_not_counted_as_handed_out) {
    connect();
    come("a", 1);
    come("b", 2);
    come("c", 3);
    EXPECT_EQ(came(receive(milliseconds(0), 2)), "a, b");
    settle("a", action::retry, std::chrono::hours(1));
    const queue_figures now = of->figures();
    EXPECT_EQ(now.ready, 1U);
    EXPECT_EQ(now.leased, 1U);
    EXPECT_EQ(now.delayed, 1U);
    EXPECT_FALSE(now.dead);
}

// ---- as many as are needed

TEST_F(linked, as_many_come_as_are_asked_for_and_worked_on) {
    options.prefetch = 0;
    connect();
    const receiving first = receive(milliseconds::max(), 2);
    on_back([] {});
    EXPECT_EQ(asked(), "consume");
    EXPECT_EQ(link->room(), 2U);
    come("a", 1);
    EXPECT_EQ(came(first), "a");
    come("b", 2);
    EXPECT_EQ(asked(), "");
    const receiving second = receive(milliseconds::max(), 1);
    EXPECT_EQ(came(second), "b");
    const receiving third = receive(milliseconds::max(), 1);
    on_back([] {});
    EXPECT_EQ(asked(), "2 more") << "twice as many, so that a handful of times is enough";
    of->cancel(*third);
    third->wait_home();
}

TEST_F(linked, what_waits_for_its_time_takes_nobody_s_place) {
    options.prefetch = 0;
    connect();
    for (delivery_tag tag = 1; tag < 10; ++tag) {
        const receiving r = receive(milliseconds::max(), 1);
        on_back([] {});
        ASSERT_GE(link->room(), 1U);
        come("a" + std::to_string(tag), tag);
        EXPECT_EQ(came(r), "a" + std::to_string(tag));
        settle("a" + std::to_string(tag), action::retry, std::chrono::hours(1));
    }
}

/// "b" is being worked on, "c" to "e" are ready, and it has been so for a second.
class with_surplus : public linked {
protected:
    with_surplus() { options.prefetch = 0; }
    void make(std::size_t wanted = 4) {
        connect();
        const receiving r = receive(milliseconds::max(), wanted);
        on_back([] {});
        for (delivery_tag tag = 1; tag < 5; ++tag) come(std::string(1, static_cast<char>('a' + tag)), tag);
        EXPECT_EQ(came(r), "b");
        asked();
        pass(milliseconds(1'000));
    }
};

TEST_F(with_surplus, what_nobody_needs_goes_to_others_if_they_want_some) {
    make();
    EXPECT_EQ(asked(), "ask for others");
    on_back([this] { owner->others_wait(); });
    EXPECT_EQ(asked(), "pause, give back 2, give back 3, give back 4, level");
    level(7);
    EXPECT_EQ(of->length(), 8U) << "b, and seven on the broker";
    const receiving r = receive(milliseconds::max(), 1);
    on_back([] {});
    EXPECT_EQ(asked(), "1 more");
    come("c", 5);
    EXPECT_EQ(came(r), "c");
}

TEST_F(with_surplus, it_stays_where_nobody_else_is) {
    make();
    EXPECT_EQ(asked(), "ask for others");
    EXPECT_EQ(came(receive(milliseconds(0), 1)), "c");
    EXPECT_EQ(asked(), "");
}

TEST_F(with_surplus, and_where_somebody_here_wants_more_than_that_meanwhile) {
    make();
    const receiving r = receive(milliseconds::max(), 10);
    EXPECT_EQ(came(r), "c, d, e");
    const receiving more = receive(milliseconds::max(), 1);
    on_back([] {});
    asked();
    on_back([this] { owner->others_wait(); });
    EXPECT_EQ(asked(), "");
    of->cancel(*more);
    more->wait_home();
}

TEST_F(with_surplus, what_goes_back_keeps_its_attempts) {
    connect();
    const receiving r = receive(milliseconds::max(), 2);
    on_back([] {});
    come("x", 1, 77);
    EXPECT_EQ(came(r), "x");
    settle("x", action::retry);
    lose();
    connect();
    const receiving again = receive(milliseconds::max(), 3);
    on_back([] {});
    come("y", 1);
    EXPECT_EQ(came(again), "y");
    come("x", 2, 77);
    pass(milliseconds(1'000));
    asked();
    on_back([this] { owner->others_wait(); });
    EXPECT_EQ(asked(), "pause, give back 2, level");
    const receiving last = receive(milliseconds::max(), 1);
    on_back([] {});
    come("x", 3, 77);
    EXPECT_EQ(came(last), "x 2");
}

TEST_F(linked, what_has_come_and_cannot_be_handed_out_hides_nothing_behind_it) {
    options.prefetch = 0;
    connect();
    const receiving r = receive(milliseconds(0), 1);
    on_back([] {});
    EXPECT_EQ(asked(), "consume, level");
    on_back([this] {
        arrival a;
        a.message.body = "later";
        a.message.not_before = clock.now().date + std::chrono::hours(1);
        a.tag = a.serial = 1;
        link->use_up(1);
        owner->arrived(std::move(a));
        owner->levelled(1);
        owner->arrivals_over();
    });
    EXPECT_EQ(asked(), "1 more, level");
    come("now", 2);
    EXPECT_EQ(came(r), "now");
}

TEST_F(linked, an_ordered_queue_has_one_window) {
    options.prefetch = 0;
    options.queue.ordered = true;
    connect();
    const receiving r = receive(milliseconds::max(), 1);
    on_back([] {});
    EXPECT_EQ(link->room(), prefetch_window::by_need_max);
    of->cancel(*r);
    r->wait_home();
}

TEST_F(linked, lost_history_is_told_at_once_to_who_waits_and_before_what_came_behind_it) {
    connect();
    const receiving waits = receive(milliseconds::max());
    asked();
    on_back([this] {
        owner->history_lost();
        owner->arrivals_over();
    });
    EXPECT_EQ(came(waits), "history is lost");
    on_back([this] { owner->history_lost(); });
    come("a", 5);
    EXPECT_EQ(came(receive(milliseconds::max())), "history is lost");
    EXPECT_EQ(came(receive(milliseconds::max())), "a");
}

TEST_F(linked, lost_history_is_made_up_once_who_was_told_says_so) {
    connect();
    on_back([this] { owner->history_lost(); });
    EXPECT_EQ(came(receive(milliseconds::max())), "history is lost");
    come("a", 5);
    EXPECT_EQ(came(receive(milliseconds::max())), "a");
    EXPECT_EQ(asked().find("made up"), std::string::npos);
    EXPECT_EQ(came(receive_having_made_up()), "nothing");
    EXPECT_NE(asked().find("made up"), std::string::npos);
    EXPECT_EQ(came(receive_having_made_up()), "nothing");
    EXPECT_EQ(asked().find("made up"), std::string::npos);
}

TEST_F(linked, history_that_is_lost_again_before_it_is_made_up_is_told_again) {
    connect();
    on_back([this] { owner->history_lost(); });
    EXPECT_EQ(came(receive(milliseconds::max())), "history is lost");
    on_back([this] { owner->history_lost(); });
    EXPECT_EQ(came(receive_having_made_up()), "history is lost");
    EXPECT_EQ(asked().find("made up"), std::string::npos);
    EXPECT_EQ(came(receive_having_made_up()), "nothing");
    EXPECT_NE(asked().find("made up"), std::string::npos);
}

}  // namespace
}  // namespace freshet::test
