// MD5, for placing keys: ketama is made of it. No use for anything that is to be secret.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace freshet {

/// The digest's sixteen bytes as four words, each of which began with its lowest byte (A, B, C and D in RFC 1321).
using md5_digest = std::array<std::uint32_t, 4>;

md5_digest md5(std::string_view message) noexcept;

}  // namespace freshet
