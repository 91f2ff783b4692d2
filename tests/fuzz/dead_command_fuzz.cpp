// A line on the control socket: a command comes back from its own line.
#include "admin/dead_letters.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace freshet;
    const auto command = parse_dead_command({reinterpret_cast<const char*>(data), size});
    if (!command) return 0;
    const auto again = parse_dead_command(to_line(*command));
    if (!again || again->verb != command->verb || again->queue != command->queue || again->max != command->max ||
        again->json != command->json || again->numbers != command->numbers)
        std::abort();
    return 0;
}
