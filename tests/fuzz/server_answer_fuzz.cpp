// What a memcached server answers to what it is asked for a client's command, read at once and as it grows byte by
// byte: the same replies, and never more consumed than is there. Up to the first line end stands the client's command.
#include "call/call.hpp"
#include "protocol/render.hpp"
#include "protocol/request_parser.hpp"
#include "shard/output.hpp"
#include "shard/pool.hpp"
#include "shard/slice.hpp"
#include "store/pool/meta_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace freshet;

/// What the client is told, answer by answer.
std::vector<std::string> read(const client_call& asked, asked_as how, std::string_view answers, std::size_t step) {
    pool chunks;
    chunk* const source = chunks.take(answers.size() + 1);
    std::memcpy(source->data(), answers.data(), answers.size());
    std::vector<std::string> told;
    {
        answer_reader reader;
        reader.begin(source);
        client_call c;
        c.request = asked.request;
        c.wanted = asked.wanted;
        std::size_t begin = 0;
        for (std::size_t end = std::min(step, answers.size());; end = std::min(end + step, answers.size())) {
            std::string_view input(source->data() + begin, end - begin);
            for (;;) {
                const std::size_t before = input.size();
                const auto status = reader.next(input, c.request, how, c.reply);
                if (input.size() > before) std::abort();
                if (status == answer_reader::status::more) break;
                if (status == answer_reader::status::wrong) {
                    source->leave();
                    return told;
                }
                output out;
                c.reply.keep_value();
                render(c.request, c.wanted, c.reply, out);
                told.emplace_back(out.text().view());
            }
            begin = end - input.size();
            if (end == answers.size()) break;
        }
    }
    source->leave();
    return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input(reinterpret_cast<const char*>(data), size);
    client_call c;
    request_parser parser(std::size_t{1} << 20);
    if (parser.next(input, c.request, c.wanted) != request_parser::status::call) return 0;
    output asked;
    const asked_as how = ask_server(c.request, c.wanted, asked);
    if (asked.empty()) std::abort();
    if (read(c, how, input, input.size() + 1) != read(c, how, input, 1)) std::abort();
    return 0;
}
