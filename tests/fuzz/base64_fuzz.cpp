// What is encoded comes back; what is decoded keeps to its room.
#include "base/bytes.hpp"
#include "protocol/base64.hpp"

#include <cstdint>
#include <cstdlib>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace freshet;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    std::vector<char> out(size / 4 * 3);
    if (base64_decode(input, out.data()) > out.size()) std::abort();
    bytes text;
    base64_encode(input, text);
    out.resize(text.size() / 4 * 3);
    const std::size_t n = base64_decode(text.view(), out.data());
    if (std::string_view(out.data(), n) != input) std::abort();
    return 0;
}
