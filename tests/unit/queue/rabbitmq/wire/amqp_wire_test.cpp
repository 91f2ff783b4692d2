#include "queue/rabbitmq/wire/amqp_wire.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace freshet {
namespace {

using status = amqp_reader::status;

std::string ack_frame(std::uint16_t channel, std::uint64_t tag) {
    amqp_basic_ack_t ack{};
    ack.delivery_tag = tag;
    std::string bytes;
    append_method(bytes, channel, AMQP_BASIC_ACK_METHOD, &ack);
    return bytes;
}

amqp_basic_properties_t with_id(std::string_view id) {
    amqp_basic_properties_t p{};
    p._flags = AMQP_BASIC_MESSAGE_ID_FLAG;
    p.message_id = to_amqp(id);
    return p;
}

/// The frames as words: "ack 7 on 2", "header of 5", "body abc", "heartbeat".
std::string in_words(std::string_view bytes) {
    amqp_reader reader;
    amqp_frame_t frame{};
    std::string words;
    const auto add = [&](const std::string& w) { words += (words.empty() ? "" : ", ") + w; };
    for (;;) {
        const status s = reader.next(bytes, frame);
        if (s == status::more) return words;
        if (s == status::wrong) return words + "!";
        switch (frame.frame_type) {
            case AMQP_FRAME_METHOD:
                add("ack " + std::to_string(fields_of<amqp_basic_ack_t>(frame.payload.method).delivery_tag) + " on " +
                    std::to_string(frame.channel));
                break;
            case AMQP_FRAME_HEADER: add("header of " + std::to_string(frame.payload.properties.body_size)); break;
            case AMQP_FRAME_BODY: add("body " + std::string(from_amqp(frame.payload.body_fragment))); break;
            case AMQP_FRAME_HEARTBEAT: add("heartbeat"); break;
            default: add("?"); break;
        }
    }
}

TEST(amqp_wire, a_method_is_laid_out_as_the_specification_says) {
    const std::string expected("\x01\x00\x02\x00\x00\x00\x0d\x00\x3c\x00\x50\x00\x00\x00\x00\x00\x00\x00\x07\x00\xce",
                               21);
    EXPECT_EQ(ack_frame(2, 7), expected);
}

TEST(amqp_wire, frames_are_read_in_their_order) {
    std::string bytes = ack_frame(2, 7) + ack_frame(3, 8);
    append_heartbeat(bytes);
    EXPECT_EQ(in_words(bytes), "ack 7 on 2, ack 8 on 3, heartbeat");
}

TEST(amqp_wire, a_body_is_cut_into_frames_of_the_greatest_size) {
    constexpr std::size_t around = 8;  // of a frame, beside its payload
    std::string bytes;
    EXPECT_TRUE(append_content(bytes, 1, with_id("x"), "abcdefg", around + 3));
    EXPECT_EQ(in_words(bytes), "header of 7, body abc, body def, body g");
    bytes.clear();
    EXPECT_TRUE(append_content(bytes, 1, with_id("x"), "abcdef", around + 3));
    EXPECT_EQ(in_words(bytes), "header of 6, body abc, body def");
}

TEST(amqp_wire, an_empty_body_has_no_frame) {
    std::string bytes;
    EXPECT_TRUE(append_content(bytes, 1, with_id("x"), "", 4'096));
    EXPECT_EQ(in_words(bytes), "header of 0");
}

TEST(amqp_wire, properties_are_read_again) {
    std::string bytes;
    EXPECT_TRUE(append_content(bytes, 1, with_id("the id"), "", 4'096));
    std::string_view rest = bytes;
    amqp_reader reader;
    amqp_frame_t frame{};
    ASSERT_EQ(reader.next(rest, frame), status::frame);
    const auto& p = *static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded);
    EXPECT_EQ(from_amqp(p.message_id), "the id");
    EXPECT_TRUE(rest.empty());
}

TEST(amqp_wire, a_frame_may_come_byte_by_byte) {
    const std::string bytes = ack_frame(2, 7);
    amqp_reader reader;
    amqp_frame_t frame{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string_view one(bytes.data() + i, 1);
        EXPECT_EQ(reader.next(one, frame), i + 1 == bytes.size() ? status::frame : status::more) << i;
        EXPECT_TRUE(one.empty());
    }
    EXPECT_EQ(fields_of<amqp_basic_ack_t>(frame.payload.method).delivery_tag, 7U);
}

TEST(amqp_wire, a_frame_that_does_not_end_where_it_should_is_wrong) {
    std::string bytes = ack_frame(2, 7);
    bytes.back() = 'x';
    EXPECT_EQ(in_words(bytes), "!");
}

TEST(amqp_wire, a_frame_that_is_larger_than_agreed_is_wrong) {
    std::string bytes = ack_frame(2, 7);
    EXPECT_TRUE(append_content(bytes, 1, with_id("x"), std::string(5'000, 'b'), 10'000));
    std::string_view rest = bytes;
    amqp_reader reader;
    amqp_frame_t frame{};
    ASSERT_EQ(reader.next(rest, frame), status::frame);
    reader.set_frame_max(4'096);
    EXPECT_EQ(reader.next(rest, frame), status::frame);
    EXPECT_EQ(reader.next(rest, frame), status::wrong);
}

TEST(amqp_wire, what_is_no_amqp_is_wrong) { EXPECT_EQ(in_words("HTTP/1.1 400 Bad Request\r\n\r\n"), "!"); }

TEST(amqp_wire, a_reader_goes_on_after_its_frames_were_released) {
    const std::string bytes = ack_frame(2, 7);
    amqp_reader reader;
    amqp_frame_t frame{};
    for (int i = 0; i < 1'000; ++i) {
        std::string_view rest = bytes;
        ASSERT_EQ(reader.next(rest, frame), status::frame);
        reader.release();
    }
}

TEST(amqp_wire, headers_are_as_large_as_a_frame_and_no_larger) {
    const std::string large(70'000, 'x');
    amqp_table_entry_t entry{};
    entry.key = to_amqp("large");
    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = to_amqp(large);
    amqp_basic_properties_t p{};
    p._flags = AMQP_BASIC_HEADERS_FLAG;
    p.headers = {1, &entry};
    std::string bytes = "before";
    EXPECT_FALSE(append_content(bytes, 1, p, "", 65'536));
    EXPECT_EQ(bytes, "before");
    EXPECT_TRUE(append_content(bytes, 1, p, "", 131'072));
    EXPECT_GT(bytes.size(), large.size());
    const std::string larger(140'000, 'x');
    entry.value.value.bytes = to_amqp(larger);
    EXPECT_FALSE(append_content(bytes, 1, p, "", 1'000'000));  // no broker asks for as much
}

}  // namespace
}  // namespace freshet
