#include <freshet/client.hpp>

#include "support/temporary_folder.hpp"
#include "version/version.hpp"

#include <gtest/gtest.h>

#include <thread>

using namespace freshet;
using namespace freshet::test;
using namespace std::literals;

namespace {

/// One store in memory; gets below "slow:" wait for a minute, all others not at all.
class a_client : public testing::Test {
protected:
    a_client() {
        config c;
        c.state_folder = folder.path();
        c.stores.emplace_back();
        route_config plain, slow;
        plain.prefixes = {""};
        slow.prefixes = {"slow:"};
        plain.store = slow.store = c.stores.front().name;
        slow.wait = 60s;
        c.routes = {plain, slow};
        subject = *client::open(c);
    }

    temporary_folder folder;
    std::unique_ptr<client> subject;
};

TEST(a_client_of_a_site, writes_and_works_by_way_of_the_routes) {
    temporary_folder folder(temporary_folder::on::disk);
    config c;
    c.state_folder = folder.path();
    c.site.name = "fra";
    c.stores.emplace_back();
    for (const char* const name : {"changes", "tasks"}) {
        queue_config& q = c.queues.emplace_back();
        q.name = name;
        q.urls = {"journal:"};
    }
    route_config& told = c.routes.emplace_back();
    told.prefixes = {""};
    told.store = c.stores.front().name;
    told.publish = "changes";
    route_config& tasks = c.routes.emplace_back();
    tasks.prefixes = {"task"};
    tasks.queue = "tasks";
    flow_config& changes = c.flows.emplace_back();
    changes.from = "changes";
    changes.apply = c.stores.front().name;
    const auto subject = *client::open(c);
    EXPECT_TRUE(*subject->set("k", "v"));
    EXPECT_GE((*subject->get("k"))->cas, lowest_version);
    EXPECT_FALSE(*subject->add("k", "v"));
    EXPECT_TRUE(*subject->remove("k"));
    EXPECT_TRUE(subject->work("tasks", [](const message& m) { return m.body; }));
    EXPECT_TRUE(subject->publish("task", "body", "a"));
    const auto result = *subject->wait("result:a", 60s);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->data, "body");
    EXPECT_GE(result->cas, lowest_version);
}

TEST_F(a_client, wait_ends_at_its_own_time_on_a_route_that_waits_for_longer) {
    const auto found = subject->wait("slow:k", 20ms);
    ASSERT_TRUE(found);
    EXPECT_FALSE(*found);
}

TEST_F(a_client, wait_finds_a_value_that_comes_on_either_kind_of_route) {
    for (const std::string key : {"slow:k", "k"}) {
        std::thread setting([&] { EXPECT_TRUE(*subject->set(key, "v")); });
        const auto found = subject->wait(key, 60s);
        setting.join();
        ASSERT_TRUE(found && *found) << key;
        EXPECT_EQ((*found)->data, "v");
    }
}

TEST_F(a_client, wait_of_no_time_or_less_is_a_get_and_of_all_time_ends_with_the_value) {
    EXPECT_FALSE(*subject->wait("k", 0ms));
    EXPECT_FALSE(*subject->wait("k", -1h));
    EXPECT_TRUE(*subject->set("k", "v"));
    EXPECT_TRUE(*subject->wait("k", milliseconds::max()));
}

TEST_F(a_client, many_threads_wait_for_the_same_and_for_other_keys) {
    constexpr int count = 16;
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&, i] {
            const auto found = subject->wait("slow:" + std::to_string(i / 2), 60s);
            EXPECT_TRUE(found && *found);
        });
    }
    for (int i = 0; i < count / 2; ++i) EXPECT_TRUE(*subject->set("slow:" + std::to_string(i), "v"));
    for (auto& t : threads) t.join();
}

}  // namespace
