// The four ways to read a number agree, and none reads beyond the text.

#include "protocol/number.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace freshet;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    std::int64_t whole;
    std::int32_t narrow;
    std::uint64_t natural;
    std::uint32_t flags;
    const bool is_signed = parse_signed(input, whole);
    if (parse_int32(input, narrow) != is_signed) std::abort();
    if (is_signed && narrow != static_cast<std::int32_t>(static_cast<std::uint32_t>(whole))) std::abort();
    const bool is_unsigned = parse_unsigned(input, natural);
    if (parse_flags(input, flags) != is_unsigned) std::abort();
    if (is_unsigned && flags != static_cast<std::uint32_t>(natural)) std::abort();
    if (is_signed && is_unsigned && static_cast<std::uint64_t>(whole) != natural) std::abort();
    return 0;
}
