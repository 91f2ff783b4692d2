#include "support/parsing.hpp"

namespace freshet::test {
namespace {

constexpr auto bad_format = "error CLIENT_ERROR bad command line format";

TEST(classic, storing_commands_become_requests) {
    EXPECT_EQ(parse_one("set a 0 0 5\r\nhello\r\n"), "store a set 'hello' | line");
    EXPECT_EQ(parse_one("add a 1 60 0\r\n\r\n"), "store a add '' flags=1 exptime=60 | line");
    EXPECT_EQ(parse_one("replace a 4294967295 -1 1 noreply\r\nx\r\n"),
              "store a replace 'x' flags=4294967295 exptime=-1 | line noreply");
    EXPECT_EQ(parse_one("append a 0 0 1\r\nx\r\n"), "store a append 'x' | line");
    EXPECT_EQ(parse_one("prepend a 0 0 1\nx\r\n"), "store a prepend 'x' | line");
    EXPECT_EQ(parse_one("cas a 0 0 1 18446744073709551615\r\nx\r\n"),
              "store a set 'x' compare=18446744073709551615 | line");
    EXPECT_EQ(parse_one("cas a 0 0 1 7 noreply\r\nx\r\n"), "store a set 'x' compare=7 | line noreply");
    EXPECT_EQ(parse_one("  set   a  0 0   1  \r\nx\r\n"), "store a set 'x' | line");
}

TEST(classic, a_value_holds_any_bytes) {
    const std::string value("\r\nget a\r\n\0\xff\n", 12);
    EXPECT_EQ(parse_one("set a 0 0 12\r\n" + value + "\r\n"), "store a set '" + value + "' | line");
}

TEST(classic, gets_give_a_request_for_each_key) {
    EXPECT_EQ(parse_one("get a\r\n"), "get a v | get");
    EXPECT_EQ(parse("gets a  bb \r\n"), (lines{"get a v | gets more among", "get bb v | gets among"}));
    EXPECT_EQ(parse_one("bget a\r\n"), "get a v | get");
    EXPECT_EQ(parse("gat 10 a b\r\n"), (lines{"get a v T=10@1 | get more among", "get b v T=10@1 | get among"}));
    EXPECT_EQ(parse_one("gats -1 a\r\n"), "get a v T=-1@1 | gets");
    EXPECT_EQ(parse_one("gat 10\r\n"), "error END");
    EXPECT_EQ(parse_one("gat x a\r\n"), "error CLIENT_ERROR invalid exptime argument");
    EXPECT_EQ(parse_one("get\r\n"), "error ERROR");
}

TEST(classic, a_get_has_more_keys_than_a_line_has_tokens) {
    std::string input = "get";
    for (int i = 0; i < 100; ++i) input += " key" + std::to_string(i);
    const auto all = parse(input + "\r\nversion\r\n");
    ASSERT_EQ(all.size(), 101U);
    EXPECT_EQ(all[98], "get key98 v | get more among");
    EXPECT_EQ(all[99], "get key99 v | get among");
    EXPECT_EQ(all[100], "version | line");
}

TEST(classic, one_line_commands_become_requests) {
    EXPECT_EQ(parse_one("delete a\r\n"), "remove a | line");
    EXPECT_EQ(parse_one("delete a 0\r\n"), "remove a | line");
    EXPECT_EQ(parse_one("delete a noreply\r\n"), "remove a | line noreply");
    EXPECT_EQ(parse_one("delete a 0 noreply\r\n"), "remove a | line noreply");
    EXPECT_EQ(parse_one("incr a 5\r\n"), "arithmetic a v delta=5 | line");
    EXPECT_EQ(parse_one("decr a 18446744073709551615 noreply\r\n"),
              "arithmetic a v decrement delta=18446744073709551615 | line noreply");
    EXPECT_EQ(parse_one("touch a 30\r\n"), "touch a T=30@0 | line");
    EXPECT_EQ(parse_one("touch a 30 noreply\r\n"), "touch a T=30@0 | line noreply");
}

TEST(classic, one_line_commands_with_wrong_arguments_are_refused) {
    EXPECT_EQ(parse_one("delete\r\n"), "error ERROR");
    EXPECT_EQ(parse_one("delete a 5\r\n"),
              "error CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]");
    EXPECT_EQ(parse_one("delete a 0 0\r\n"),
              "error CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]");
    EXPECT_EQ(parse_one("incr a\r\n"), "error ERROR");
    EXPECT_EQ(parse_one("incr a x\r\n"), "error CLIENT_ERROR invalid numeric delta argument");
    EXPECT_EQ(parse_one("incr a 18446744073709551616\r\n"), "error CLIENT_ERROR invalid numeric delta argument");
    EXPECT_EQ(parse_one("touch a later\r\n"), "error CLIENT_ERROR invalid exptime argument");
    EXPECT_EQ(parse_one("touch a 1 2 3\r\n"), "error ERROR");
}

TEST(classic, what_the_session_answers_itself_is_local) {
    EXPECT_EQ(parse_one("version\r\n"), "version | line");
    EXPECT_EQ(parse_one("quit\r\n"), "quit | line");
    EXPECT_EQ(parse_one("verbosity 1\r\n"), "verbosity | line");
    EXPECT_EQ(parse_one("verbosity 1 noreply\r\n"), "verbosity | line noreply");
    EXPECT_EQ(parse_one("verbosity\r\n"), "error ERROR");
    EXPECT_EQ(parse_one("verbosity x\r\n"), bad_format);
    EXPECT_EQ(parse_one("flush_all\r\n"), "flush_all | line");
    EXPECT_EQ(parse_one("flush_all 10\r\n"), "flush_all exptime=10 | line");
    EXPECT_EQ(parse_one("flush_all noreply\r\n"), "flush_all | line noreply");
    EXPECT_EQ(parse_one("flush_all 10 noreply\r\n"), "flush_all exptime=10 | line noreply");
    EXPECT_EQ(parse_one("flush_all soon\r\n"), "error CLIENT_ERROR invalid exptime argument");
    EXPECT_EQ(parse_one("stats\r\n"), "stats | line");
    for (const std::string group : {"settings", "items", "slabs", "reset"}) {
        EXPECT_EQ(parse_one("stats " + group + "\r\n"), "stats " + group + " | line");
    }
    EXPECT_EQ(parse_one("stats nonsense\r\n"), "error ERROR");
}

TEST(classic, who_reads_to_the_end_of_figures_that_are_not_here_comes_to_it) {
    for (const std::string group : {"conns", "extstore", "proxy", "cachedump 1 10", "detail dump"})
        EXPECT_EQ(parse_one("stats " + group + "\r\n"), "error END") << group;
    EXPECT_EQ(parse_one("stats detail on\r\n"), "error OK");
    EXPECT_EQ(parse_one("stats detail off\r\n"), "error OK");
    EXPECT_EQ(parse_one("stats detail\r\n"), "error CLIENT_ERROR usage: stats detail on|off|dump");
    EXPECT_EQ(parse_one("stats cachedump 1\r\n"), "error CLIENT_ERROR bad command line");
    EXPECT_EQ(parse_one("stats cachedump x y\r\n"), bad_format);
    EXPECT_EQ(parse_one("cache_memlimit 64\r\n"), "error OK");
    EXPECT_EQ(parse_one("cache_memlimit x\r\n"), "error ERROR");
    EXPECT_EQ(parse_one("cache_memlimit\r\n"), "error ERROR");
}

TEST(classic, unknown_commands_are_errors) {
    for (const std::string line : {"", " ", "x", "GET a", "gett a", "lru_crawler metadump all", "watch", "slabs", "lru",
                                   "shutdown", "setx a 0 0 1", "incrx a 1", "touch", "\t"}) {
        EXPECT_EQ(parse_one(line + "\r\n"), "error ERROR") << line;
    }
    EXPECT_EQ(parse_one("\n"), "error ERROR");
}

TEST(classic, storing_with_wrong_numbers_is_refused) {
    for (const std::string line :
         {"set a x 0 1", "set a 0 x 1", "set a 0 0 x", "set a 0 0 -1", "set a -1 0 1", "cas a 0 0 1 x",
          "set a 0 0 2147483646", "set a 0 0 1x", "set a 99999999999999999999 0 1"}) {
        EXPECT_EQ(parse_one(line + "\r\n"), bad_format) << line;
    }
    for (const std::string line : {"set a 0 0", "cas a 0 0 1", "set a 0 0 1 noreply x", "set"}) {
        EXPECT_EQ(parse_one(line + "\r\n"), "error ERROR") << line;
    }
    EXPECT_EQ(parse_one("set a 0 0 -1 noreply\r\n"), std::string(bad_format) + " | noreply");
}

}  // namespace
}  // namespace freshet::test
