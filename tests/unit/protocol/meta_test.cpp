#include "support/parsing.hpp"

namespace freshet::test {
namespace {

TEST(meta, get_knows_its_flags) {
    EXPECT_EQ(parse_one("mg a\r\n"), "get a may_win | mg");
    EXPECT_EQ(parse_one("mg a v\r\n"), "get a v may_win | mg");
    EXPECT_EQ(parse_one("mg a s t c f l h k v q Oabc u\r\n"),
              "get a v may_win u t@3 | mg quiet returns stcflhkO opaque abc");
    EXPECT_EQ(parse_one("mg a N30 R10 T60 t v\r\n"), "get a v may_win N=30@2 T=60@4 R=10@3 t@5 | mg returns t");
    EXPECT_EQ(parse_one("mg a E5\r\n"), "get a may_win assign=5 | mg");
    EXPECT_EQ(parse_one("mg a P L\r\n"), "get a may_win | mg");
}

TEST(meta, set_knows_its_flags_and_modes) {
    EXPECT_EQ(parse_one("ms a 2\r\nhi\r\n"), "store a set 'hi' | ms");
    EXPECT_EQ(parse_one("ms a 2 F5 T60 C9 E10 I N3 q k c s Ox\r\nhi\r\n"),
              "store a set 'hi' I N=3@8 T=60@4 flags=5 compare=9 assign=10 | ms quiet returns kcsO opaque x");
    EXPECT_EQ(parse_one("ms a 0 E0\r\n\r\n"), "store a set '' | ms");
    const std::pair<std::string, std::string> modes[] = {
        {"S", "set"}, {"E", "add"}, {"A", "append"}, {"P", "prepend"}, {"R", "replace"}};
    for (const auto& [mode, name] : modes) {
        EXPECT_EQ(parse_one("ms a 1 M" + mode + "\r\nx\r\n"), "store a " + name + " 'x' | ms");
    }
}

TEST(meta, delete_arithmetic_inspect_and_noop_know_their_flags) {
    EXPECT_EQ(parse_one("md a\r\n"), "remove a | md");
    EXPECT_EQ(parse_one("md a q k Oz I T30 C7 E8 x\r\n"),
              "remove a I x T=30@6 compare=7 assign=8 | md quiet returns kO opaque z");
    EXPECT_EQ(parse_one("ma a\r\n"), "arithmetic a | ma");
    EXPECT_EQ(parse_one("ma a N60 J13 D5 T30 t c v k\r\n"),
              "arithmetic a v N=60@2 T=30@5 t@6 delta=5 initial=13 | ma returns tck");
    for (const std::string mode : {"MI", "M+"}) EXPECT_EQ(parse_one("ma a " + mode + "\r\n"), "arithmetic a | ma");
    for (const std::string mode : {"MD", "M-"}) {
        EXPECT_EQ(parse_one("ma a " + mode + "\r\n"), "arithmetic a decrement | ma");
    }
    EXPECT_EQ(parse_one("me a\r\n"), "inspect a | me");
    EXPECT_EQ(parse_one("mn\r\n"), "noop | mn");
    EXPECT_EQ(parse_one("mn anything\r\n"), "noop | mn");
}

TEST(meta, base64_keys_are_decoded) {
    EXPECT_EQ(parse_one("mg Zm9v b k v\r\n"), "get foo v may_win b | mg base64 returns k");
    EXPECT_EQ(parse_one("ms Zm9v 1 b\r\nx\r\n"), "store foo set 'x' b | ms base64");
    EXPECT_EQ(parse_one("me Zm9v b\r\n"), "inspect foo b | me base64");
    EXPECT_EQ(parse_one("mg AGEK b\r\n"), std::string("get \0a\n may_win b | mg base64", 29));
    EXPECT_EQ(parse_one("mg Zm9 b\r\n"), "error CLIENT_ERROR error decoding key");
    EXPECT_EQ(parse_one("md Zm9 b\r\n"), "error CLIENT_ERROR invalid or duplicate flag");
    EXPECT_EQ(parse_one("me !!!! b\r\n"), "error CLIENT_ERROR bad command line format");
}

TEST(meta, opaque_tokens_have_31_bytes_at_most) {
    const std::string longest(31, 'o');
    EXPECT_EQ(parse_one("mg a O" + longest + "\r\n"), "get a may_win | mg returns O opaque " + longest);
    EXPECT_EQ(parse_one("mg a Oo" + longest + "\r\n"), "error CLIENT_ERROR opaque token too long");
    EXPECT_EQ(parse_one("mg a O\r\n"), "get a may_win | mg returns O");
}

TEST(meta, wrong_flags_are_refused) {
    EXPECT_EQ(parse_one("mg a v v\r\n"), "error CLIENT_ERROR duplicate flag");
    EXPECT_EQ(parse_one("mg a !\r\n"), "error CLIENT_ERROR invalid flag");
    EXPECT_EQ(parse_one("mg a \xff\r\n"), "error CLIENT_ERROR duplicate flag");
    EXPECT_EQ(parse_one("md a q q\r\n"), "error CLIENT_ERROR invalid or duplicate flag");
    EXPECT_EQ(parse_one("mg a Tx\r\n"), "error CLIENT_ERROR bad token in command line format");
    EXPECT_EQ(parse_one("mg a T\r\n"), "error CLIENT_ERROR bad token in command line format");
    EXPECT_EQ(parse_one("mg a C-1\r\n"), "error CLIENT_ERROR bad token in command line format");
    EXPECT_EQ(parse_one("ma a Mx\r\n"), "error CLIENT_ERROR invalid mode for ma M token");
    EXPECT_EQ(parse_one("ma a Dx\r\n"), "error CLIENT_ERROR invalid or duplicate flag");
    EXPECT_EQ(parse_one("mg a 1 2 3 4 5 6 7 8 9 A B D G H K L P V\r\n"),
              "error CLIENT_ERROR options flags are too long");
    EXPECT_EQ(parse_one("md a 1 2 3 4 5 6 7 8 9 A B D G H K L P V\r\n"), "error CLIENT_ERROR options flags too long");
}

TEST(meta, wrong_flags_of_a_set_swallow_its_value) {
    const auto told = [](const std::string& flags) { return parse("ms a 2 " + flags + "\r\nhi\r\nmn\r\n"); };
    EXPECT_EQ(told("v v"), (lines{"error CLIENT_ERROR duplicate flag", "noop | mn"}));
    EXPECT_EQ(told("Fx"), (lines{"error CLIENT_ERROR bad command line format", "noop | mn"}));
    EXPECT_EQ(told("Mx"), (lines{"error CLIENT_ERROR invalid mode for ms M token", "noop | mn"}));
    EXPECT_EQ(told("MSS"), (lines{"error CLIENT_ERROR incorrect length for M token", "noop | mn"}));
    EXPECT_EQ(told("O" + std::string(32, 'o')), (lines{"error CLIENT_ERROR opaque token too long", "noop | mn"}));
}

TEST(meta, wrong_lines_are_refused) {
    for (const std::string line : {"mg", "ms", "md", "ma", "mx a", "m a", "mgg a"}) {
        EXPECT_EQ(parse_one(line + "\r\n"), "error ERROR") << line;
    }
    for (const std::string line : {"ms a", "ms a x", "ms a -1", "ms a 2147483646", "me"}) {
        EXPECT_EQ(parse_one(line + "\r\n"), "error CLIENT_ERROR bad command line format") << line;
    }
}

}  // namespace
}  // namespace freshet::test
