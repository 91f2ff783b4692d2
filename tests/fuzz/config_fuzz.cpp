// Any text is read without a throw, and a reading has either mistakes or a value that can be used.
#include <freshet/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto r = freshet::read_config({reinterpret_cast<const char*>(data), size});
    if (r.mistakes.empty()) {
        if (r.value.stores.empty() || r.value.routes.empty() || r.value.server.listen.empty()) std::abort();
        return 0;
    }
    unsigned line = 0;
    for (const auto& m : r.mistakes) {
        if (m.text.empty() || m.line < line) std::abort();
        for (const char c : m.text) {
            if (static_cast<unsigned char>(c) < 0x20) std::abort();
        }
        line = m.line;
    }
    return 0;
}
