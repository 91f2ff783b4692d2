#include "base/name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace freshet {
namespace {

TEST(name, has_up_to_64_plain_letters) {
    for (const auto& name : {std::string("a"), std::string("A-z_0.9:x"), std::string(64, 'x')})
        EXPECT_TRUE(is_name(name));
    for (const auto& name : {std::string(), std::string(65, 'x'), std::string("a b"), std::string("a/b"),
                             std::string("a#b"), std::string("\xc3\xa4"), std::string("a\0b", 3)})
        EXPECT_FALSE(is_name(name)) << name;
}

}  // namespace
}  // namespace freshet
