#include "queue/kafka/message.hpp"

#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

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

outfit outfit_of(const message& m, const std::string_view* reason = nullptr) {
    const kafka_outfit made = kafka_outfit_of(m, "freshet/thumbs", "thumbs", reason);
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

headers headers_of(const named& all) {
    headers made(rd_kafka_headers_new(all.size()));
    for (const auto& [name, value] : all)
        rd_kafka_header_add(made.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                            static_cast<ssize_t>(value.size()));
    return made;
}

message read(const named& all) {
    message m;
    read_kafka_headers(*headers_of(all), m);
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
    read_kafka_headers(*outfit_of(m).headers, again);
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
    const std::string_view reason = "attempts used up";
    named all = all_of(*outfit_of(m, &reason).headers);
    EXPECT_EQ(all["freshet-queue"], "thumbs");
    EXPECT_EQ(all["freshet-reason"], "attempts used up");
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

}  // namespace
}  // namespace freshet
