// Classic commands, against any store.
#include <freshet/time.hpp>

#include "contract/store_suite.hpp"
#include "protocol/ask.hpp"

namespace freshet::test {

TEST_P(every_store, set_is_read_back_with_its_flags) {
    EXPECT_EQ(ask("get a\r\n"), "END\r\n");
    EXPECT_EQ(ask("set a 4294967295 0 5\r\nhello\r\n"), "STORED\r\n");
    EXPECT_EQ(ask("get a\r\n"), "VALUE a 4294967295 5\r\nhello\r\nEND\r\n");
    EXPECT_EQ(ask("set a 1 0 2\r\nyo\r\nget a\r\n"), "STORED\r\nVALUE a 1 2\r\nyo\r\nEND\r\n");
}

TEST_P(every_store, any_byte_may_be_in_a_value) {
    using namespace std::string_view_literals;
    EXPECT_EQ(ask("set a 7 0 5\r\n\0\r\n\xff!\r\n"sv), "STORED\r\n");
    EXPECT_EQ(ask("get a\r\n"), "VALUE a 7 5\r\n\0\r\n\xff!\r\nEND\r\n"sv);
    EXPECT_EQ(ask("set b 0 0 0\r\n\r\nget b\r\n"), "STORED\r\nVALUE b 0 0\r\n\r\nEND\r\n");
}

TEST_P(every_store, a_get_of_many_keys_answers_those_that_are_there) {
    ask("set a 0 0 1\r\n1\r\nset b 0 0 1\r\n2\r\n");
    EXPECT_EQ(ask("get a x b\r\n"), "VALUE a 0 1\r\n1\r\nVALUE b 0 1\r\n2\r\nEND\r\n");
}

TEST_P(every_store, add_and_replace_look_first) {
    EXPECT_EQ(ask("replace a 0 0 1\r\n1\r\n"), "NOT_STORED\r\n");
    EXPECT_EQ(ask("add a 0 0 1\r\n2\r\n"), "STORED\r\n");
    EXPECT_EQ(ask("add a 0 0 1\r\n3\r\n"), "NOT_STORED\r\n");
    EXPECT_EQ(ask("replace a 0 0 1\r\n4\r\n"), "STORED\r\n");
    EXPECT_EQ(value("a"), "4");
}

TEST_P(every_store, append_and_prepend_need_a_value_and_keep_its_flags) {
    EXPECT_EQ(ask("append a 0 0 1\r\n1\r\n"), "NOT_STORED\r\n");
    EXPECT_EQ(ask("prepend a 0 0 1\r\n1\r\n"), "NOT_STORED\r\n");
    ask("set a 5 0 1\r\nm\r\n");
    EXPECT_EQ(ask("append a 9 0 3\r\nend\r\nprepend a 9 0 5\r\nbegin\r\n"), "STORED\r\nSTORED\r\n");
    EXPECT_EQ(ask("get a\r\n"), "VALUE a 5 9\r\nbeginmend\r\nEND\r\n");
}

TEST_P(every_store, cas_stores_only_over_what_was_read) {
    EXPECT_EQ(ask("cas a 0 0 1 1\r\n1\r\n"), "NOT_FOUND\r\n");
    ask("set a 0 0 1\r\n1\r\n");
    const std::string first = cas("a");
    EXPECT_EQ(ask("gets a\r\n"), "VALUE a 0 1 " + first + "\r\n1\r\nEND\r\n");
    EXPECT_EQ(ask("cas a 0 0 1 " + first + "\r\n2\r\n"), "STORED\r\n");
    EXPECT_NE(cas("a"), first);
    EXPECT_EQ(ask("cas a 0 0 1 " + first + "\r\n3\r\n"), "EXISTS\r\n");
    EXPECT_EQ(value("a"), "2");
}

TEST_P(every_store, a_deleted_key_is_gone) {
    EXPECT_EQ(ask("delete a\r\n"), "NOT_FOUND\r\n");
    ask("set a 0 0 1\r\n1\r\n");
    EXPECT_EQ(ask("delete a\r\nget a\r\n"), "DELETED\r\nEND\r\n");
}

TEST_P(every_store, numbers_count_up_and_round_and_down_to_nothing) {
    EXPECT_EQ(ask("incr n 1\r\n"), "NOT_FOUND\r\n");
    ask("set n 0 0 2\r\n10\r\n");
    EXPECT_EQ(ask("incr n 5\r\ndecr n 6\r\ndecr n 100\r\n"), "15\r\n9\r\n0\r\n");
    EXPECT_EQ(ask("incr n 18446744073709551615\r\nincr n 2\r\n"), "18446744073709551615\r\n1\r\n");
    ask("set n 0 0 2\r\nxy\r\n");
    EXPECT_EQ(ask("incr n 1\r\n"), "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n");
}

TEST_P(every_store, an_item_lives_as_long_as_it_was_told_to) {
    ask("set a 0 10 1\r\n1\r\nset b 0 0 1\r\n2\r\nset c 0 -1 1\r\n3\r\n");
    EXPECT_EQ(value("c"), "a miss");
    pass(seconds(8));
    EXPECT_EQ(value("a"), "1");
    pass(seconds(3));
    EXPECT_EQ(value("a"), "a miss");
    EXPECT_EQ(value("b"), "2");
    EXPECT_EQ(ask("add a 0 0 1\r\n4\r\n"), "STORED\r\n");
}

TEST_P(every_store, touch_and_gat_give_an_item_more_time) {
    EXPECT_EQ(ask("touch a 10\r\n"), "NOT_FOUND\r\n");
    EXPECT_EQ(ask("gat 10 a\r\n"), "END\r\n");
    ask("set a 3 5 1\r\n1\r\nset b 4 5 1\r\n2\r\n");
    EXPECT_EQ(ask("touch a 60\r\n"), "TOUCHED\r\n");
    EXPECT_EQ(ask("gat 60 b\r\n"), "VALUE b 4 1\r\n2\r\nEND\r\n");
    pass(seconds(50));
    EXPECT_EQ(value("a"), "1");
    EXPECT_EQ(ask("touch a 0\r\n"), "TOUCHED\r\n");
    pass(seconds(50));
    EXPECT_EQ(value("a"), "1");
    EXPECT_EQ(value("b"), "a miss");
}

}  // namespace freshet::test
