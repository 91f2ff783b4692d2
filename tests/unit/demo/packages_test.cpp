#include "demo/packages.hpp"

#include <gtest/gtest.h>

namespace freshet::demonstration {
namespace {

TEST(demo_packages, records_are_paragraphs_with_a_name) {
    const auto records =
        parse_packages("Package: a\nVersion: 1\n\nPackage: b\nDescription: x\n .\n y\n\nVersion: 2\n\n\nPackage: c");
    ASSERT_EQ(records.size(), 3U);
    EXPECT_EQ(records[0].name, "a");
    EXPECT_EQ(records[0].text, "Package: a\nVersion: 1");
    EXPECT_EQ(records[1].text, "Package: b\nDescription: x\n .\n y");
    EXPECT_EQ(records[2].text, "Package: c");
}

TEST(demo_packages, the_first_record_of_a_name_counts) {
    const auto records = parse_packages("Package: a\nVersion: 2\n\nPackage: a\nVersion: 1\n");
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].text, "Package: a\nVersion: 2");
}

TEST(demo_packages, nothing_has_no_records) {
    EXPECT_TRUE(parse_packages("").empty());
    EXPECT_TRUE(parse_packages("\n\n\n").empty());
    EXPECT_TRUE(parse_packages("no field").empty());
}

TEST(demo_packages, who_is_depended_on_is_counted_once_a_record) {
    const auto records = parse_packages(
        "Package: a\nDepends: libc (>= 2), b | c:any [amd64], libc (<< 3), virtual\n\n"
        "Package: b\nPre-Depends: libc\nRecommends: a,\n c <!nocheck>,\n d(= 1)\n\n"
        "Package: c\nSuggests: libc\nConflicts: a\nDepends: c\n\n"
        "Package: d\nDescription: Depends: libc\n Depends: libc\n\n"
        "Package: libc\n");
    EXPECT_EQ(reverse_dependencies(records), (std::vector<std::uint32_t>{1, 1, 2, 1, 2}));
}

}  // namespace
}  // namespace freshet::demonstration
