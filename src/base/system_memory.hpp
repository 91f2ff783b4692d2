// The memory that this process has from the system.
#pragma once

#include <cstddef>

namespace freshet {

/// What this process may use: the machine's memory, or its control group's or its own limit (RLIMIT_AS) if that is
/// less.
std::size_t memory_allowed_bytes();

/// Gives free memory back to the system, up to about so many bytes of it. True: there may be more. Any thread.
bool return_free_memory(std::size_t bytes) noexcept;

}  // namespace freshet
