// A server's answers, read at once and as they grow byte by byte: the same replies, and never more consumed than is
// there. The first byte says which question they answer.
#include "protocol/form.hpp"
#include "protocol/render.hpp"
#include "protocol/reply.hpp"
#include "protocol/reply_parser.hpp"
#include "protocol/request.hpp"
#include "shard/output.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace freshet;

struct question {
    request r{};
    form f{};

    explicit question(std::uint8_t choice) {
        constexpr command commands[] = {command::get,     command::store, command::remove, command::arithmetic,
                                        command::inspect, command::stats, command::touch,  command::noop};
        constexpr char verbs[] = {'g', 's', 'd', 'a'};
        r.command = commands[choice & 7];
        r.key = "k";
        f.verb = verbs[choice & 3];
        f.dialect = static_cast<dialect>((choice >> 3) % 5);
        f.quiet = (choice & 64) != 0;
        if ((choice & 128) == 0) return;
        f.single = false;
        f.return_count = f.opaque_size = 1;
        f.returns[0] = 'O';
        f.opaque[0] = '1';
    }
};

std::vector<std::string> replies(const question& q, std::string_view whole, std::size_t step) {
    constexpr std::size_t replies_max = 1'000;
    std::vector<std::string> found;
    reply_parser parser;
    reply a;
    std::size_t consumed = 0;
    for (std::size_t size = step; found.size() < replies_max;) {
        std::string_view input = whole.substr(0, size).substr(consumed);
        const std::size_t before = input.size();
        const auto status = parser.next(input, q.r, q.f, a);
        if (input.size() > before) std::abort();
        consumed += before - input.size();
        if (status == reply_parser::status::more) {
            if (input.size() != before || (parser.wanted() != 0 && parser.wanted() <= before)) std::abort();
            if (size >= whole.size()) break;
            size = std::min(size + step, whole.size());
            continue;
        }
        if (status == reply_parser::status::error) {
            found.emplace_back("(error)");
            break;
        }
        output out;
        if (status == reply_parser::status::reply) render(q.r, q.f, a, out);
        found.emplace_back(status == reply_parser::status::silent ? "(silent)" : out.text().view());
        if (consumed == 0 || before == input.size()) break;  // said for ever
    }
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 4'096) return 0;
    const question q(data[0]);
    const std::string_view whole(reinterpret_cast<const char*>(data + 1), size - 1);
    if (replies(q, whole, whole.size()) != replies(q, whole, 1)) std::abort();
    return 0;
}
