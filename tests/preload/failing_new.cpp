// Memory that there is not, for the program itself and not for its libraries: so many calls of operator new in a
// hundred thousand fail as the 32-bit number says that the file named by FAILING_NEW begins with.
#include <dlfcn.h>
#include <link.h>

#include <atomic>
#include <cstdint>
#include <new>

#include "mapped_file.h"

namespace {

std::atomic<int>* rate;
std::uintptr_t code_begin, code_end;
void* (*real_new)(std::size_t);

int find_code(dl_phdr_info* program, std::size_t, void*) {
    for (int i = 0; i < program->dlpi_phnum; ++i) {
        const auto& part = program->dlpi_phdr[i];
        if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
        code_begin = program->dlpi_addr + part.p_vaddr;
        code_end = code_begin + part.p_memsz;
    }
    return 1;  // the program comes first
}

__attribute__((constructor)) void begin() {
    real_new = reinterpret_cast<void* (*)(std::size_t)>(::dlsym(RTLD_NEXT, "_Znwm"));
    ::dl_iterate_phdr(find_code, nullptr);
    rate = static_cast<std::atomic<int>*>(mapped_file("FAILING_NEW"));
}

bool fails(const void* caller) {
    static thread_local unsigned state;
    const auto from = reinterpret_cast<std::uintptr_t>(caller);
    if (rate == nullptr || from < code_begin || from >= code_end) return false;
    if (state == 0) state = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(&state)) | 1;
    state = state * 1664525U + 1013904223U;
    return static_cast<int>((state >> 8) % 100'000) < rate->load();
}

}  // namespace

void* operator new(std::size_t size) {
    if (real_new == nullptr) begin();
    if (fails(__builtin_return_address(0))) throw std::bad_alloc();
    return real_new(size);
}
