// A journal's process is killed at many moments under load: what it confirmed holds.
#include <freshet/config.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "protocol/reply.hpp"
#include "queue/journal/dead_request.hpp"
#include "queue/journal/journal.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/doomed_child.hpp"
#include "support/queue_user.hpp"
#include "support/temporary_folder.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <thread>

namespace freshet::test {

namespace {

constexpr int queues = 3, keys = 4, rounds = 40;

std::string queue_name(int i) { return "q" + std::to_string(i); }

struct opened {
    explicit opened(const std::string& path)
        : journal_(*open_journal({.path = path, .allow_tmpfs = true, .queues_max = 10, .defaults = {}})) {
        home.start();
        queue_options options;
        options.max_attempts = 0;
        for (int i = 0; i < queues; ++i) users.emplace_back(home, journal_->open(queue_name(i), options));
    }
    ~opened() {
        journal_->stop();
        home.stop();
    }
    shard home{"test"};
    std::unique_ptr<journal> journal_;
    std::vector<queue_user> users;
};

/// Publishes for ever. The body of a message is its number within its key: "publish QUEUE ID KEY NUMBER" is told
/// before, "published QUEUE ID" once it is confirmed.
void publish_for_ever(opened& o, int round, int which, const teller& to) {
    std::mt19937 random(static_cast<unsigned>(1'000 * round + which));
    queue_user& q = o.users[static_cast<std::size_t>(which)];
    shard home("publisher");
    home.start();
    queue_user mine(home, q.of());
    std::map<std::string, int> next;
    for (int i = 0;; ++i) {
        message m;
        m.id = std::to_string(round) + "-" + std::to_string(which) + "-" + std::to_string(i);
        if (random() % 4 != 0) m.key = "k" + std::to_string(random() % keys) + "-" + std::to_string(round);
        m.body = std::to_string(m.key.empty() ? 0 : next[m.key]++);
        m.body.resize(m.body.size() + random() % 3'000, ' ');
        const std::string name = std::to_string(which) + " " + m.id;
        to.tell("publish " + name + " " + (m.key.empty() ? "-" : m.key));
        if (mine.publish(std::move(m)).outcome != publication::outcome::confirmed) to.tell("failed " + name);
        to.tell("published " + name);
    }
}

/// Receives and settles for ever: "got QUEUE ID marked|fresh", and around a settlement "ack? QUEUE ID", "ack QUEUE ID",
/// "dead?" ...
void work_for_ever(opened& o, int round, int which, const teller& to) {
    std::mt19937 random(static_cast<unsigned>(7'000 * round + which));
    shard home("worker");
    home.start();
    queue_user mine(home, o.users[static_cast<std::size_t>(which)].of());
    std::vector<delivery> open;
    for (;;) {
        for (delivery& d : mine.receive(5, milliseconds(2))) {
            to.tell("got " + std::to_string(which) + " " + d.message.id +
                    (d.redelivered || d.message.attempt > 1 ? " marked" : " fresh"));
            open.push_back(std::move(d));
        }
        std::shuffle(open.begin(), open.end(), random);
        while (open.size() > random() % 8) {
            const delivery d = std::move(open.back());
            open.pop_back();
            const std::string name = std::to_string(which) + " " + d.message.id;
            const unsigned what = random() % 8;
            if (what < 2) {
                mine.retry(d, milliseconds(random() % 2));
                continue;
            }
            const bool dead = what == 2;
            kept_result r;
            r.store = "main";
            r.key = d.message.id;
            r.value = "result of " + d.message.id;
            to.tell((dead ? "dead? " : "ack? ") + name);
            if (mine.settle(dead ? settlement::action::dead : settlement::action::ack, d.number, {}, "reason", r) !=
                settlement::outcome::done)
                to.tell("failed " + name);
            to.tell((dead ? "dead " : "ack ") + name);
        }
    }
}

/// What is known of one message from what the children told.
struct known {
    std::string key;
    bool confirmed{false}, got{false}, ack_asked{false}, acked{false}, death_asked{false}, dead{false};
    bool settled() const { return acked || dead; }
};

using knowledge = std::map<std::string, known>;  // by "QUEUE ID"

/// Which messages are dead letters, by "QUEUE ID". Who was worked on alone at three ends in a row has died without a
/// worker that asked for it.
struct letters {
    explicit letters(opened& o) {
        for (const dead_letter& l : dead_letters(o.home, *o.journal_, 1'000'000)) {
            const std::string name = l.queue.substr(1) + " " + l.message.id;
            all.insert(name);
            if (l.reason == "reason") asked.insert(name);
            else EXPECT_EQ(l.reason, "the process ended three times while this alone was worked on") << name;
        }
    }
    std::set<std::string> all, asked;
};

void learn(knowledge& all, const std::vector<std::string>& told) {
    for (const std::string& line : told) {
        std::istringstream words(line);
        std::string verb, queue, id, more;
        words >> verb >> queue >> id >> more;
        known& k = all[queue + " " + id];
        if (verb == "publish") k.key = more;
        else if (verb == "published") k.confirmed = true;
        else if (verb == "got") {
            EXPECT_FALSE(k.settled()) << line << ": it was settled";
            EXPECT_FALSE(k.got && more == "fresh") << line << ": it was handed out before";
            k.got = true;
        } else if (verb == "ack?") k.ack_asked = true;
        else if (verb == "dead?") k.death_asked = true;
        else if (verb == "ack") k.acked = true;
        else if (verb == "dead") k.dead = true;
        else ADD_FAILURE() << line;
    }
}

/// What is in the journal agrees with what is known; nothing of it is settled.
void check(const std::string& path, const knowledge& all) {
    opened o(path);
    const letters dead(o);
    std::set<std::string> results;
    for (const kept_result& r : o.journal_->results()) {
        EXPECT_EQ(r.value, "result of " + r.key);
        results.insert(r.key);
    }
    for (int i = 0; i < queues; ++i) {
        queue_user& q = o.users[static_cast<std::size_t>(i)];
        std::uint64_t count = 0;
        // They are looked at only: of each key the first is shown, and closing gives them back.
        for (auto some = q.receive(); !some.empty(); some = q.receive()) {
            for (const delivery& d : some) {
                const std::string name = std::to_string(i) + " " + d.message.id;
                ++count;
                const auto at = all.find(name);
                ASSERT_NE(at, all.end()) << name << " was never published";
                EXPECT_FALSE(at->second.settled()) << name << " was settled";
                EXPECT_TRUE(!at->second.got || d.redelivered || d.message.attempt > 1) << name << " is not marked";
            }
        }
        EXPECT_LE(count, q.of().length());
    }
    for (const auto& [name, k] : all) {
        EXPECT_TRUE(!k.dead || dead.all.contains(name)) << name << " is no dead letter";
        EXPECT_TRUE(!k.settled() || results.contains(name.substr(2))) << name << " has no result";
        EXPECT_TRUE(k.death_asked || !dead.asked.contains(name)) << name << " was not to die";
    }
}

/// Takes everything out of the journal, key by key, and leaves it empty.
void drain(const std::string& path, const knowledge& all) {
    opened o(path);
    const letters dead(o);
    std::set<std::string> taken;
    std::map<std::string, int> last;
    for (int i = 0; i < queues; ++i) {
        queue_user& q = o.users[static_cast<std::size_t>(i)];
        for (auto some = q.receive(1'000, milliseconds(5)); q.of().length() != 0;
             some = q.receive(1'000, milliseconds(5))) {
            for (const delivery& d : some) {
                const std::string name = std::to_string(i) + " " + d.message.id;
                EXPECT_TRUE(taken.insert(name).second) << name << " came twice";
                if (!d.message.key.empty()) {
                    int& before = last.try_emplace(std::to_string(i) + d.message.key, -1).first->second;
                    EXPECT_GT(std::stoi(d.message.body), before) << name;
                    before = std::stoi(d.message.body);
                }
                EXPECT_EQ(q.ack(d), settlement::outcome::done);
            }
        }
    }
    for (const auto& [name, k] : all) {
        EXPECT_TRUE(!k.confirmed || k.ack_asked || taken.contains(name) || dead.all.contains(name))
            << name << " is lost";
        EXPECT_FALSE(taken.contains(name) && (k.settled() || dead.all.contains(name))) << name << " came back";
    }
}

}  // namespace

TEST(journal_crash, what_was_confirmed_holds_through_kills_at_any_moment) {
    temporary_folder folder;
    const std::string path = folder.file("journal");
    std::mt19937 random(4'711);
    knowledge all;
    for (int round = 0; round < rounds; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        const auto told = run_until_killed(1 + random() % 1'500, [&](const teller& to) {
            opened o(path);
            std::vector<std::thread> threads;
            for (int i = 0; i < queues; ++i) {
                threads.emplace_back([&, i] { publish_for_ever(o, round, i, to); });
                threads.emplace_back([&, i] { work_for_ever(o, round, i, to); });
            }
            for (std::thread& t : threads) t.join();
        });
        learn(all, told);
        if (round % 6 == 5) check(path, all);
        if (HasFailure()) break;
    }
    drain(path, all);
}

}  // namespace freshet::test
