#include "config/suggest.hpp"

#include <gtest/gtest.h>

namespace freshet::reading {
namespace {

TEST(suggest, the_nearest_name_is_found) {
    const std::vector<std::string_view> known{"listen", "threads", "stop_timeout", "size"};
    EXPECT_EQ(nearest("lsiten", known), "listen");
    EXPECT_EQ(nearest("thread", known), "threads");
    EXPECT_EQ(nearest("stoptimeout", known), "stop_timeout");
    EXPECT_EQ(nearest("sizes", known), "size");
    EXPECT_EQ(nearest("colour", known), "");
    EXPECT_EQ(nearest("", known), "");
    EXPECT_EQ(nearest(std::string(100'000, 'x'), known), "");
}

TEST(suggest, without_a_near_one_the_names_are_listed) {
    EXPECT_EQ(suggestion("zzz", {}), "; there is none");
    EXPECT_EQ(suggestion("zzz", {"main"}), "; there is main");
    EXPECT_EQ(suggestion("zzz", {"main", "other"}), "; there are main, other");
    EXPECT_EQ(suggestion("mian", {"main", "other"}), ", did you mean 'main'?");
}

}  // namespace
}  // namespace freshet::reading
