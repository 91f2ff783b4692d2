// AMQP 0-9-1 as bytes: frames out and frames in. librabbitmq does the encoding; no sockets here.
#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace freshet {

inline amqp_bytes_t to_amqp(std::string_view s) noexcept { return {s.size(), const_cast<char*>(s.data())}; }
inline std::string_view from_amqp(amqp_bytes_t b) noexcept { return {static_cast<const char*>(b.bytes), b.len}; }

/// Of a table; the views live as long as it is used.
inline amqp_table_entry_t flag_entry(std::string_view name) noexcept {
    amqp_table_entry_t e{};
    e.key = to_amqp(name);
    e.value.kind = AMQP_FIELD_KIND_BOOLEAN;
    e.value.value.boolean = 1;
    return e;
}
inline amqp_table_entry_t text_entry(std::string_view name, std::string_view text) noexcept {
    amqp_table_entry_t e{};
    e.key = to_amqp(name);
    e.value.kind = AMQP_FIELD_KIND_UTF8;
    e.value.value.bytes = to_amqp(text);
    return e;
}

template <class Fields>
const Fields& fields_of(const amqp_method_t& m) noexcept {
    return *static_cast<const Fields*>(m.decoded);
}

constexpr std::string_view amqp_protocol_header{"AMQP\0\0\x09\x01", 8};

/// Appends the frame of a method: `fields` is its amqp_..._t, of what we say ourselves.
void append_method(std::string& to, std::uint16_t channel, amqp_method_number_t method, const void* fields);
/// Appends the frames of a content: its properties, then the body in as many frames as frame_max allows. False: the
/// properties, headers among them, need more than one frame, and nothing is appended.
[[nodiscard]] bool append_content(std::string& to, std::uint16_t channel, const amqp_basic_properties_t& properties,
                                  std::string_view body, std::size_t frame_max);
void append_heartbeat(std::string& to);

/// Bytes in, frames out.
class amqp_reader {
public:
    amqp_reader();
    ~amqp_reader();
    amqp_reader(const amqp_reader&) = delete;
    amqp_reader& operator=(const amqp_reader&) = delete;

    enum class status : std::uint8_t { frame, more, wrong };
    /// The next frame of `input`, from which it drops what it has read. The frame's views live until release().
    status next(std::string_view& input, amqp_frame_t& frame);
    /// The frames that came are done with.
    void release();
    /// Between two frames, not before the first: librabbitmq ends the process otherwise.
    void set_frame_max(std::size_t bytes);

private:
    amqp_connection_state_t state_;
};

}  // namespace freshet
