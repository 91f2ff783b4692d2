#include "queue/rabbitmq/wire/amqp_wire.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>

namespace freshet {

namespace {

constexpr std::size_t frame_head = 7;  ///< type, channel, size
constexpr char frame_end = '\xce';
constexpr std::size_t fields_max = 128 * 1024;  ///< brokers want frames no larger than that, if nobody tells them to

void put16(char* at, std::uint16_t n) noexcept {
    at[0] = static_cast<char>(n >> 8);
    at[1] = static_cast<char>(n);
}
void put32(char* at, std::uint32_t n) noexcept {
    put16(at, static_cast<std::uint16_t>(n >> 16));
    put16(at + 2, static_cast<std::uint16_t>(n));
}

/// `at`: of a frame's first byte.
void put_head(char* at, std::uint8_t type, std::uint16_t channel, std::size_t size) noexcept {
    at[0] = static_cast<char>(type);
    put16(at + 1, channel);
    put32(at + 3, static_cast<std::uint32_t>(size));
}

/// A frame whose payload is `begin`, then what `encode` writes. False: that is more than `frame_max` allows, and
/// nothing is appended.
template <class Begin, class Encode>
bool append_frame(std::string& to, std::uint8_t type, std::uint16_t channel, std::size_t frame_max,
                  std::size_t begin_size, Begin begin, Encode encode) {
    static thread_local std::array<char, fields_max> room;
    const std::size_t around = frame_head + begin_size + 1;
    const int size = encode(amqp_bytes_t{std::min(room.size(), frame_max - around), room.data()});
    if (size < 0) return false;
    const std::size_t at = to.size();
    to.resize(at + frame_head + begin_size);
    put_head(to.data() + at, type, channel, begin_size + static_cast<std::size_t>(size));
    begin(to.data() + at + frame_head);
    to.append(room.data(), static_cast<std::size_t>(size));
    to.push_back(frame_end);
    return true;
}

}  // namespace

void append_method(std::string& to, std::uint16_t channel, amqp_method_number_t method, const void* fields) {
    const bool fits = append_frame(
        to, AMQP_FRAME_METHOD, channel, fields_max, 4, [&](char* at) { put32(at, method); },
        [&](amqp_bytes_t room) { return amqp_encode_method(method, const_cast<void*>(fields), room); });
    if (!fits) throw std::length_error("fields of an AMQP method that are larger than a frame");
}

bool append_content(std::string& to, std::uint16_t channel, const amqp_basic_properties_t& properties,
                    std::string_view body, std::size_t frame_max) {
    const bool fits = append_frame(
        to, AMQP_FRAME_HEADER, channel, frame_max, 12,
        [&](char* at) {
            put16(at, AMQP_BASIC_CLASS);
            put16(at + 2, 0);
            put32(at + 4, static_cast<std::uint32_t>(std::uint64_t{body.size()} >> 32));
            put32(at + 8, static_cast<std::uint32_t>(body.size()));
        },
        [&](amqp_bytes_t room) {
            return amqp_encode_properties(AMQP_BASIC_CLASS, const_cast<amqp_basic_properties_t*>(&properties), room);
        });
    if (!fits) return false;
    const std::size_t piece_max = frame_max - frame_head - 1;
    while (!body.empty()) {
        const std::string_view piece = body.substr(0, piece_max);
        char head[frame_head];
        put_head(head, AMQP_FRAME_BODY, channel, piece.size());
        to.append(head, frame_head);
        to.append(piece);
        to.push_back(frame_end);
        body.remove_prefix(piece.size());
    }
    return true;
}

void append_heartbeat(std::string& to) {
    char head[frame_head];
    put_head(head, AMQP_FRAME_HEARTBEAT, 0, 0);
    to.append(head, frame_head);
    to.push_back(frame_end);
}

amqp_reader::amqp_reader() : state_(amqp_new_connection()) {
    if (state_ == nullptr) throw std::bad_alloc();
}

amqp_reader::~amqp_reader() { amqp_destroy_connection(state_); }

void amqp_reader::set_frame_max(std::size_t bytes) { amqp_tune_connection(state_, 0, static_cast<int>(bytes), 0); }

amqp_reader::status amqp_reader::next(std::string_view& input, amqp_frame_t& frame) {
    while (!input.empty()) {
        frame.frame_type = 0;
        const int used = amqp_handle_input(state_, to_amqp(input), &frame);
        if (used < 0) return status::wrong;
        input.remove_prefix(static_cast<std::size_t>(used));
        if (frame.frame_type != 0) return status::frame;
        if (used == 0) return status::wrong;
    }
    return status::more;
}

void amqp_reader::release() { amqp_maybe_release_buffers(state_); }

}  // namespace freshet
