#include <freshet/error.hpp>

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>

namespace freshet {
namespace {

TEST(error, every_code_has_a_sentence_of_its_own) {
    std::set<std::string_view> seen;
    for (int code = static_cast<int>(errc::busy); code <= static_cast<int>(errc::message_too_large); ++code) {
        const std::string_view text = explain(static_cast<errc>(code));
        EXPECT_FALSE(text.empty()) << code;
        EXPECT_NE(text.back(), '.') << text;
        EXPECT_EQ(text.find_first_of("\r\n"), text.npos) << text;
        EXPECT_TRUE(seen.insert(text).second) << text;
    }
    EXPECT_EQ(explain(static_cast<errc>(4'711)), "failed");
}

TEST(error, codes_are_of_one_category) {
    const boost::system::error_code e = make_error_code(errc::queue_full);
    EXPECT_TRUE(e);
    EXPECT_EQ(&e.category(), &category());
    EXPECT_STREQ(e.category().name(), "freshet");
    EXPECT_EQ(e.message(), "is full (length_max)");
}

TEST(error, effects_are_spelled_as_clients_read_them) {
    EXPECT_EQ(to_string(effect::not_done), "not_done");
    EXPECT_EQ(to_string(effect::maybe_done), "maybe_done");
}

TEST(error, a_problem_nobody_looked_at_is_thrown_with_its_sentence) {
    const result<int> r = problem{errc::journal_path, effect::not_done, "the journal x cannot be opened"};
    try {
        static_cast<void>(r.value());
        FAIL();
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "the journal x cannot be opened");
    }
}

}  // namespace
}  // namespace freshet
