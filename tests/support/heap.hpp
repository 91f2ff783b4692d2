// Counts what a thread asks of the heap.
#pragma once

#include <cstddef>

namespace freshet::test {

/// Calls of operator new by this thread since it began.
std::size_t heap_calls() noexcept;

}  // namespace freshet::test
