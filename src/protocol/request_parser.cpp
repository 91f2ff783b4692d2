// Bytes to requests: lines, data blocks and what spans reads. The commands are in classic.cpp and meta.cpp.
#include "protocol/request_parser.hpp"

#include "protocol/command_line.hpp"
#include "protocol/item_size.hpp"

#include <cstring>

namespace freshet {

namespace {

constexpr unsigned char binary_magic = 0x80;
constexpr std::size_t binary_header_size = 24;

bool begins_get(std::string_view text) noexcept {
    const auto begin = text.find_first_not_of(' ');
    if (begin == text.npos || begin > 100) return false;
    text.remove_prefix(begin);
    return text.starts_with("get ") || text.starts_with("gets ");
}

}  // namespace

request_parser::status request_parser::next(std::string_view& input, request& r, form& f) {
    wanted_ = 0;
    if (swallow_ != 0) {
        const std::size_t n = std::min(swallow_, input.size());
        input.remove_prefix(n);
        swallow_ -= n;
        if (swallow_ != 0) return status::more;
    }
    if (line_left_ != 0) return next_key(input, r, f);
    if (long_get_ != long_get::none) return next_key_of_long(input, r, f);
    if (input.empty()) return status::more;
    if (!seen_input_) {
        if (static_cast<unsigned char>(input.front()) == binary_magic) return binary(input);
        seen_input_ = true;
    }

    const auto* const end = static_cast<const char*>(std::memchr(input.data(), '\n', input.size()));
    const auto size = end != nullptr ? static_cast<std::size_t>(end - input.data()) : input.size();
    if (size > line_size_max && begins_get(input)) {
        begin_long_get(input);
        return next_key_of_long(input, r, f);
    }
    if (end == nullptr) {
        if (size <= line_size_max) return status::more;
        text_ = {};
        return status::closing;
    }
    std::string_view text = input.substr(0, size > 1 && end[-1] == '\r' ? size - 1 : size);
    if (const void* const nul = std::memchr(text.data(), '\0', text.size()))
        text = text.substr(0, static_cast<std::size_t>(static_cast<const char*>(nul) - text.data()));

    line l(text);
    l.size = size + 1;
    r = {};
    f.noreply = f.quiet = f.base64 = false;
    f.last = f.single = true;
    f.return_count = 0;
    f.opaque_size = 0;
    f.dialect = dialect::classic_line;
    const char* const begin = input.data();
    const status s = command_line(input, l, r, f);
    if (s != status::more && input.data() == begin) input.remove_prefix(l.size);
    return s;
}

/// The binary protocol is not spoken: its clients get a frame that they understand, and the connection ends.
request_parser::status request_parser::binary(std::string_view input) {
    if (input.size() < binary_header_size) {
        wanted_ = binary_header_size;
        return status::more;
    }
    static constexpr std::string_view message = "Unknown command";
    thread_local std::array<char, binary_header_size + message.size()> frame;
    frame.fill(0);
    frame[0] = static_cast<char>(0x81);
    frame[1] = input[1];
    frame[7] = static_cast<char>(0x81);
    frame[11] = static_cast<char>(message.size());
    std::memcpy(&frame[12], &input[12], 4);  // opaque
    std::memcpy(&frame[binary_header_size], message.data(), message.size());
    text_ = {frame.data(), frame.size()};
    return status::closing;
}

/// The data block behind a line. `wanted` bytes must be there before it is looked at.
request_parser::status request_parser::value(std::string_view& input, std::size_t line_size, std::size_t value_size,
                                             request& r) {
    const std::size_t whole = line_size + value_size + 2;
    if (input.size() < whole && whole > awaited_max_) {
        r.no_room = true;
        input.remove_prefix(line_size);
        swallow_ = value_size + 2;
        return status::call;
    }
    if (input.size() < whole) {
        wanted_ = whole;
        return status::more;
    }
    const bool ended = input[whole - 2] == '\r' && input[whole - 1] == '\n';
    r.value = input.substr(line_size, value_size);
    input.remove_prefix(whole);
    return ended ? status::call : fail("CLIENT_ERROR bad data chunk\r\n");
}

bool request_parser::too_large(std::size_t key_size, std::uint32_t flags, std::size_t value_size) const noexcept {
    return item_size(key_size, flags, value_size) > item_size_max_;
}

}  // namespace freshet
