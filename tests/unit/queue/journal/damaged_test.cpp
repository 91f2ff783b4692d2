// Bodies and pages that are damaged cost what lies on them, and are said; nothing damaged is delivered.
#include <freshet/error.hpp>

#include "queue/journal/dead_request.hpp"
#include "queue/journal/journal.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/queue_user.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>

namespace freshet::test {

namespace {

constexpr std::size_t damaged_page_bytes = 8'192;

class damaged_journal : public testing::Test {
protected:
    damaged_journal() { home_.start(); }
    ~damaged_journal() override { home_.stop(); }

    std::unique_ptr<journal> open(bool accept_loss = false) {
        auto opened = open_journal(
            {.path = path_, .accept_loss = accept_loss, .allow_tmpfs = true, .queues_max = 10, .defaults = {}});
        if (!opened) throw std::runtime_error(opened.error().text);
        return *std::move(opened);
    }
    queue_user user(journal& of) { return {home_, of.open("jobs", {})}; }
    static std::string body(unsigned i, std::size_t size) {
        std::string text = "<body " + std::to_string(i) + ">";
        text.resize(size, 'x');
        return text;
    }
    void publish(unsigned count, std::size_t size) {
        const auto opened = open();
        queue_user q = user(*opened);
        std::vector<message> all(count);
        for (unsigned i = 0; i < count; ++i) all[i].body = body(i, size);
        q.publish_all(std::move(all));
    }
    /// Changes the file at this text.
    void damage(std::string_view text, const std::function<void(std::string& file, std::size_t at)>& how) {
        std::ifstream from(path_, std::ios::binary);
        std::string file{std::istreambuf_iterator<char>(from), {}};
        const std::size_t at = file.find(text);
        ASSERT_NE(at, std::string::npos);
        how(file, at);
        std::ofstream(path_, std::ios::binary | std::ios::trunc) << file;
    }
    std::vector<dead_letter> dead(journal& of) {
        awaited<dead_request> r(home_);
        of.dead_letters(r);
        r.wait_home();
        return std::move(r.letters);
    }

    temporary_folder folder_;
    std::string path_{folder_.file("journal")};
    shard home_{"test"};
};

void flip_bit(std::string& file, std::size_t at) { file[at + 3] ^= 1; }
void wipe_page(std::string& file, std::size_t at) {
    const std::size_t page = at / damaged_page_bytes * damaged_page_bytes;
    file.replace(page, damaged_page_bytes, damaged_page_bytes, '\xff');
}

}  // namespace

TEST_F(damaged_journal, a_body_with_a_flipped_bit_is_a_dead_letter) {
    publish(20, 100);
    damage("<body 7>", flip_bit);
    const auto opened = open();
    queue_user q = user(*opened);
    const auto bodies = q.receive_bodies();
    EXPECT_EQ(bodies.size(), 19U);
    for (const std::string& b : bodies) EXPECT_EQ(b.size(), 100U);
    const auto letters = dead(*opened);
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters.front().reason, "damaged");
    EXPECT_EQ(letters.front().number, 1U);
    EXPECT_EQ(q.of().length(), 19U);
}

TEST_F(damaged_journal, who_receives_what_is_used_up_gets_no_damaged_body) {
    publish(1, 100);
    damage("<body 0>", flip_bit);
    const auto opened = open();
    EXPECT_TRUE(user(*opened).receive(10, milliseconds(0), true, true).empty());
    EXPECT_EQ(dead(*opened).size(), 1U);
}

TEST_F(damaged_journal, a_page_that_cannot_be_read_costs_what_lies_on_it) {
    publish(600, 100);
    damage("<body 300>", wipe_page);
    EXPECT_THROW(open(), std::runtime_error) << "it is found at the start";
    {
        const auto opened = open(true);
        queue_user q = user(*opened);
        std::vector<std::string> bodies;
        for (auto some = q.receive(100); !some.empty(); some = q.receive(100)) {
            for (const delivery& d : some) {
                bodies.push_back(d.message.body);
                ASSERT_EQ(q.ack(d), settlement::outcome::done);
            }
        }
        EXPECT_LT(bodies.size(), 590U);
        EXPECT_GT(bodies.size(), 500U);
        EXPECT_EQ(bodies.front(), body(0, 100));
        EXPECT_EQ(bodies.back(), body(599, 100));
        EXPECT_EQ(std::count(bodies.begin(), bodies.end(), body(300, 100)), 0);
        EXPECT_EQ(q.of().length(), 0U);
    }
    EXPECT_TRUE(user(*open()).receive().empty()) << "a whole journal again";
}

// A large file is not checked at its start.
TEST_F(damaged_journal, a_page_that_is_found_to_be_bad_later_costs_what_lies_on_it) {
    publish(600, 100);
    publish(9, 4 << 20);
    damage("<body 300>", wipe_page);
    const auto opened = open();
    queue_user q = user(*opened);
    std::vector<std::string> bodies;
    for (auto some = q.receive_bodies(50); !some.empty(); some = q.receive_bodies(50))
        bodies.insert(bodies.end(), some.begin(), some.end());
    EXPECT_LT(bodies.size(), 599U);
    EXPECT_GT(bodies.size(), 509U);
    EXPECT_EQ(bodies.back(), body(8, 4 << 20));
    EXPECT_EQ(std::count(bodies.begin(), bodies.end(), body(300, 100)), 0);
    EXPECT_EQ(std::count(bodies.begin(), bodies.end(), body(599, 100)), 1);
}

TEST_F(damaged_journal, a_large_body_that_cannot_be_read_costs_itself) {
    publish(9, 50'000);
    // the first of the pages behind its own, each of which begins with the number of the next
    damage("<body 4>", [](std::string& file, std::size_t at) {
        const std::size_t own = at / damaged_page_bytes * damaged_page_bytes;
        const std::string middle(40, 'x');
        for (std::size_t page = own + damaged_page_bytes; page < file.size(); page += damaged_page_bytes) {
            if (file.compare(page + 8, middle.size(), middle) != 0) continue;
            file.replace(page, 4, 4, '\x7f');
            return;
        }
    });
    const auto opened = open(true);
    const auto bodies = user(*opened).receive_bodies();
    EXPECT_EQ(bodies.size(), 8U);
}

TEST_F(damaged_journal, without_memory_publications_are_answered_busy_and_later_ones_are_taken) {
    const auto opened = open();
    queue_user q = user(*opened);
    ASSERT_EQ(q.publish(body(0, 100)).outcome, publication::outcome::confirmed);
    sqlite3_hard_heap_limit64(sqlite3_memory_used() + 100'000);
    const auto refused = q.publish(body(1, 4 << 20));
    sqlite3_hard_heap_limit64(0);
    EXPECT_EQ(refused.outcome, publication::outcome::failed);
    EXPECT_EQ(refused.why.code, errc::busy);
    EXPECT_EQ(refused.why.effect, effect::not_done);
    EXPECT_EQ(q.publish(body(2, 4 << 20)).outcome, publication::outcome::confirmed);
    EXPECT_EQ(q.receive_bodies().size(), 2U);
}

}  // namespace freshet::test
