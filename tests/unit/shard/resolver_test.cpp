#include "shard/resolver.hpp"
#include "shard/shard.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace freshet {
namespace {

class a_resolver : public testing::Test {
protected:
    a_resolver() { home.start(); }
    ~a_resolver() override { home.stop(); }
    void look_up(const std::string& host) {
        subject->look_up(host, 11'211, [this](resolved r) {
            EXPECT_TRUE(home.here());
            answer = std::move(r);
            ++answers;
        });
    }
    void wait_for_answer() {
        for (int there = 0; there == 0;) home.run_and_wait([&] { there = answers; });
    }

    shard home{"home"};
    std::unique_ptr<resolver> subject{system_resolver(home)};
    resolved answer;
    int answers{0};
};

TEST_F(a_resolver, tells_addresses_on_the_shard) {
    home.run_and_wait([&] { look_up("127.0.0.1"); });
    wait_for_answer();
    ASSERT_EQ(answer.addresses.size(), 1U);
    EXPECT_EQ(answer.addresses[0].storage.ss_family, AF_INET);
    EXPECT_EQ(answer.trouble, "");
}

TEST_F(a_resolver, says_why_there_are_none) {
    home.run_and_wait([&] { look_up("no name, with blanks"); });
    wait_for_answer();
    EXPECT_TRUE(answer.addresses.empty());
    EXPECT_TRUE(answer.trouble.starts_with("the name does not resolve: ")) << answer.trouble;
}

TEST_F(a_resolver, that_is_gone_tells_nothing_and_its_end_waits_for_nobody) {
    home.run_and_wait([&] {
        for (int i = 0; i < 20; ++i) look_up("127.0.0.1");
        subject.reset();
    });
    subject = system_resolver(home);
    home.run_and_wait(
        [&] { subject->look_up("127.0.0.1", 1, [this](const resolved&) { home.run([this] { answers += 100; }); }); });
    wait_for_answer();
    EXPECT_EQ(answers, 100);
}

}  // namespace
}  // namespace freshet
