// A client's bytes become the same requests and answers however they are cut into reads, and each request keeps its
// limits.
#include "protocol/form.hpp"
#include "protocol/render.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "protocol/request_parser.hpp"
#include "shard/output.hpp"
#include "support/transcript.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace freshet;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    constexpr std::size_t item_size_max = 1'024;
    const auto whole = test::transcript(input, item_size_max, [&] { return input.size(); });
    if (size <= 2'048) {  // a longer line is taken whole, but not in pieces: as memcached
        if (test::transcript(input, item_size_max, [] { return 1; }) != whole) std::abort();
        std::size_t at = 0;  // pieces as the input itself says
        if (test::transcript(input, item_size_max, [&] { return std::size_t{data[at++ % size]} % 32; }) != whole)
            std::abort();
    }
    request_parser parser(item_size_max);
    request r;
    form f;
    output out;
    reply a;
    for (std::string_view rest = input; true;) {
        const auto s = parser.next(rest, r, f);
        if (s == request_parser::status::more || s == request_parser::status::closing) return 0;
        if (s != request_parser::status::call) continue;
        if (r.key.empty() || r.key.size() > key_size_max || r.value.size() > item_size_max) std::abort();
        for (const auto o : {outcome::hit, outcome::miss, outcome::number, outcome::inspected}) {
            a.outcome = o;
            out.clear(std::size_t{1} << 20);
            render(r, f, a, out);
        }
    }
}
