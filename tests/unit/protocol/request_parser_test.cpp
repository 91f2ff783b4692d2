#include "protocol/request_parser.hpp"
#include "protocol/form.hpp"
#include "protocol/request.hpp"
#include "support/parsing.hpp"

namespace freshet::test {
namespace {

constexpr auto bad_format = "error CLIENT_ERROR bad command line format";
const std::string longest_key(key_size_max, 'k');
const std::string too_long_key(key_size_max + 1, 'k');

TEST(parser, a_key_of_250_bytes_is_taken) {
    EXPECT_EQ(parse_one("get " + longest_key + "\r\n"), "get " + longest_key + " v | get");
    EXPECT_EQ(parse_one("set " + longest_key + " 0 0 1\r\nx\r\n"), "store " + longest_key + " set 'x' | line");
    EXPECT_EQ(parse_one("mg " + longest_key + "\r\n"), "get " + longest_key + " may_win | mg");
}

TEST(parser, key_over_250_bytes_is_refused) {
    for (const std::string line : {"get ", "gets a ", "gat 0 ", "delete ", "mg ", "md ", "ma ", "me "}) {
        EXPECT_EQ(parse_one(line + too_long_key + "\r\n"), bad_format) << line;
    }
    EXPECT_EQ(parse_one("touch " + too_long_key + " 0\r\n"), bad_format);
    EXPECT_EQ(parse_one("incr " + too_long_key + " 1\r\n"), bad_format);
}

// memcached does the same: it does not read the size behind such a key
TEST(parser, value_behind_a_key_over_250_bytes_is_read_as_a_command) {
    EXPECT_EQ(parse("set " + too_long_key + " 0 0 5\r\nhello\r\nversion\r\n"),
              (lines{bad_format, "error ERROR", "version | line"}));
    EXPECT_EQ(parse("ms " + too_long_key + " 5\r\nhello\r\nmn\r\n"), (lines{bad_format, "error ERROR", "noop | mn"}));
}

TEST(parser, bad_data_chunk_is_swallowed_and_the_connection_usable) {
    const lines told{"error CLIENT_ERROR bad data chunk", "version | line"};
    EXPECT_EQ(parse("set a 0 0 5\r\nhelloXXversion\r\n"), told);
    EXPECT_EQ(parse("set a 0 0 5\r\nhello\rXversion\r\n"), told);
    EXPECT_EQ(parse("set a 0 0 5\r\nhelloX\nversion\r\n"), told);
    EXPECT_EQ(parse("ms a 5\r\nhelloXXversion\r\n"), told);
    EXPECT_EQ(parse("set a 0 0 1 noreply\r\nxyz\r\nversion\r\n"),
              (lines{"error CLIENT_ERROR bad data chunk | noreply", "error ERROR", "version | line"}));
}

TEST(parser, too_large_value_is_swallowed_and_the_connection_usable) {
    const std::string value(2'000, 'x');
    const auto behind = [&](const std::string& line) {
        return parse(line + "\r\n" + value + "\r\nversion\r\n", 1'024);
    };
    EXPECT_EQ(behind("set a 0 0 2000"), (lines{"store a set '' too_large | line", "version | line"}));
    EXPECT_EQ(behind("add a 0 0 2000 noreply"),
              (lines{"store a add '' too_large keep_item | line noreply", "version | line"}));
    EXPECT_EQ(behind("cas a 0 0 2000 7"),
              (lines{"store a set '' too_large keep_item compare=7 | line", "version | line"}));
    EXPECT_EQ(behind("ms a 2000 q"), (lines{"store a set '' too_large | ms quiet", "version | line"}));
}

TEST(parser, the_largest_value_is_one_byte_less_than_too_large) {
    const std::size_t room = 1'024 - (48 + 8 + 1 + 1 + 2);
    const auto command = [](std::size_t n) {
        return "set a 0 0 " + std::to_string(n) + "\r\n" + std::string(n, 'x') + "\r\n";
    };
    EXPECT_EQ(parse_one(command(room), 1'024), "store a set '" + std::string(room, 'x') + "' | line");
    EXPECT_EQ(parse_one(command(room + 1), 1'024), "store a set '' too_large | line");
}

TEST(parser, endless_line_ends_the_connection) {
    EXPECT_EQ(parse(std::string(2'048, 'x')), (lines{"left 2048"}));
    EXPECT_EQ(parse(std::string(2'049, 'x')), (lines{"closing"}));
    EXPECT_EQ(parse("set " + std::string(4'000, 'k')), (lines{"closing"}));
}

TEST(parser, keys_of_a_get_longer_than_other_lines_are_taken_as_they_come) {
    const std::size_t count = 400;
    lines told;
    std::string line = "gets";
    for (std::size_t i = 0; i < count; ++i) {
        line += " abcdef";
        told.emplace_back("get abcdef v | gets more among");
    }
    const lines all = told;
    told.emplace_back("get v | gets among");
    told.emplace_back("version | line");
    EXPECT_EQ(parse(line + "\r\nversion\r\n"), told);
    EXPECT_EQ(parse("  " + line + "  \nversion\r\n"), told);
    EXPECT_EQ(parse(line + std::string("\0 x y\r\nversion\r\n", 16)), told);
    const auto cut = parse(line + " abc");
    EXPECT_EQ(cut.size(), count + 1);
    EXPECT_EQ(cut.back(), "left 3");  // no more of a line is kept than what may be a key
}

TEST(parser, get_of_any_length_is_read) {
    std::string line = "get";
    const std::size_t count = 300'000;
    for (std::size_t i = 0; i < count; ++i) line += " abcdefghijklm";
    const auto told = transcript(line + "\r\n", default_item_size_max, [] { return 65'536; });
    EXPECT_EQ(told.size(), count + 1);
    EXPECT_EQ(told.back(), "get v | get among");
}

TEST(parser, long_get_with_a_key_over_250_bytes_ends_with_an_error_and_the_connection_is_usable) {
    const std::string blanks(2'100, ' ');
    EXPECT_EQ(parse("get a " + blanks + too_long_key + " b\r\nversion\r\n"),
              (lines{"get a v | get more among", bad_format, "version | line"}));
    EXPECT_EQ(parse("get " + blanks + longest_key + "\r\nversion\r\n"),
              (lines{"get " + longest_key + " v | get more among", "get v | get among", "version | line"}));
    EXPECT_EQ(parse("get " + blanks + "\r\nversion\r\n"), (lines{"error ERROR", "version | line"}));
    EXPECT_EQ(parse("gat 1" + std::string(3'000, ' ')), (lines{"closing"}));
}

TEST(parser, line_ends_at_a_nul) {
    EXPECT_EQ(parse(std::string("get a\0b c\r\nversion\r\n", 20)), (lines{"get a v | get", "version | line"}));
    EXPECT_EQ(parse(std::string("get a b\0c d\r\n", 13)), (lines{"get a v | get more among", "get b v | get among"}));
    EXPECT_EQ(parse_one(std::string("\0get a\r\n", 8)), "error ERROR");
    EXPECT_EQ(parse_one(std::string("mg a v\0 t\r\n", 11)), "get a v may_win | mg");
    EXPECT_EQ(parse_one(std::string("set a 0 0 1\0 noreply\r\nx\r\n", 25)), "store a set 'x' | line");
}

TEST(parser, binary_frame_is_answered_in_binary_and_ends_the_connection) {
    std::string frame(24, '\0');
    frame[0] = '\x80';
    frame[1] = '\x0b';
    frame.replace(12, 4, "\x01\x02\x03\x04");
    const auto told = parse(frame + "more of it");
    ASSERT_EQ(told.size(), 1U);
    std::string answer(24, '\0');
    answer[0] = answer[7] = '\x81';
    answer[1] = '\x0b';
    answer[11] = 15;
    answer.replace(12, 4, "\x01\x02\x03\x04");
    EXPECT_EQ(told[0], "closing " + answer + "Unknown command");
    EXPECT_EQ(parse(frame.substr(0, 23)), (lines{"left 23"}));
    EXPECT_EQ(parse("version\r\n\x80\r\n"), (lines{"version | line", "error ERROR"}));
}

TEST(parser, http_ends_the_connection) {
    EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: x\r\n\r\n"), (lines{"closing"}));
    EXPECT_EQ(parse_one("GET / HTTP/1.1\r\n"), "closing");
}

TEST(parser, wanted_says_how_much_a_value_needs) {
    request_parser parser(default_item_size_max);
    request r;
    form f;
    std::string_view input = "set a 0 0 100\r\nbegin";
    EXPECT_EQ(parser.next(input, r, f), request_parser::status::more);
    EXPECT_EQ(parser.wanted(), 15U + 100U + 2U);
    EXPECT_EQ(input.size(), 20U);
    input = "set a 0";
    EXPECT_EQ(parser.next(input, r, f), request_parser::status::more);
    EXPECT_EQ(parser.wanted(), 0U);
}

}  // namespace
}  // namespace freshet::test
