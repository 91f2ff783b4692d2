#include <freshet/time.hpp>

#include "flow/http/host_addresses.hpp"
#include "shard/resolver.hpp"
#include "shard/socket_address.hpp"
#include "store/pool/address.hpp"

#include <gtest/gtest.h>

#include <vector>

using namespace freshet;
using namespace std::chrono_literals;

namespace {

/// Answers when the test says so.
class slow_resolver final : public resolver {
public:
    void look_up(const std::string&, std::uint16_t, std::function<void(resolved)> then) override {
        asked.push_back(std::move(then));
    }
    void answer(std::vector<socket_address> with, std::string trouble = "") {
        resolved there;
        there.addresses = std::move(with);
        there.trouble = std::move(trouble);
        asked.back()(there);
    }
    std::vector<std::function<void(resolved)>> asked;
};

class addresses_of_a_host : public testing::Test {
protected:
    static socket_address at(const char* host) { return literal_address({host, 80, 1}); }

    slow_resolver by;
    int changes{0};
    host_addresses host{by, "h", 80, [this] { ++changes; }};
    steady::time_point now{1h};
};

}  // namespace

TEST(literal_address, needs_no_look_up) {
    for (const char* text : {"127.0.0.1", "::1", "2001:db8::7"}) EXPECT_TRUE(is_literal_address(text)) << text;
    for (const char* text : {"localhost", "127.1", "h", "1.2.3.4.example"})
        EXPECT_FALSE(is_literal_address(text)) << text;
}

TEST_F(addresses_of_a_host, are_looked_up_once_for_all) {
    host.need(now);
    host.need(now);
    EXPECT_TRUE(host.is_looking());
    by.answer({at("10.0.0.1"), at("2001:db8::7")});
    EXPECT_EQ(changes, 1);
    EXPECT_EQ(host.list(), "h:80:10.0.0.1,[2001:db8::7]");
    host.need(now + 59s);
    EXPECT_EQ(by.asked.size(), 1U);
}

TEST_F(addresses_of_a_host, are_used_while_they_are_looked_up_again) {
    host.need(now);
    by.answer({at("10.0.0.1")});
    host.need(now + 60s);
    EXPECT_TRUE(host.is_looking());
    EXPECT_EQ(host.list(), "h:80:10.0.0.1");
    by.answer({at("10.0.0.2")});
    EXPECT_EQ(host.list(), "h:80:10.0.0.2");
}

TEST_F(addresses_of_a_host, stay_when_they_cannot_be_looked_up_again) {
    host.need(now);
    by.answer({at("10.0.0.1")});
    host.need(now + 60s);
    by.answer({}, "no answer");
    EXPECT_EQ(host.list(), "h:80:10.0.0.1");
}

TEST_F(addresses_of_a_host, are_not_known_when_they_never_were) {
    host.need(now);
    by.answer({}, "no such host");
    EXPECT_EQ(host.list(), "");
    EXPECT_EQ(host.trouble(), "no such host");
    host.need(now);
    EXPECT_EQ(by.asked.size(), 2U);
    by.answer({});
    EXPECT_EQ(host.trouble(), "the name has no address");
}

TEST_F(addresses_of_a_host, where_nobody_answers_are_looked_up_again_but_not_for_each_call) {
    host.need(now);
    by.answer({at("10.0.0.1")});
    host.doubt(now + 500ms);
    EXPECT_EQ(host.list(), "h:80:10.0.0.1");
    host.doubt(now + 1s);
    EXPECT_EQ(host.list(), "");
    host.need(now + 1s);
    EXPECT_EQ(by.asked.size(), 2U);
}

TEST(addresses, may_go_before_the_resolver_answers) {
    slow_resolver by;
    {
        host_addresses host(by, "h", 80, [] { FAIL(); });
        host.need(steady::now());
    }
    by.answer({});
}
