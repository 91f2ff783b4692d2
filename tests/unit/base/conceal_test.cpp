#include "base/conceal.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace freshet {
namespace {

TEST(conceal, passwords_of_urls_are_not_shown) {
    EXPECT_EQ(conceal("a b"), "a b");
    EXPECT_EQ(conceal("to amqp://me:p@ss@h:1/v: no"), "to amqp://...@h:1/v: no");
    EXPECT_EQ(conceal("'amqp://a:b@h' and \"http://c@i/\""), "'amqp://...@h' and \"http://...@i/\"");
    EXPECT_EQ(conceal("http://h/ mail a@b"), "http://h/ mail a@b");
    EXPECT_EQ(conceal("://"), "://");
}

TEST(conceal, what_stands_for_a_secret_is_shown) {
    const std::vector<secret> secrets{{"hush", "${S}"}, {"abc", "${SHORT}"}};
    EXPECT_EQ(conceal("hush: 'hushhush' abc", secrets), "${S}: '${S}${S}' abc");
    EXPECT_EQ(conceal("self", std::vector<secret>{{"self", "${self}"}}), "${self}");
}

TEST(conceal, a_wrong_url_shows_nothing_in_front_of_its_last_at_sign) {
    EXPECT_EQ(url_in_quotes("memory:x"), "'memory:x'");
    EXPECT_EQ(url_in_quotes("amqp://me:hush@h/v"), "'amqp://...@h/v'");
    EXPECT_EQ(url_in_quotes("amqp:me:hush@h"), "'amqp:...@h'");
    EXPECT_EQ(url_in_quotes("hush@h"), "'...@h'");
    EXPECT_EQ(url_in_quotes("amqp://me:hush/v"), "'amqp://me:.../v'");
    EXPECT_EQ(url_in_quotes("amqp://h:5672/v"), "'amqp://h:5672/v'");
    EXPECT_EQ(url_in_quotes("http://[::1]/x"), "'http://[::1]/x'");
    EXPECT_EQ(url_in_quotes("me:hush@h://x"), "'...@h://x'");
    EXPECT_EQ(url_in_quotes("amqp://" + std::string(100, 'x') + "@h"), "'amqp://...@h'");
}

}  // namespace
}  // namespace freshet
