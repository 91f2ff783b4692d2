#include "support/heap.hpp"

#include <cstdlib>
#include <new>

namespace freshet::test {

namespace {
thread_local std::size_t calls = 0;

void* counted(std::size_t size) noexcept {
    ++calls;
    return std::malloc(size != 0 ? size : 1);
}

void* counted_or_thrown(std::size_t size) {
    if (void* const p = counted(size)) return p;
    throw std::bad_alloc();
}
}  // namespace

std::size_t heap_calls() noexcept { return calls; }

}  // namespace freshet::test

// All of them but the aligned ones: a sanitizer replaces each by itself, and minds a mixture.
void* operator new(std::size_t size) { return freshet::test::counted_or_thrown(size); }
void* operator new[](std::size_t size) { return freshet::test::counted_or_thrown(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return freshet::test::counted(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return freshet::test::counted(size); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }
