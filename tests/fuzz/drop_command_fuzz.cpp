// A line on the control socket: a drop of a queue comes back from its own line.
#include "admin/drop.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace freshet;
    const auto command = parse_drop_command({reinterpret_cast<const char*>(data), size});
    if (!command) return 0;
    const auto again = parse_drop_command(to_line(*command));
    if (!again || again->queue != command->queue || again->with_all != command->with_all) std::abort();
    return 0;
}
