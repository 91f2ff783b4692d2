// The headers of a message as the journal's file has them: what can be read is written the same again.
#include "queue/journal/file/format.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace freshet;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto headers = journal_format::decode(input);
    if (headers && journal_format::encode(*headers) != input) std::abort();
    return 0;
}
