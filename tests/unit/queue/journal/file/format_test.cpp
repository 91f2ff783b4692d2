#include "queue/journal/file/format.hpp"

#include "config/options.hpp"

#include <gtest/gtest.h>

#include <random>

namespace freshet::journal_format {
namespace {

TEST(journal_format, headers_come_back_from_their_bytes) {
    for (const headers& h : {headers{}, headers{{"", ""}},
                             headers{{"a", "b"}, {"a", std::string("\0\xff", 2)}, {"", std::string(70'000, 'x')}}})
        EXPECT_EQ(decode(encode(h)), h);
}

TEST(journal_format, garbage_is_no_headers) {
    const std::string whole = encode({{"name", "value"}, {"other", ""}});
    for (std::size_t size = 1; size < whole.size(); ++size) {
        const bool first_pair = size == 17;
        EXPECT_EQ(decode(std::string_view(whole).substr(0, size)).has_value(), first_pair) << size;
    }
    EXPECT_FALSE(decode("\xff\xff\xff\xff"));
    std::mt19937 random(3);
    for (int i = 0; i < 2'000; ++i) {
        std::string bytes(random() % 40, '\0');
        for (char& c : bytes) c = static_cast<char>(random() % 6);
        const auto h = decode(bytes);
        EXPECT_TRUE(!h || encode(*h) == bytes);
    }
}

TEST(journal_format, a_place_holds_the_queue_in_front_of_the_number) {
    EXPECT_EQ(place(1, 5), (std::int64_t{1} << 44) + 5);
    EXPECT_EQ(number_of(place(queue_number_max, number_max)), number_max);
    EXPECT_GT(place(queue_number_max, number_max), 0);
    EXPECT_LT(place(1, number_max), place(2, 0));
}

TEST(journal_format, every_queue_that_may_be_made_has_a_number) {
    constexpr std::uint64_t of_the_file = 20'000;  // queues with a section of their own
    const reading::option* const most = reading::find_option("server", "queues_max");
    EXPECT_LE(std::get<reading::number<std::uint64_t>>(most->kind).most + of_the_file, queue_number_max);
}

TEST(journal_format, ids_are_the_tag_and_two_numbers_to_the_base_of_36) {
    EXPECT_EQ(make_id("ab3de", 1, 36), "ab3de-1-10");
    EXPECT_EQ(make_tag().size(), 5U);
}

}  // namespace
}  // namespace freshet::journal_format
