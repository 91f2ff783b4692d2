#include <freshet/error.hpp>

#include "protocol/ask.hpp"
#include "protocol/form.hpp"
#include "protocol/render.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "shard/output.hpp"
#include "support/heap.hpp"

#include <gtest/gtest.h>

#include <string>

namespace freshet {
namespace {

std::string rendered(const request& r, const form& f, const reply& a) {
    output out;
    freshet::render(r, f, a, out);
    return std::string(out.text().view());
}

/// Request, form and reply of one test, on the key "k".
struct rendering : testing::Test {
    rendering() { r.key = "k"; }
    void answer(outcome o, std::string_view value = {}) {
        a.outcome = o;
        a.value.clear();
        a.value.append(value);
        a.size = value.size();
    }
    void ask(std::string_view flags) {
        f.dialect = dialect::meta;
        f.return_count = 0;
        for (const char c : flags) f.returns[f.return_count++] = c;
    }
    std::string text() { return rendered(r, f, a); }
    std::string text(outcome o, std::string_view value = {}) {
        answer(o, value);
        return text();
    }

    request r;
    form f;
    reply a;
};

TEST_F(rendering, classic_lines_say_what_became_of_it) {
    EXPECT_EQ(text(outcome::stored), "STORED\r\n");
    EXPECT_EQ(text(outcome::not_stored), "NOT_STORED\r\n");
    EXPECT_EQ(text(outcome::exists), "EXISTS\r\n");
    EXPECT_EQ(text(outcome::deleted), "DELETED\r\n");
    EXPECT_EQ(text(outcome::touched), "TOUCHED\r\n");
    EXPECT_EQ(text(outcome::not_found), "NOT_FOUND\r\n");
    EXPECT_EQ(text(outcome::miss), "NOT_FOUND\r\n");
    a.number = 18'446'744'073'709'551'615U;
    EXPECT_EQ(text(outcome::number), "18446744073709551615\r\n");
}

TEST_F(rendering, faults_are_said_in_every_dialect) {
    for (const auto d :
         {dialect::classic_get, dialect::classic_gets, dialect::classic_line, dialect::meta, dialect::meta_inspect}) {
        f.dialect = d;
        EXPECT_EQ(text(outcome::too_large), "SERVER_ERROR object too large for cache\r\n");
        EXPECT_EQ(text(outcome::non_numeric), "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n");
        a.refuse("not so");
        EXPECT_EQ(text(), "CLIENT_ERROR not so\r\n");
        a.fail(errc::queue_full, effect::not_done, "queue thumbs");
        EXPECT_EQ(text(), "SERVER_ERROR queue thumbs is full (length_max), not_done\r\n");
        a.fail(errc::timed_out, effect::maybe_done, {});
        EXPECT_EQ(text(), "SERVER_ERROR did not answer in time, maybe_done\r\n");
        EXPECT_TRUE(text(outcome::text, "STAT a b\r\nEND\r\n").starts_with("STAT a b\r\nEND\r\n"));
    }
}

TEST_F(rendering, noreply_says_nothing) {
    f.noreply = true;
    for (const auto o : {outcome::stored, outcome::not_found, outcome::failed, outcome::refused, outcome::too_large,
                         outcome::non_numeric, outcome::number}) {
        EXPECT_EQ(text(o), "");
    }
}

TEST_F(rendering, classic_gets_end_behind_the_last_key) {
    f.dialect = dialect::classic_get;
    a.flags = 7;
    EXPECT_EQ(text(outcome::hit, "value"), "VALUE k 7 5\r\nvalue\r\nEND\r\n");
    EXPECT_EQ(text(outcome::hit), "VALUE k 7 0\r\n\r\nEND\r\n");
    EXPECT_EQ(text(outcome::miss), "END\r\n");
    f.dialect = dialect::classic_gets;
    a.cas = 99;
    f.last = f.single = false;
    EXPECT_EQ(text(outcome::hit, "value"), "VALUE k 7 5 99\r\nvalue\r\n");
    EXPECT_EQ(text(outcome::miss), "");
}

TEST_F(rendering, failed_key_among_others_is_a_miss) {
    f.dialect = dialect::classic_get;
    f.single = false;
    a.fail(errc::busy, effect::not_done, "store main");
    EXPECT_EQ(text(), "END\r\n");
    f.last = false;
    EXPECT_EQ(text(), "");
}

TEST_F(rendering, meta_codes_say_what_became_of_it) {
    ask("");
    EXPECT_EQ(text(outcome::hit, "v"), "HD\r\n");
    EXPECT_EQ(text(outcome::miss), "EN\r\n");
    EXPECT_EQ(text(outcome::number), "HD\r\n");
    f.verb = 's';
    EXPECT_EQ(text(outcome::stored), "HD\r\n");
    EXPECT_EQ(text(outcome::not_stored), "NS\r\n");
    EXPECT_EQ(text(outcome::exists), "EX\r\n");
    EXPECT_EQ(text(outcome::not_found), "NF\r\n");
    f.verb = 'd';
    EXPECT_EQ(text(outcome::deleted), "HD\r\n");
}

TEST_F(rendering, quiet_hides_what_is_expected) {
    ask("");
    f.quiet = true;
    EXPECT_EQ(text(outcome::miss), "");
    EXPECT_EQ(text(outcome::hit), "HD\r\n");
    EXPECT_EQ(text(outcome::number), "");
    a.created = true;
    EXPECT_EQ(text(outcome::number), "HD\r\n");
    f.verb = 's';
    EXPECT_EQ(text(outcome::stored), "");
    EXPECT_EQ(text(outcome::not_stored), "NS\r\n");
    f.verb = 'd';
    EXPECT_EQ(text(outcome::deleted), "");
    EXPECT_EQ(text(outcome::not_found), "NF\r\n");
    EXPECT_EQ(text(outcome::too_large), "SERVER_ERROR object too large for cache\r\n");
}

TEST_F(rendering, meta_returns_come_in_the_order_asked) {
    ask("stcflhOk");
    r.want_value = true;
    f.opaque[0] = 'x';
    f.opaque_size = 1;
    a.flags = 3;
    a.cas = 9;
    a.ttl = -1;
    a.idle = 4;
    a.fetched = true;
    a.won = a.stale = a.win_sent = true;
    EXPECT_EQ(text(outcome::hit, "value"), "VA 5 s5 t-1 c9 f3 l4 h1 Ox kk Z X W\r\nvalue\r\n");
    EXPECT_EQ(text(outcome::miss), "EN Ox kk\r\n");
}

TEST_F(rendering, base64_keys_go_back_as_they_came) {
    ask("k");
    r.key = "foo";
    f.base64 = a.binary_key = true;
    EXPECT_EQ(text(outcome::hit), "HD kZm9v b\r\n");
    EXPECT_EQ(text(outcome::miss), "EN kZm9v b\r\n");
    a.binary_key = false;  // the item came with a plain key
    EXPECT_EQ(text(outcome::hit), "HD kfoo\r\n");
}

TEST_F(rendering, numbers_are_values_in_meta) {
    ask("tc");
    f.verb = 'a';
    r.want_value = true;
    a.number = 18'446'744'073'709'551'615U;
    a.cas = 5;
    a.ttl = 60;
    EXPECT_EQ(text(outcome::number), "VA 20 t60 c5\r\n18446744073709551615\r\n");
}

TEST_F(rendering, inspection_says_all) {
    f.dialect = dialect::meta_inspect;
    a.ttl = -1;
    a.idle = 3;
    a.cas = 8;
    a.size_in_memory = 64;
    EXPECT_EQ(text(outcome::inspected), "ME k exp=-1 la=3 cas=8 fetch=no cls=1 size=64\r\n");
    a.fetched = a.binary_key = true;
    EXPECT_EQ(text(outcome::inspected), "ME aw== exp=-1 la=3 cas=8 fetch=yes cls=1 size=64\r\n");
    EXPECT_EQ(text(outcome::miss), "EN\r\n");
}

TEST_F(rendering, asks_the_heap_for_nothing_where_there_is_room) {
    output out;
    out.text().prepare(4'096);
    ask("tcOk");
    r.want_value = true;
    answer(outcome::hit, "value");
    const std::size_t before = test::heap_calls();
    freshet::render(r, f, a, out);
    a.outcome = outcome::number;
    f.verb = 'a';
    freshet::render(r, f, a, out);
    f.dialect = dialect::classic_line;
    freshet::render(r, f, a, out);
    EXPECT_EQ(test::heap_calls(), before);
}

}  // namespace
}  // namespace freshet
