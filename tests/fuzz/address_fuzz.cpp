// Addresses and URLs of a configuration: right, or wrong with a sentence of printable bytes.
#include "config/url/address.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace freshet::reading;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    for (const auto wrong : {wrong_listen_address, wrong_http_url, wrong_store_url, wrong_queue_url}) {
        for (const char c : wrong(input)) {
            if (static_cast<unsigned char>(c) < 0x20) std::abort();
        }
    }
    return 0;
}
