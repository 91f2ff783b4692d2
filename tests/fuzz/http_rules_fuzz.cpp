// What an HTTP worker and a flow's configuration say: a URL in parts that can be used, a Retry-After that is a time to
// come.
#include <freshet/time.hpp>

#include "flow/http/http.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace freshet;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (parse_retry_after(input, wall::time_point{}) < milliseconds{0}) std::abort();
    const auto url = parse_http_url(input);
    if (!url) return 0;
    const auto unfit = [](unsigned char c) { return c <= ' ' || c >= 0x7f; };
    for (const std::string& part : {url->text, url->host, url->authority}) {
        if (part.empty() || std::any_of(part.begin(), part.end(), unfit)) std::abort();
    }
    if (url->port == 0) std::abort();
    return 0;
}
