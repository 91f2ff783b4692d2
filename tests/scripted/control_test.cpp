// The control socket in front of a journal that answers when the test says so.
#include "admin/control.hpp"

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "protocol/reply.hpp"
#include "queue/journal/dead_request.hpp"
#include "queue/journal/drop_request.hpp"
#include "queue/journal/journal.hpp"
#include "shard/shard.hpp"
#include "support/plain_client.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <optional>

using namespace freshet;
using namespace freshet::test;
using namespace std::literals;

namespace {

/// Keeps what is asked until it is told the answer.
class hand_journal final : public journal {
public:
    queue& open(std::string_view, const queue_options&) override { throw std::logic_error("not asked for here"); }
    void set_copies(queue&, std::span<queue* const>) override {}
    queue_ptr find(std::string_view) noexcept override { return nullptr; }
    boost::system::result<queue_ptr, failure> find_or_make(std::string_view) override { return queue_ptr(); }
    void drop(drop_request&) noexcept override {}
    std::vector<kept_result> results() override { return {}; }
    void change_results(result_changes&) noexcept override {}
    std::vector<std::string> names() const override { return {}; }
    void stop() override {}
    void dead_letters(dead_request& r) noexcept override {
        const std::lock_guard lock(mutex_);
        asked_.push_back(&r);
        ++asked_ever_;
        changed_.notify_all();
    }

    void wait_asked(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return asked_ever_ >= count; });
    }
    void answer(std::uint64_t count, std::string body = {}) {
        std::unique_lock lock(mutex_);
        dead_request& r = *asked_.front();
        asked_.pop_front();
        lock.unlock();
        r.count = count;
        if (!body.empty()) {
            dead_letter& one = r.letters.emplace_back();
            one.reason = std::move(body);
        }
        r.home->post(r);
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<dead_request*> asked_;
    std::size_t asked_ever_{0};
};

class control_socket : public testing::Test {
protected:
    control_socket() { back.start(); }
    ~control_socket() override {
        subject.reset();
        back.stop();
    }
    void open(milliseconds patience = 60s) {
        auto made = make_control(back, {&letters}, folder.file("control"), patience);
        ASSERT_TRUE(made) << made.error().text;
        subject = *std::move(made);
    }
    std::string address() const { return "unix:" + folder.file("control"); }

    temporary_folder folder;
    shard back{"back"};
    hand_journal letters;
    std::unique_ptr<control> subject;
};

TEST_F(control_socket, request_is_answered_when_the_journal_has_answered) {
    open();
    plain_client client(address());
    client.send("drop * 100 text\n");
    letters.wait_asked(1);
    letters.answer(3);
    EXPECT_EQ(client.read_all(), "done 19\n3 messages dropped\n");
}

TEST_F(control_socket, request_of_a_client_that_has_sent_its_last_is_answered) {
    open();
    plain_client client(address());
    client.send("drop * 100 text\n");
    client.finish_sending();
    letters.wait_asked(1);
    letters.answer(3);
    EXPECT_EQ(client.read_all(), "done 19\n3 messages dropped\n");
}

TEST_F(control_socket, client_that_says_no_whole_line_is_left_in_time) {
    open(20ms);
    plain_client silent(address());
    EXPECT_TRUE(silent.wait_closed());
    plain_client slow(address());
    slow.send_some("drop * 100");
    EXPECT_TRUE(slow.wait_closed());
}

TEST_F(control_socket, journal_may_take_longer_than_a_client) {
    open(500ms);
    plain_client client(address());
    client.send("drop * 100 text\n");
    letters.wait_asked(1);
    plain_client behind(address());
    EXPECT_TRUE(behind.wait_closed()) << "whose time began later, and is over";
    letters.answer(3);
    EXPECT_EQ(client.read_all(), "done 19\n3 messages dropped\n");
}

TEST_F(control_socket, client_that_does_not_read_its_answer_is_left_in_time) {
    open(500ms);
    plain_client client(address());
    client.send("list * 100 text\n");
    letters.wait_asked(1);
    letters.answer(1, std::string(std::size_t{16} << 20, 'x'));  // more than a socket holds
    EXPECT_TRUE(client.wait_closed());
}

TEST_F(control_socket, request_of_a_client_that_has_left_is_done_and_its_answer_is_nobody_s) {
    open();
    {
        plain_client client(address());
        client.send("drop * 100 text\n");
        letters.wait_asked(1);
    }
    plain_client other(address());
    other.send("drop * 100 text\n");
    letters.wait_asked(2);
    letters.answer(1);
    letters.answer(2);
    EXPECT_EQ(other.read_all(), "done 19\n2 messages dropped\n");
}

TEST_F(control_socket, stop_waits_for_the_journal_and_tells_the_client_nothing) {
    open();
    plain_client client(address());
    client.send("drop * 100 text\n");
    letters.wait_asked(1);
    auto stopped = std::async(std::launch::async, [&] { subject->stop(); });
    EXPECT_EQ(client.read_all(), "");
    EXPECT_EQ(stopped.wait_for(0s), std::future_status::timeout);
    letters.answer(3);
    stopped.get();
}

TEST_F(control_socket, connections_beyond_those_that_it_holds_are_closed) {
    open();
    std::deque<plain_client> held;
    for (int n = 0; n < 16; ++n) held.emplace_back(address()).send("drop * 100 text\n");
    letters.wait_asked(16);
    plain_client more(address());
    EXPECT_EQ(more.read_all(), "");
    for (int n = 0; n < 16; ++n) letters.answer(2);
    for (plain_client& one : held) EXPECT_EQ(one.read_all(), "done 19\n2 messages dropped\n");
}

}  // namespace
