#include "queue/rabbitmq/wire/message.hpp"

#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "queue/rabbitmq/wire/names.hpp"

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
    message read() { return to_arrival(properties(), {}, false, 1).message; }
    /// As it comes over a connection, with these properties set, too.
    message come(const amqp_basic_properties_t& more = {}) {
        made_ = more;
        made_.headers = {static_cast<int>(entries_.size()), entries_.data()};
        made_._flags |= AMQP_BASIC_HEADERS_FLAG;
        const std::string raw = in_bytes(made_);
        return to_arrival(made_, raw, false, 1).message;
    }
    static std::string in_bytes(const amqp_basic_properties_t& p) {
        std::string room(100'000, '\0');
        const int size =
            amqp_encode_properties(AMQP_BASIC_CLASS, const_cast<amqp_basic_properties_t*>(&p), to_amqp(room));
        EXPECT_GT(size, 0);
        room.resize(static_cast<std::size_t>(size));
        return room;
    }

private:
    std::vector<amqp_table_entry_t> entries_;
    amqp_basic_properties_t made_{};
};

/// The headers but for those that say which message it is, as "name:kind".
std::string kinds(const amqp_basic_properties_t& p) {
    std::string all;
    each_header(p, [&](std::string_view name, const amqp_field_value_t& value) {
        if (name != serial_header)
            all += (all.empty() ? "" : " ") + std::string(name) + ":" + static_cast<char>(value.kind);
    });
    return all;
}

TEST(rabbitmq_message, what_the_properties_say_is_read_again) {
    message m = small();
    m.key = "user:7";
    m.flags = 4'000'000'000U;
    m.attempt = 3;
    m.not_before = some_time + seconds(1);
    m.expires = some_time + seconds(2);
    m.headers = {{"Content-Type", "image/png"}, {"traceparent", "00-ab"}};
    rabbitmq_properties make("freshet/thumbs", "app");
    const arrival a = to_arrival(make.make(m, 77, 1, nullptr), {}, true, 5);
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
    rabbitmq_properties make("freshet/thumbs", "app");
    const amqp_basic_properties_t& p = make.make(m, 1, 1, nullptr);
    EXPECT_EQ(p.delivery_mode, 2);
    EXPECT_EQ(p.timestamp, 1'767'323'045U);
    EXPECT_EQ(from_amqp(p.message_id), "id-1");
    EXPECT_EQ(from_amqp(p.content_type), "text/plain");
}

TEST(rabbitmq_message, an_id_that_is_too_long_for_the_property_is_whole_in_a_header) {
    rabbitmq_properties make("freshet/thumbs", "app");
    const message m = small(std::string(300, 'x'));
    const amqp_basic_properties_t& p = make.make(m, 1, 1, nullptr);
    EXPECT_EQ(p.message_id.len, 255U);
    EXPECT_EQ(to_arrival(p, {}, false, 1).message.id, m.id);
}

TEST(rabbitmq_message, a_header_whose_name_is_too_long_is_left_out_and_a_long_type_is_a_header) {
    message m = small();
    m.headers = {{std::string(256, 'n'), "x"}, {"Content-Type", std::string(256, 't')}};
    rabbitmq_properties make("freshet/thumbs", "app");
    const amqp_basic_properties_t& p = make.make(m, 1, 1, nullptr);
    EXPECT_EQ(p._flags & AMQP_BASIC_CONTENT_TYPE_FLAG, 0U);
    EXPECT_EQ(to_arrival(p, {}, false, 1).message.headers,
              (std::vector<std::pair<std::string, std::string>>{{"Content-Type", std::string(256, 't')}}));
}

TEST(rabbitmq_message, a_dead_letter_says_of_which_queue_and_why) {
    rabbitmq_properties make("freshet/thumbs", "app");
    const death died{"thumbs", "attempts used up"};
    const amqp_basic_properties_t& p = make.make(small(), 1, 1, &died);
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
    rabbitmq_properties make("freshet/thumbs", "app");
    message first = small();
    first.flags = 7;
    first.headers = {{"Content-Type", "image/png"}, {"n", "1"}};
    make.make(first, 1, 1, nullptr);
    const arrival a = to_arrival(make.make(small("second"), 2, 1, nullptr), {}, false, 1);
    EXPECT_EQ(a.serial, 2U);
    EXPECT_EQ(a.message.flags, 0U);
    EXPECT_TRUE(a.message.headers.empty());
}

TEST(rabbitmq_message, a_message_of_another_program_has_what_it_says_and_no_serial) {
    amqp_basic_properties_t p{};
    const arrival bare = to_arrival(p, {}, false, 9);
    EXPECT_EQ(bare.serial, 0U);
    EXPECT_EQ(bare.message.id, "");
    p._flags = AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG;
    p.message_id = to_amqp("theirs");
    p.timestamp = 5;
    const arrival a = to_arrival(p, {}, false, 9);
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
    const arrival a = to_arrival(f.properties(), {}, false, 1);
    EXPECT_EQ(a.message.flags, 12U);
    EXPECT_EQ(a.message.attempt, 2U);
    EXPECT_EQ(a.serial, 5U);
}

TEST(rabbitmq_message, what_makes_no_sense_is_passed_over) {
    foreign f;
    f.text("freshet-flags", "x").text("freshet-attempt", "").text("freshet-serial", "5y");
    f.text("cloudEvents_time", "yesterday").text("cloudEvents_subject", "s");
    const arrival a = to_arrival(f.properties(), {}, false, 1);
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

// ---- passed on

/// With all that a message has no place for.
message rich(foreign& f) {
    static amqp_table_entry_t inner{};
    inner.key = to_amqp("deep");
    inner.value.kind = AMQP_FIELD_KIND_VOID;
    f.number("zero", 0).text("bytes", "b", AMQP_FIELD_KIND_BYTES).text("text", "t");
    f.entry("nothing", AMQP_FIELD_KIND_VOID);
    f.entry("nested", AMQP_FIELD_KIND_TABLE).value.value.table = {1, &inner};
    f.text("cloudEvents_subject", "s");
    amqp_basic_properties_t p{};
    p._flags = AMQP_BASIC_PRIORITY_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG |
               AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_TYPE_FLAG | AMQP_BASIC_APP_ID_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG |
               AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_USER_ID_FLAG;
    p.priority = 7;
    p.content_encoding = to_amqp("gzip");
    p.correlation_id = to_amqp("c-1");
    p.reply_to = to_amqp("answers");
    p.type = to_amqp("order");
    p.app_id = to_amqp("shop");
    p.content_type = to_amqp("text/plain");
    p.message_id = to_amqp("theirs");
    p.expiration = to_amqp("60000");
    p.user_id = to_amqp("app");
    return f.come(p);
}
constexpr std::string_view rich_kinds = "zero:l bytes:x text:S nothing:V nested:F cloudEvents_subject:S";

TEST(rabbitmq_message, what_came_is_passed_on_as_it_came) {
    foreign f;
    message m = rich(f);
    m.attempt = 2;
    rabbitmq_properties make("freshet/thumbs", "app");
    const amqp_basic_properties_t& p = make.make(m, 1, 1, nullptr);
    EXPECT_EQ(kinds(p), "freshet-attempt:l " + std::string(rich_kinds));
    EXPECT_EQ(p.priority, 7);
    EXPECT_EQ(from_amqp(p.content_encoding), "gzip");
    EXPECT_EQ(from_amqp(p.correlation_id), "c-1");
    EXPECT_EQ(from_amqp(p.reply_to), "answers");
    EXPECT_EQ(from_amqp(p.type), "order");
    EXPECT_EQ(from_amqp(p.app_id), "shop");
    EXPECT_EQ(from_amqp(p.content_type), "text/plain");
    EXPECT_EQ(from_amqp(p.message_id), "theirs");
    EXPECT_EQ(from_amqp(p.expiration), "60000");
    EXPECT_EQ(from_amqp(p.user_id), "app");
    EXPECT_EQ(p._flags & AMQP_BASIC_TIMESTAMP_FLAG, 0U);
    EXPECT_EQ(p.delivery_mode, 2);
    const std::string raw = foreign::in_bytes(p);
    const message again = to_arrival(p, raw, false, 1).message;
    EXPECT_EQ(again.attempt, 2U);
    EXPECT_EQ(kinds(make.make(again, 2, 1, nullptr)), "freshet-attempt:l " + std::string(rich_kinds));
}

TEST(rabbitmq_message, a_dead_letter_is_as_it_came_but_for_what_would_end_it) {
    foreign f;
    const message m = rich(f);
    rabbitmq_properties make("freshet/thumbs", "somebody else");
    const death died{"thumbs", "attempts used up", some_time};
    const amqp_basic_properties_t& p = make.make(m, 1, 1, &died);
    EXPECT_EQ(kinds(p), "freshet-queue:S freshet-reason:S freshet-died:l " + std::string(rich_kinds) +
                            " freshet-user-id:S freshet-expiration:S");
    EXPECT_EQ(p._flags & (AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_USER_ID_FLAG), 0U);
    EXPECT_EQ(p.priority, 7);
    const std::string raw = foreign::in_bytes(p);
    const death again{"thumbs.dead", "again", some_time};
    EXPECT_EQ(kinds(make.make(to_arrival(p, raw, false, 1).message, 2, 1, &again)), kinds(p));
}

TEST(rabbitmq_message, what_the_broker_would_act_upon_has_another_name_there) {
    foreign f;
    amqp_field_value_t one{};
    one.kind = AMQP_FIELD_KIND_UTF8;
    one.value.bytes = to_amqp("elsewhere");
    f.entry("CC", AMQP_FIELD_KIND_ARRAY).value.value.array = {1, &one};
    const message m = f.come();
    rabbitmq_properties make("freshet/thumbs", "app");
    EXPECT_EQ(kinds(make.make(m, 1, 1, nullptr)), "freshet-CC:A");
    message texts = small();
    texts.headers = {{"CC", "everybody"}, {"BCC", "nobody"}};
    const amqp_basic_properties_t& p = make.make(texts, 1, 1, nullptr);
    EXPECT_NE(kinds(p).find("freshet-CC:S freshet-BCC:S"), std::string::npos);
    EXPECT_EQ(to_arrival(p, {}, false, 1).message.headers, texts.headers);
}

TEST(rabbitmq_message, what_a_program_has_changed_since_is_as_it_says_now) {
    foreign f;
    message m = rich(f);
    m.id = "mine";
    m.key = "k";
    std::erase_if(m.headers, [](const auto& h) { return h.first == "bytes"; });
    m.headers.emplace_back("more", "x");
    rabbitmq_properties make("freshet/thumbs", "app");
    const amqp_basic_properties_t& p = make.make(m, 1, 1, nullptr);
    EXPECT_EQ(kinds(p), "zero:l text:S nothing:V nested:F cloudEvents_subject:S more:S freshet-key:S");
    EXPECT_EQ(from_amqp(p.message_id), "mine");
    EXPECT_EQ(p.priority, 7);
    const message again = to_arrival(p, {}, false, 1).message;
    EXPECT_EQ(again.id, "mine");
    EXPECT_EQ(again.key, "k");
}

TEST(rabbitmq_message, one_of_its_own_needs_no_more_than_itself) {
    message m = small();
    m.key = "k";
    m.flags = 3;
    m.headers = {{"Content-Type", "image/png"}, {"traceparent", "00-ab"}, {"", "nameless"}};
    rabbitmq_properties make("freshet/thumbs", "app");
    const death died{"thumbs", "attempts used up", some_time};
    for (const death* const d : {static_cast<const death*>(nullptr), &died}) {
        const amqp_basic_properties_t& p = make.make(m, 1, 1, d);
        const message again = to_arrival(p, foreign::in_bytes(p), false, 1).message;
        EXPECT_EQ(again.origin, "");
        EXPECT_EQ(again.headers, m.headers);
    }
    foreign f;
    EXPECT_EQ(f.text("text", "t").come().origin, "");
    EXPECT_NE(f.number("number", 1).come().origin, "");
}

TEST(rabbitmq_message, what_another_kind_of_broker_said_is_told_as_texts) {
    message m = small();
    m.origin = "K;1:a-";
    m.headers = {{"a", ""}};
    rabbitmq_properties make("freshet/thumbs", "app");
    EXPECT_EQ(to_arrival(make.make(m, 1, 1, nullptr), {}, false, 1).message.headers, m.headers);
    m.origin = "A\xff\xff\xff";
    EXPECT_EQ(to_arrival(make.make(m, 1, 1, nullptr), {}, false, 1).message.headers, m.headers);
}

}  // namespace
}  // namespace freshet
