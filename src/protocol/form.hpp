// The form in which a client wants its answer: kept beside the request until the reply is rendered, and not looked at
// by stores. The same form tells a reply_parser how a server will answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace freshet {

inline constexpr std::size_t opaque_size_max = 31;  ///< bytes, as memcached's

/// The form the answer takes.
enum class dialect : std::uint8_t {
    classic_get,   ///< VALUE key flags bytes, END behind the last key
    classic_gets,  ///< with the CAS
    classic_line,  ///< one line: STORED, DELETED, TOUCHED, a number ...
    meta,          ///< HD, VA, EN, NF, NS, EX with return flags
    meta_inspect,  ///< ME
};

struct form {
    freshet::dialect dialect{dialect::classic_line};
    char verb{'g'};       ///< meta: the letter behind m
    bool noreply{false};  ///< classic noreply
    bool quiet{false};    ///< meta q
    bool base64{false};   ///< meta b: the key travels as base64, in both directions
    bool last{true};      ///< classic get: END comes behind this one
    bool single{true};    ///< classic get: the command's only key
    std::uint8_t return_count{0};
    std::uint8_t opaque_size{0};
    std::array<char, 24> returns;  ///< meta flags to be answered, in the order asked
    std::array<char, opaque_size_max + 1> opaque;

    std::string_view opaque_view() const noexcept { return {opaque.data(), opaque_size}; }
    std::string_view returns_view() const noexcept { return {returns.data(), return_count}; }
};

}  // namespace freshet
