// Times and sizes: what is read is written so that it reads the same.
#include "config/units.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace freshet::reading;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto t = parse_time(input); t && parse_time(format_time(*t)) != t) std::abort();
    if (const auto n = parse_size(input); n && parse_size(format_size(*n)) != n) std::abort();
    return 0;
}
