// What stands behind a queue's prefix is one of the forms that exist, or none.
#include "route/task_key.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace freshet;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto key = parse_task_key(input);
    if (!key) return 0;
    if (key->wait.count() < 0 || key->wait > task_wait_max) std::abort();
    if (!key->id.empty() && (key->open || key->close || key->abort || key->number != 0)) std::abort();
    if ((key->number != 0 || key->abort) && (key->open || key->close)) std::abort();
    return 0;
}
