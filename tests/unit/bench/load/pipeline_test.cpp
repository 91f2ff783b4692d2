#include "bench/load/pipeline.hpp"
#include "base/bytes.hpp"
#include "protocol/form.hpp"

#include <gtest/gtest.h>

namespace freshet::load {
namespace {

class bench_pipeline : public testing::TestWithParam<protocol> {
protected:
    bool meta() const { return GetParam() == protocol::meta; }
    bool resp() const { return GetParam() == protocol::resp; }
    bool classic() const { return GetParam() == protocol::classic; }
    std::string error(const std::string& words) const { return (resp() ? "-ERR " : "SERVER_ERROR ") + words; }
    std::string key(std::uint64_t number) const {
        std::string text;
        contents_.append_key(text, number);
        return text;
    }
    std::string value(std::uint64_t number) const {
        std::string text;
        contents_.append_value(text, number);
        return text;
    }
    /// The reply to a get of one key.
    std::string hit(std::uint64_t number) const {
        if (resp()) return "$20\r\n" + value(number) + "\r\n";
        return meta() ? "VA 20 k" + key(number) + "\r\n" + value(number) + "\r\n" : values(number) + "END\r\n";
    }
    std::string values(std::uint64_t number) const {
        return "VALUE " + key(number) + " 0 20\r\n" + value(number) + "\r\n";
    }
    std::string miss(std::uint64_t number) const {
        if (resp()) return "$-1\r\n";
        return meta() ? "EN k" + key(number) + "\r\n" : "END\r\n";
    }
    std::string stored() const { return resp() ? "+OK\r\n" : meta() ? "HD\r\n" : "STORED\r\n"; }

    void get(std::uint64_t number, bool last = true) { asked_.ask({number, false, last, 0}, sent_); }
    void set(std::uint64_t number) { asked_.ask({number, true, true, 0}, sent_); }
    std::size_t take(const std::string& bytes) { return asked_.take(bytes, 1000, tally_, &missed_); }
    /// The sentence that refuses it.
    std::string refusal(const std::string& bytes) {
        try {
            take(bytes);
        } catch (const wrong_reply& e) {
            return e.what();
        }
        return "it was taken";
    }

    contents contents_{16, 20};
    dialect dialect_{make_dialect(GetParam(), contents_)};
    pipeline asked_{dialect_, contents_};
    std::string sent_{};
    tally tally_{};
    std::vector<std::uint64_t> missed_{};
};

INSTANTIATE_TEST_SUITE_P(protocols, bench_pipeline, testing::Values(protocol::classic, protocol::meta, protocol::resp),
                         [](const auto& p) {
                             return p.param == protocol::meta ? "meta" : p.param == protocol::resp ? "resp" : "classic";
                         });

TEST_P(bench_pipeline, asks_as_the_protocol_says) {
    get(1);
    set(2);
    if (resp()) {
        EXPECT_EQ(sent_, "*2\r\n$3\r\nGET\r\n$16\r\n" + key(1) + "\r\n*3\r\n$3\r\nSET\r\n$16\r\n" + key(2) +
                             "\r\n$20\r\n" + value(2) + "\r\n");
        return;
    }
    EXPECT_EQ(sent_, meta() ? "mg " + key(1) + " k v\r\nms " + key(2) + " 20\r\n" + value(2) + "\r\n"
                            : "get " + key(1) + "\r\nset " + key(2) + " 0 0 20\r\n" + value(2) + "\r\n");
}

TEST_P(bench_pipeline, counts_what_is_answered_in_whatever_pieces_it_comes) {
    get(1);
    set(2);
    get(3);
    const std::string all = hit(1) + stored() + miss(3);
    std::string rest;
    for (const char c : all) {
        EXPECT_FALSE(asked_.answered());
        rest += c;
        rest.erase(0, take(rest));
    }
    EXPECT_TRUE(asked_.answered());
    EXPECT_EQ(rest, "");
    EXPECT_EQ(tally_.hits, 1U);
    EXPECT_EQ(tally_.sets, 1U);
    EXPECT_EQ(tally_.misses, 1U);
    EXPECT_EQ(tally_.times.total(), 3U);
    EXPECT_EQ(missed_, std::vector<std::uint64_t>{3});
}

TEST_P(bench_pipeline, an_error_answers_one_command_and_is_no_request_done) {
    get(1);
    set(2);
    get(3);
    const std::string all = error("out of memory") + "\r\n" + (resp() ? "-OOM\r\n" : "CLIENT_ERROR bad\r\n") + hit(3);
    EXPECT_EQ(take(all), all.size());
    EXPECT_TRUE(asked_.answered());
    EXPECT_EQ(tally_.error_replies, 2U);
    EXPECT_EQ(tally_.first_error, error("out of memory"));
    EXPECT_EQ(tally_.requests(), 1U);
}

TEST_P(bench_pipeline, the_wrong_key_is_refused) {
    get(1);
    get(2);
    EXPECT_NE(refusal(hit(2)).find(resp() ? "wrong value" : "wrong key"), std::string::npos);
}

TEST_P(bench_pipeline, a_wrong_byte_is_refused) {
    get(1);
    std::string bytes = hit(1);
    bytes[bytes.find('\n') + 5] ^= 1;
    EXPECT_NE(refusal(bytes).find("wrong value"), std::string::npos);
}

TEST_P(bench_pipeline, the_wrong_length_and_garbage_are_refused) {
    for (const std::string& wrong :
         {std::string("VALUE k 0 5\r\n"), std::string("VA 21 k\r\n"), std::string("hello\r\n"), std::string("\n"),
          std::string("STORED\r\n"), std::string("HD\r\n"), std::string("EN\r\n"), std::string(3000, 'x'),
          hit(1).substr(0, hit(1).find('\n') + 21) + "xx" + "END\r\n"}) {
        asked_.begin();
        get(1);
        EXPECT_NE(refusal(wrong), "it was taken") << wrong;
    }
    asked_.begin();
    set(1);
    EXPECT_NE(refusal("NOT_STORED\r\n").find("does not fit a set"), std::string::npos);
}

TEST_P(bench_pipeline, a_reply_that_nobody_asked_for_is_refused) {
    get(1);
    EXPECT_NE(refusal(hit(1) + stored()).find("nobody asked for"), std::string::npos);
}

TEST_P(bench_pipeline, a_get_of_several_keys_is_answered_key_by_key) {
    for (const std::uint64_t i : {1, 2, 3, 4}) get(i, i == 4 || !classic());
    set(5);
    if (classic()) {
        EXPECT_EQ(sent_.substr(0, sent_.find('\n')),
                  "get " + key(1) + " " + key(2) + " " + key(3) + " " + key(4) + "\r");
    }
    const std::string all =
        classic() ? values(2) + values(4) + "END\r\n" + stored() : miss(1) + hit(2) + miss(3) + hit(4) + stored();
    EXPECT_EQ(take(all), all.size());
    EXPECT_TRUE(asked_.answered());
    EXPECT_EQ(tally_.hits, 2U);
    EXPECT_EQ(missed_, (std::vector<std::uint64_t>{1, 3}));
}

TEST_P(bench_pipeline, a_get_of_several_keys_out_of_order_is_refused) {
    for (const std::uint64_t i : {1, 2, 3}) get(i, i == 3 || !classic());
    const char* const why = resp() ? "wrong value" : "wrong key";
    EXPECT_NE(refusal(classic() ? values(3) + values(1) : hit(3)).find(why), std::string::npos);
}

TEST_P(bench_pipeline, an_error_ends_a_classic_get_of_several_keys) {
    for (const std::uint64_t i : {1, 2, 3}) get(i, i == 3 || !classic());
    get(4);
    const std::string all =
        classic() ? values(1) + error("x\r\n") + hit(4) : hit(1) + error("x\r\n") + miss(3) + hit(4);
    EXPECT_EQ(take(all), all.size());
    EXPECT_TRUE(asked_.answered());
    EXPECT_EQ(tally_.hits, 2U);
    EXPECT_EQ(tally_.error_replies, 1U);
}

}  // namespace
}  // namespace freshet::load
