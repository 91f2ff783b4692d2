// Changes for a server that is away.
#include "flow/apply/server_boxes.hpp"

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "call/call.hpp"
#include "flow/apply/apply.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "queue/journal/journal.hpp"
#include "shard/shard.hpp"
#include "store/memory/memory_store.hpp"
#include "support/fake_queue.hpp"
#include "support/temporary_folder.hpp"
#include "version/change_message.hpp"
#include "version/kept_clock.hpp"
#include "version/version.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace freshet::test {
namespace {

using action = enum settlement::action;

/// Two servers: of keys that begin with "a", and of all others.
class two_servers final : public store {
public:
    bool submit(call& c) override {
        if (c.request.command == command::flush_all) {
            if (c.request.key == "a" && holds) {
                asked = &c;
                return false;
            }
            if (c.request.key == "a" && away) {
                ++not_emptied;
                c.reply.fail(errc::server_down, effect::not_done, "server a");
                return true;
            }
            ++(c.request.key.empty() ? emptied : emptied_alone);
        }
        if (c.request.key.starts_with('a') && c.request.key.ends_with(full)) {
            ++refused_full;
            c.reply.fail(errc::out_of_memory, effect::not_done, "server a");
            return true;
        }
        if (away && c.request.key.starts_with('a')) {
            ++refused;
            c.reply.fail(errc::unreachable, effect::not_done, "server a");
            return true;
        }
        return items->submit(c);
    }
    std::atomic<bool> away{false};
    std::atomic<bool> holds{false};     ///< the answer to who empties the server of "a"
    std::atomic<call*> asked{nullptr};  ///< who waits for that
    std::atomic<char> full{0};          ///< with which a key ends that is not taken
    std::atomic<int> refused{0}, refused_full{0}, emptied{0}, emptied_alone{0}, not_emptied{0};
    std::unique_ptr<memory_store> items = make_memory_store({});
};

class by_first_letter final : public placement {
public:
    std::size_t server_of(std::string_view key) const noexcept override { return key.starts_with('a') ? 0 : 1; }
};

class boxes : public testing::Test {
protected:
    boxes() {
        back.start();
        here.name = "fra";
        begin();
    }
    ~boxes() override {
        end();
        back.stop();
    }
    void begin(const queue_options& of_box = box_options(std::uint64_t{1} << 30)) {
        auto opened = open_journal({.path = folder.file("journal"), .allow_tmpfs = true});
        if (!opened) throw std::runtime_error(opened.error().text);
        kept = *std::move(opened);
        box_places places{std::make_unique<by_first_letter>(), {}};
        for (const char* name : {"a", "b"})
            places.servers.push_back({std::string("server ") + name,
                                      &kept->open(name, of_box),
                                      {aside, places.servers.size(), name, folder.file(std::string("aside.") + name)}});
        from = std::make_unique<fake_queue>();
        subject = make_apply_flow(back, *from, to, *clock, {}, here, std::move(places));
        subject->start();
    }
    void end() {
        subject->stop(steady::now());
        subject.reset();
        kept.reset();
        taken = 0;
    }
    /// What becomes of a set.
    action take(const std::string& key, const std::string& value) {
        told_change c;
        c.key = key;
        last = version_above(last, wall::now(), 2);
        c.what = {change_kind::set, last, 0};
        message m;
        describe_change(c, "nyc", m);
        m.body = value;
        from->put(std::move(m));
        ++taken;
        return from->wait_settled(taken).at(taken - 1).action;
    }
    std::string held(const std::string& key) {
        call c;
        c.request.key = key;
        c.request.want_value = true;
        c.now = steady::now();
        EXPECT_TRUE(to.items->submit(c));
        return c.reply.outcome != outcome::hit ? "none" : std::string(c.reply.data());
    }
    bool is_written_down() { return std::filesystem::exists(folder.file("aside.a")); }
    std::uint64_t waiting(const char* name) { return kept->find(name)->length(); }
    template <class Answer>
    static void until(Answer answer) {
        const auto end = steady::now() + seconds(60);
        while (!answer() && steady::now() < end) std::this_thread::sleep_for(milliseconds(2));
        EXPECT_TRUE(answer());
    }

    temporary_folder folder;
    std::shared_ptr<servers_set_aside> aside = std::make_shared<servers_set_aside>(2);
    shard back{"back"};
    two_servers to;
    std::unique_ptr<kept_clock> clock = *kept_clock::open(folder.file("clock"), 7);
    site_config here;
    std::unique_ptr<journal> kept;
    std::unique_ptr<fake_queue> from;
    std::unique_ptr<flow> subject;
    std::size_t taken{0};
    version last{0};
};

TEST_F(boxes, hold_what_a_server_cannot_take_and_it_is_settled_where_it_came_from) {
    to.away = true;
    EXPECT_EQ(take("a1", "first"), action::ack);
    EXPECT_EQ(take("b1", "x"), action::ack);
    EXPECT_EQ(held("b1"), "x");
    EXPECT_EQ(take("a1", "second"), action::ack);
    EXPECT_EQ(take("a2", "y"), action::ack);
    EXPECT_EQ(waiting("a"), 3U);
    EXPECT_EQ(waiting("b"), 0U);
    to.away = false;
    until([&] { return waiting("a") == 0; });
    EXPECT_EQ(held("a1"), "second");
    EXPECT_EQ(held("a2"), "y");
}

TEST_F(boxes, outlive_the_process_and_what_comes_meanwhile_waits_behind) {
    to.away = true;
    EXPECT_EQ(take("a1", "first"), action::ack);
    end();
    begin();
    EXPECT_EQ(waiting("a"), 1U);
    EXPECT_EQ(take("a1", "second"), action::ack);
    EXPECT_EQ(waiting("a"), 2U);
    to.away = false;
    until([&] { return waiting("a") == 0; });
    EXPECT_EQ(held("a1"), "second");
}

TEST_F(boxes, let_pass_what_is_behind_a_change_that_a_server_does_not_take_though_it_takes_others) {
    to.away = true;
    EXPECT_EQ(take("a2", "x"), action::ack);
    EXPECT_EQ(take("a1", "y"), action::ack);
    EXPECT_EQ(take("a3", "z"), action::ack);
    to.full = '1';
    to.away = false;
    until([&] { return held("a3") == "z"; });
    EXPECT_EQ(held("a1"), "none");
    EXPECT_NE(waiting("a"), 0U);
}

TEST_F(boxes, what_has_no_version_keeps_that_of_its_time) {
    to.away = true;
    message m;
    m.key = "a1";
    m.body = "theirs";
    m.headers = {{std::string(change_header), "set"}};
    m.time = wall::now() - seconds(60);
    from->put(m);
    EXPECT_EQ(from->wait_settled(++taken).back().action, action::ack);
    to.away = false;
    until([&] { return held("a1") == "theirs"; });
    call c;
    c.request.key = "a1";
    c.now = steady::now();
    EXPECT_TRUE(to.items->submit(c));
    EXPECT_EQ(c.reply.cas, version_at(m.time));
}

TEST_F(boxes, are_left_as_soon_as_nothing_of_the_key_is_there) {
    to.away = true;
    EXPECT_EQ(take("a1", "x"), action::ack);
    to.away = false;
    until([&] { return waiting("a") == 0; });
    EXPECT_EQ(take("a2", "y"), action::ack);
    EXPECT_EQ(held("a2"), "y") << "it was put in before it was settled";
}

TEST_F(boxes, hold_what_a_server_does_not_take_though_it_takes_others) {
    to.full = '1';
    EXPECT_EQ(take("a1", "x"), action::ack);
    EXPECT_EQ(waiting("a"), 1U);
    EXPECT_EQ(take("a2", "y"), action::ack);
    EXPECT_EQ(held("a2"), "y");
    to.full = 0;
    until([&] { return waiting("a") == 0; });
    EXPECT_EQ(held("a1"), "x");
}

TEST_F(boxes, are_dropped_with_a_store_that_has_missed_changes) {
    to.away = true;
    EXPECT_EQ(take("a1", "before the loss"), action::ack);
    EXPECT_EQ(take("a3", "before it, too"), action::ack);
    to.full = '3';
    message m;
    m.key = "b2";
    m.body = "behind the loss";
    m.headers = {{std::string(change_header), "set"}};
    m.time = wall::now();
    from->lose_history_before(m);
    EXPECT_EQ(from->wait_settled(++taken).back().action, action::ack);
    EXPECT_EQ(waiting("a"), 0U);
    EXPECT_EQ(to.emptied, 1);
    to.away = false;
    EXPECT_EQ(held("b2"), "behind the loss");
    EXPECT_EQ(held("a1"), "none");
    EXPECT_EQ(held("a3"), "none");
}

TEST_F(boxes, what_their_server_does_not_take_is_dropped_as_well) {
    to.away = true;
    EXPECT_EQ(take("a1", "x"), action::ack);
    to.full = '1';
    to.away = false;
    until([&] { return to.refused_full != 0; });
    from->lose_history_before({});
    until([&] { return to.emptied == 1; });
    EXPECT_EQ(waiting("a"), 0U);
}

class full_boxes : public boxes {
protected:
    full_boxes() {
        end();
        begin(small());
    }
    static queue_options small() {
        queue_options o = box_options(std::uint64_t{1} << 30);
        o.length_max = 2;
        return o;
    }
    void fill() {
        EXPECT_EQ(take("a1", "older"), action::ack);
        to.away = true;
        EXPECT_EQ(take("a2", "x"), action::ack);
        EXPECT_EQ(take("a3", "y"), action::ack);
        EXPECT_FALSE(aside->is_aside(0));
        EXPECT_EQ(take("a1", "newer"), action::ack);
    }
};

TEST_F(full_boxes, set_their_server_aside_which_is_emptied_before_it_is_used) {
    fill();
    EXPECT_TRUE(aside->is_aside(0));
    EXPECT_FALSE(aside->is_aside(1));
    EXPECT_TRUE(is_written_down());
    until([&] { return waiting("a") == 0; });
    for (int i = 0; i < 5; ++i) EXPECT_EQ(take("a" + std::to_string(i), "dropped"), action::ack);
    EXPECT_EQ(take("b1", "z"), action::ack);
    EXPECT_EQ(held("b1"), "z");
    until([&] { return to.not_emptied > 1; });
    EXPECT_EQ(held("a1"), "older");
    to.away = false;
    until([&] { return !aside->is_aside(0); });
    EXPECT_FALSE(is_written_down());
    EXPECT_EQ(to.emptied_alone, 1);
    EXPECT_EQ(to.emptied, 0);
    for (const char* key : {"a1", "a2", "a3"}) EXPECT_EQ(held(key), "none") << key;
    until([&] { return take("a1", "newest"), held("a1") == "newest"; });
}

TEST_F(full_boxes, are_known_as_such_behind_a_restart) {
    fill();
    end();
    EXPECT_FALSE(aside->is_aside(0));
    begin(small());
    EXPECT_TRUE(aside->is_aside(0));
    until([&] { return waiting("a") == 0; });
    EXPECT_EQ(held("a1"), "older");
    to.away = false;
    until([&] { return !aside->is_aside(0); });
    EXPECT_EQ(held("a1"), "none");
    end();
    begin(small());
    EXPECT_FALSE(aside->is_aside(0));
}

TEST_F(full_boxes, leave_the_rest_where_it_came_from_where_that_cannot_be_written_down) {
    std::filesystem::create_directories(folder.file("aside.a.new/x"));
    to.away = true;
    EXPECT_EQ(take("a1", "x"), action::ack);
    EXPECT_EQ(take("a2", "y"), action::ack);
    EXPECT_EQ(take("a3", "z"), action::release);
    EXPECT_FALSE(aside->is_aside(0));
    EXPECT_EQ(waiting("a"), 2U);
    to.away = false;
    until([&] { return waiting("a") == 0; });
    EXPECT_EQ(take("a3", "z"), action::ack);
    EXPECT_EQ(held("a1"), "x");
    EXPECT_EQ(held("a3"), "z");
}

// What came while that was tried is older than what was dropped behind it.
TEST_F(full_boxes, put_nothing_in_behind_an_emptying_that_came_before_it) {
    to.holds = true;
    fill();
    until([&] { return to.asked != nullptr; });
    EXPECT_EQ(take("a1", "while it is asked"), action::ack);
    EXPECT_EQ(waiting("a"), 1U);
    EXPECT_EQ(take("a2", "x"), action::ack);
    EXPECT_EQ(take("a1", "has no room"), action::release);
    to.holds = false;
    to.away = false;
    call* const asked = to.asked;
    back.run([asked] {
        asked->reply.fail(errc::timed_out, effect::maybe_done, "server a");
        asked->complete();
    });
    until([&] { return !aside->is_aside(0); });
    EXPECT_EQ(to.emptied_alone, 1);
    EXPECT_EQ(waiting("a"), 0U) << "it was emptied once nothing was left to be put in";
    EXPECT_EQ(held("a1"), "none");
}

TEST_F(full_boxes, what_came_while_its_server_is_emptied_is_put_in_behind_that) {
    to.holds = true;
    fill();
    until([&] { return to.asked != nullptr; });
    EXPECT_EQ(take("a1", "while it is asked"), action::ack);
    to.holds = false;
    to.away = false;
    call* const asked = to.asked;
    back.run([this, asked] {
        to.items->submit(*asked);
        asked->complete();
    });
    until([&] { return held("a1") == "while it is asked"; });
    EXPECT_FALSE(aside->is_aside(0));
}

// Whether it was emptied before the last that came for it nobody looks at any more.
TEST_F(full_boxes, of_a_server_that_is_emptied_while_all_ends_are_known_as_such_behind_a_restart) {
    to.holds = true;
    fill();
    until([&] { return to.asked != nullptr; });
    std::thread stop([this] { subject->stop(steady::now()); });
    until([&] { return from->cancelled != 0; });
    to.holds = false;
    call* const asked = to.asked;
    back.run([this, asked] {
        to.items->submit(*asked);
        asked->complete();
    });
    stop.join();
    EXPECT_TRUE(is_written_down());
    end();
    to.away = false;
    begin(small());
    until([&] { return !aside->is_aside(0); });
    EXPECT_EQ(to.emptied_alone, 1);
    EXPECT_FALSE(is_written_down());
}

TEST_F(full_boxes, of_a_server_that_is_not_emptied_yet_are_dropped_with_a_store_that_has_missed_changes) {
    fill();
    from->lose_history_before({});
    until([&] { return to.emptied == 1; });
    EXPECT_TRUE(aside->is_aside(0));
    to.away = false;
    until([&] { return !aside->is_aside(0); });
    EXPECT_EQ(held("a1"), "none");
}

TEST_F(boxes, are_tried_as_often_whatever_waits_in_them) {
    to.away = true;
    for (int i = 0; i < 50; ++i) EXPECT_EQ(take("a" + std::to_string(i), "x"), action::ack);
    const int before = to.refused;
    until([&] { return to.refused > before; });
    EXPECT_LT(to.refused, before + 50);
    to.away = false;
    until([&] { return waiting("a") == 0; });
}

}  // namespace
}  // namespace freshet::test
