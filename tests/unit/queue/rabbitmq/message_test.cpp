#include "queue/rabbitmq/message.hpp"

#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet {
namespace {

constexpr wall::time_point some_time(milliseconds(1'767'323'045'678));

message small(std::string id = "id-1") {
    message m;
    m.id = std::move(id);
    m.time = some_time;
    return m;
}

/// Properties as another program sends them.
class foreign {
public:
    foreign& text(std::string_view name, std::string_view value, std::uint8_t kind = AMQP_FIELD_KIND_UTF8) {
        amqp_table_entry_t& e = entry(name, kind);
        e.value.value.bytes = to_amqp(value);
        return *this;
    }
    foreign& number(std::string_view name, std::int64_t value) {
        entry(name, AMQP_FIELD_KIND_I64).value.value.i64 = value;
        return *this;
    }
    amqp_table_entry_t& entry(std::string_view name, std::uint8_t kind) {
        amqp_table_entry_t& e = entries_.emplace_back();
        e.key = to_amqp(name);
        e.value.kind = kind;
        return e;
    }
    const amqp_basic_properties_t& properties() {
        made_._flags = AMQP_BASIC_HEADERS_FLAG;
        made_.headers = {static_cast<int>(entries_.size()), entries_.data()};
        return made_;
    }
    message read() { return to_arrival(properties(), false, 1).message; }

private:
    std::vector<amqp_table_entry_t> entries_;
    amqp_basic_properties_t made_{};
};

TEST(rabbitmq_message, what_the_properties_say_is_read_again) {
    message m = small();
    m.key = "user:7";
    m.flags = 4'000'000'000U;
    m.attempt = 3;
    m.not_before = some_time + seconds(1);
    m.expires = some_time + seconds(2);
    m.headers = {{"Content-Type", "image/png"}, {"traceparent", "00-ab"}};
    rabbitmq_properties make("freshet/thumbs");
    const arrival a = to_arrival(make.make(m, 77, nullptr), true, 5);
    EXPECT_EQ(a.serial, 77U);
    EXPECT_EQ(a.tag, 5U);
    EXPECT_TRUE(a.redelivered);
    EXPECT_EQ(a.message.id, m.id);
    EXPECT_EQ(a.message.key, m.key);
    EXPECT_EQ(a.message.flags, m.flags);
    EXPECT_EQ(a.message.attempt, m.attempt);
    EXPECT_EQ(a.message.time, m.time);
    EXPECT_EQ(a.message.not_before, m.not_before);
    EXPECT_EQ(a.message.expires, m.expires);
    EXPECT_EQ(a.message.headers, m.headers);
}

TEST(rabbitmq_message, it_is_persistent_and_says_what_others_expect_in_the_properties) {
    message m = small();
    m.headers = {{"content-type", "text/plain"}};
    rabbitmq_properties make("freshet/thumbs");
    const amqp_basic_properties_t& p = make.make(m, 1, nullptr);
    EXPECT_EQ(p.delivery_mode, 2);
    EXPECT_EQ(p.timestamp, 1'767'323'045U);
    EXPECT_EQ(from_amqp(p.message_id), "id-1");
    EXPECT_EQ(from_amqp(p.content_type), "text/plain");
}

TEST(rabbitmq_message, an_id_that_is_too_long_for_the_property_is_whole_in_a_header) {
    rabbitmq_properties make("freshet/thumbs");
    const message m = small(std::string(300, 'x'));
    const amqp_basic_properties_t& p = make.make(m, 1, nullptr);
    EXPECT_EQ(p.message_id.len, 255U);
    EXPECT_EQ(to_arrival(p, false, 1).message.id, m.id);
}

TEST(rabbitmq_message, a_header_whose_name_is_too_long_is_left_out_and_a_long_type_is_a_header) {
    message m = small();
    m.headers = {{std::string(256, 'n'), "x"}, {"Content-Type", std::string(256, 't')}};
    rabbitmq_properties make("freshet/thumbs");
    const amqp_basic_properties_t& p = make.make(m, 1, nullptr);
    EXPECT_EQ(p._flags & AMQP_BASIC_CONTENT_TYPE_FLAG, 0U);
    EXPECT_EQ(to_arrival(p, false, 1).message.headers,
              (std::vector<std::pair<std::string, std::string>>{{"Content-Type", std::string(256, 't')}}));
}

TEST(rabbitmq_message, a_dead_letter_says_of_which_queue_and_why) {
    rabbitmq_properties make("freshet/thumbs");
    const death died{"thumbs", "attempts used up"};
    const amqp_basic_properties_t& p = make.make(small(), 1, &died);
    std::string words;
    for (int i = 0; i < p.headers.num_entries; ++i) {
        const amqp_table_entry_t& e = p.headers.entries[i];
        if (from_amqp(e.key) == "freshet-queue" || from_amqp(e.key) == "freshet-reason" ||
            from_amqp(e.key) == "cloudEvents_type")
            words += std::string(from_amqp(e.value.value.bytes)) + ";";
    }
    EXPECT_EQ(words, "thumbs;attempts used up;freshet.dead_letter;");
}

TEST(rabbitmq_message, properties_of_the_one_before_are_gone) {
    rabbitmq_properties make("freshet/thumbs");
    message first = small();
    first.flags = 7;
    first.headers = {{"Content-Type", "image/png"}, {"n", "1"}};
    make.make(first, 1, nullptr);
    const arrival a = to_arrival(make.make(small("second"), 2, nullptr), false, 1);
    EXPECT_EQ(a.serial, 2U);
    EXPECT_EQ(a.message.flags, 0U);
    EXPECT_TRUE(a.message.headers.empty());
}

TEST(rabbitmq_message, a_message_of_another_program_has_what_it_says_and_no_serial) {
    amqp_basic_properties_t p{};
    const arrival bare = to_arrival(p, false, 9);
    EXPECT_EQ(bare.serial, 0U);
    EXPECT_EQ(bare.message.id, "");
    p._flags = AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG;
    p.message_id = to_amqp("theirs");
    p.timestamp = 5;
    const arrival a = to_arrival(p, false, 9);
    EXPECT_EQ(a.message.id, "theirs");
    EXPECT_EQ(a.message.time, wall::time_point(seconds(5)));
    EXPECT_EQ(serial_of(p), 0U);
}

TEST(rabbitmq_message, headers_of_all_kinds_are_texts) {
    foreign f;
    f.text("text", "t").text("bytes", "b", AMQP_FIELD_KIND_BYTES).number("number", -7);
    f.entry("flag", AMQP_FIELD_KIND_BOOLEAN).value.value.boolean = 1;
    f.entry("half", AMQP_FIELD_KIND_F64).value.value.f64 = 0.5;
    f.entry("quarter", AMQP_FIELD_KIND_F32).value.value.f32 = 0.25F;
    f.entry("byte", AMQP_FIELD_KIND_U8).value.value.u8 = 200;
    f.entry("nothing", AMQP_FIELD_KIND_VOID);
    EXPECT_EQ(f.read().headers, (std::vector<std::pair<std::string, std::string>>{{"text", "t"},
                                                                                  {"bytes", "b"},
                                                                                  {"number", "-7"},
                                                                                  {"flag", "true"},
                                                                                  {"half", "0.5"},
                                                                                  {"quarter", "0.25"},
                                                                                  {"byte", "200"},
                                                                                  {"nothing", ""}}));
}

TEST(rabbitmq_message, numbers_may_be_told_as_texts) {
    foreign f;
    f.text("freshet-flags", "12").text("freshet-attempt", "2").text("freshet-serial", "5");
    const arrival a = to_arrival(f.properties(), false, 1);
    EXPECT_EQ(a.message.flags, 12U);
    EXPECT_EQ(a.message.attempt, 2U);
    EXPECT_EQ(a.serial, 5U);
}

TEST(rabbitmq_message, what_makes_no_sense_is_passed_over) {
    foreign f;
    f.text("freshet-flags", "x").text("freshet-attempt", "").text("freshet-serial", "5y");
    f.text("cloudEvents_time", "yesterday").text("cloudEvents_subject", "s");
    const arrival a = to_arrival(f.properties(), false, 1);
    EXPECT_EQ(a.message.flags, 0U);
    EXPECT_EQ(a.message.attempt, 0U);
    EXPECT_EQ(a.serial, 0U);
    EXPECT_EQ(a.message.time, wall::time_point{});
    EXPECT_TRUE(a.message.headers.empty());
}

TEST(rabbitmq_message, a_key_of_its_own_comes_before_the_event_s) {
    foreign f;
    f.text("cloudEvents_partitionkey", "event's").text("freshet-key", "own");
    EXPECT_EQ(f.read().key, "own");
    foreign g;
    g.text("cloudEvents_partitionkey", "event's");
    EXPECT_EQ(g.read().key, "event's");
}

}  // namespace
}  // namespace freshet
