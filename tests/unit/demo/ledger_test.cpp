#include "demo/sites/ledger.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace freshet::demonstration {
namespace {

const std::vector<package_record> two_records{{"a", "Package: a"}, {"b", "Package: b"}};

struct demo_ledger : testing::Test {
    ledger fra{"fra", "demo:", two_records}, nyc{"nyc", "demo:", two_records};

    bool fits(const std::optional<std::string>& found) const { return is_allowed(fra, nyc, 0, found); }
};

TEST_F(demo_ledger, a_value_says_who_wrote_it_and_is_the_record) {
    EXPECT_EQ(fra.key(1), "demo:b");
    EXPECT_EQ(fra.value(1, 7), "Written: fra 7\nPackage: b");
}

TEST_F(demo_ledger, before_any_answer_nothing_may_be_there) {
    EXPECT_TRUE(fits({}));
    EXPECT_FALSE(fits(fra.value(0, 1)));
    EXPECT_FALSE(fra.knows(0));
}

TEST_F(demo_ledger, only_a_site_s_last_answered_write_may_be_there) {
    fra.answered(0, {1});
    EXPECT_FALSE(fits({}));
    fra.answered(0, {2});
    EXPECT_TRUE(fits(fra.value(0, 2)));
    EXPECT_FALSE(fits(fra.value(0, 1)));
    EXPECT_FALSE(fits(nyc.value(0, 2)));
    EXPECT_FALSE(fits(fra.value(1, 2)));
}

TEST_F(demo_ledger, either_site_s_may_be_there) {
    fra.answered(0, {1});
    nyc.answered(0, {1, true});
    EXPECT_TRUE(fits(fra.value(0, 1)));
    EXPECT_TRUE(fits({}));
    EXPECT_FALSE(fits(nyc.value(0, 1)));
}

TEST_F(demo_ledger, what_is_unsure_may_be_there_until_a_later_one_is_answered) {
    fra.answered(0, {1});
    fra.unsure(0, {2});
    fra.unsure(0, {3, true});
    EXPECT_TRUE(fits(fra.value(0, 1)));
    EXPECT_TRUE(fits(fra.value(0, 2)));
    EXPECT_TRUE(fits({}));
    fra.answered(0, {4});
    EXPECT_FALSE(fits(fra.value(0, 2)));
    EXPECT_FALSE(fits({}));
}

TEST_F(demo_ledger, what_is_unsure_alone_may_be_absent) {
    nyc.unsure(0, {1});
    EXPECT_TRUE(nyc.knows(0));
    EXPECT_TRUE(fits({}));
    EXPECT_TRUE(fits(nyc.value(0, 1)));
}

}  // namespace
}  // namespace freshet::demonstration
