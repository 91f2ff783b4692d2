#include "queue/kafka/wire/message.hpp"

#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet {
namespace {

struct headers_deleter {
    void operator()(rd_kafka_headers_t* h) const noexcept { rd_kafka_headers_destroy(h); }
};
using headers = std::unique_ptr<rd_kafka_headers_t, headers_deleter>;
using named = std::map<std::string, std::string>;

struct outfit {
    freshet::headers headers;
    std::int64_t timestamp;
};

outfit outfit_of(const message& m, const death* died = nullptr) {
    const kafka_outfit made = kafka_outfit_of(m, "freshet/thumbs", died);
    return {headers(made.headers), made.timestamp};
}

named all_of(const rd_kafka_headers_t& from) {
    named all;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(&from, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
        all[name] = std::string(static_cast<const char*>(value), size);
    return all;
}

std::vector<kafka_header> list_of(const rd_kafka_headers_t& from) {
    std::vector<kafka_header> all;
    take_headers(from, all);
    return all;
}

message read(const named& all) {
    message m;
    std::vector<kafka_header> list;
    for (const auto& [name, value] : all) list.push_back({name, value});
    read_kafka_headers(list, m);
    return m;
}

wall::time_point now_in_ms() { return std::chrono::time_point_cast<milliseconds>(wall::now()); }

TEST(kafka_message, what_the_headers_say_is_read_again) {
    message m;
    m.id = "id-1";
    m.flags = 4'000'000'000U;
    m.attempt = 3;
    m.time = now_in_ms() - std::chrono::hours(1);
    m.not_before = m.time + std::chrono::hours(2);
    m.expires = m.time + std::chrono::hours(3);
    m.headers = {{"traceparent", "00-ab"}, {"empty", ""}};
    message again;
    const outfit made = outfit_of(m);
    read_kafka_headers(list_of(*made.headers), again);
    EXPECT_EQ(again.id, m.id);
    EXPECT_EQ(again.flags, m.flags);
    EXPECT_EQ(again.attempt, m.attempt);
    EXPECT_EQ(again.time, m.time);
    EXPECT_EQ(again.not_before, m.not_before);
    EXPECT_EQ(again.expires, m.expires);
    EXPECT_EQ(again.headers, m.headers);
}

TEST(kafka_message, what_says_nothing_has_no_header) {
    message m;
    m.id = "id-1";
    m.time = now_in_ms();
    EXPECT_EQ(all_of(*outfit_of(m).headers), (named{{"ce_specversion", "1.0"},
                                                    {"ce_id", "id-1"},
                                                    {"ce_source", "freshet/thumbs"},
                                                    {"ce_type", "freshet.message"}}));
}

TEST(kafka_message, a_new_one_has_its_time_as_the_timestamp_and_an_old_one_in_a_header) {
    message m;
    m.time = now_in_ms();
    const outfit young = outfit_of(m);
    EXPECT_EQ(young.timestamp, std::chrono::duration_cast<milliseconds>(m.time.time_since_epoch()).count());
    EXPECT_FALSE(all_of(*young.headers).contains("ce_time"));
    m.time = wall::time_point(milliseconds(1'767'323'045'678));
    const outfit old = outfit_of(m);
    EXPECT_EQ(old.timestamp, 0);
    EXPECT_EQ(all_of(*old.headers)["ce_time"], "2026-01-02T03:04:05.678Z");
}

TEST(kafka_message, a_dead_letter_says_of_which_queue_and_why) {
    message m;
    m.time = now_in_ms();
    const death died{"thumbs", "attempts used up", wall::time_point(milliseconds(1'767'323'045'678))};
    named all = all_of(*outfit_of(m, &died).headers);
    EXPECT_EQ(all["freshet-queue"], "thumbs");
    EXPECT_EQ(all["freshet-reason"], "attempts used up");
    EXPECT_EQ(all["freshet-died"], "1767323045678");
    EXPECT_EQ(all["ce_type"], "freshet.dead_letter");
}

TEST(kafka_message, headers_of_other_programs_are_the_message_s_own) {
    const message m = read({{"n", "7"}, {"ce_subject", "x"}, {"freshet-future", "y"}});
    EXPECT_EQ(m.headers, (std::vector<std::pair<std::string, std::string>>{{"n", "7"}}));
}

TEST(kafka_message, what_makes_no_sense_is_passed_over) {
    const message m = read({{"ce_id", ""},
                            {"ce_time", "yesterday"},
                            {"freshet-flags", "-1"},
                            {"freshet-attempt", "2x"},
                            {"freshet-not-before", ""},
                            {"freshet-expires", "99999999999999999999"}});
    EXPECT_EQ(m.id, "");
    EXPECT_EQ(m.time, wall::time_point{});
    EXPECT_EQ(m.flags, 0U);
    EXPECT_EQ(m.attempt, 0U);
    EXPECT_EQ(m.not_before, wall::time_point{});
    EXPECT_EQ(m.expires, wall::time_point{});
    EXPECT_TRUE(m.headers.empty());
}

// ---- passed on

std::string in_words(const std::vector<kafka_header>& all) {
    std::string words;
    for (const kafka_header& h : all)
        words += (words.empty() ? "" : " ") + std::string(h.name) + "=" + std::string(h.value.value_or("null"));
    return words;
}

/// Of a message that came with these headers.
message came_with(kafka_came came) {
    message m;
    m.id = "3-17";
    m.time = wall::time_point(milliseconds(1'767'323'045'678));
    read_kafka_headers(came.headers, m);
    m.origin = kafka_origin_of(came);
    return m;
}

TEST(kafka_message, what_came_is_passed_on_as_it_came) {
    message m = came_with({.headers = {{"n", "7"}, {"nothing", {}}, {"empty", ""}, {"n", "8"}, {"freshet-own", "x"}}});
    EXPECT_EQ(m.headers.size(), 4U);
    m.attempt = 2;
    const outfit made = outfit_of(m);
    EXPECT_EQ(
        in_words(list_of(*made.headers)),
        "n=7 nothing=null empty= n=8 freshet-own=x ce_id=3-17 ce_time=2026-01-02T03:04:05.678Z freshet-attempt=2");
    const message again = came_with({.headers = list_of(*made.headers)});
    EXPECT_EQ(again.id, m.id);
    EXPECT_EQ(again.time, m.time);
    EXPECT_EQ(
        in_words(list_of(*outfit_of(again).headers)),
        "n=7 nothing=null empty= n=8 freshet-own=x ce_id=3-17 ce_time=2026-01-02T03:04:05.678Z freshet-attempt=2");
}

TEST(kafka_message, an_event_of_another_program_stays_one) {
    const message m = came_with({.headers = {{"ce_specversion", "1.0"},
                                             {"ce_id", "e"},
                                             {"ce_type", "shop.order"},
                                             {"ce_subject", "s"},
                                             {"ce_time", "2026-01-01T00:00:00Z"}}});
    const death died{"thumbs", "why", wall::time_point(milliseconds(1'767'323'045'678))};
    EXPECT_EQ(in_words(list_of(*outfit_of(m, &died).headers)),
              "ce_specversion=1.0 ce_id=e ce_type=shop.order ce_subject=s ce_time=2026-01-01T00:00:00Z "
              "freshet-queue=thumbs freshet-reason=why freshet-died=1767323045678");
}

TEST(kafka_message, no_key_and_no_value_are_other_than_empty_ones) {
    for (const bool empty_key : {false, true}) {
        for (const bool no_value : {false, true}) {
            message m = came_with({.empty_key = empty_key, .no_value = no_value});
            EXPECT_EQ(m.origin.empty(), !empty_key && !no_value);
            const kafka_outfit made = kafka_outfit_of(m, "s", nullptr);
            const headers owned(made.headers);
            EXPECT_EQ(made.no_key, !empty_key);
            EXPECT_EQ(made.no_value, no_value);
            m.key = "k";
            m.body = "b";
            const kafka_outfit changed = kafka_outfit_of(m, "s", nullptr);
            const headers too(changed.headers);
            EXPECT_FALSE(changed.no_key);
            EXPECT_FALSE(changed.no_value);
        }
    }
}

TEST(kafka_message, what_a_program_has_changed_since_is_as_it_says_now) {
    message m = came_with({.headers = {{"a", "1"}, {"b", {}}, {"c", {}}, {"ce_subject", "s"}, {"ce_id", "e"}}});
    m.id = "mine";
    m.headers = {{"b", ""}, {"c", "3"}};
    const outfit made = outfit_of(m);
    EXPECT_EQ(in_words(list_of(*made.headers)), "b=null ce_subject=s c=3 ce_id=mine ce_time=2026-01-02T03:04:05.678Z");
}

TEST(kafka_message, one_of_its_own_needs_no_more_than_itself) {
    message m;
    m.id = "id-1";
    m.flags = 7;
    m.headers = {{"traceparent", "00-ab"}, {"empty", ""}};
    const death died{"thumbs", "why", m.time};
    for (const death* const d : {static_cast<const death*>(nullptr), &died}) {
        const outfit made = outfit_of(m, d);
        EXPECT_EQ(kafka_origin_of({.headers = list_of(*made.headers)}), "");
    }
}

TEST(kafka_message, an_origin_that_makes_no_sense_is_none) {
    EXPECT_TRUE(read_kafka_origin("Kkv;1:a-1:b3:xyz"));
    for (const char* const wrong : {"", "A", "K", "K;x", "K;1", "K;1:", "K;1:a", "K;1:a2:x",
                                    "K;99999999999999999999:a-", "K;18446744073709551615:a-", "K;1:a-1:b"})
        EXPECT_FALSE(read_kafka_origin(wrong)) << wrong;
}

}  // namespace
}  // namespace freshet
