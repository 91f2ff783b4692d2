#include "base/system_memory.hpp"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

/// tcmalloc's, where a program is linked to that.
extern "C" {
__attribute__((weak)) void MallocExtension_ReleaseToSystem(std::size_t bytes);
__attribute__((weak)) int MallocExtension_GetNumericProperty(const char* name, std::size_t* value);
}

namespace freshet {

std::size_t memory_allowed_bytes() {
    auto allowed =
        static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
        std::ifstream file(path);
        std::size_t limit = 0;
        if (file >> limit && limit != 0) allowed = std::min(allowed, limit);
    }
    rlimit own{};
    if (::getrlimit(RLIMIT_AS, &own) == 0 && own.rlim_cur != RLIM_INFINITY)
        allowed = std::min<std::size_t>(allowed, own.rlim_cur);
    return allowed;
}

bool return_free_memory(std::size_t bytes) noexcept {
    if (MallocExtension_ReleaseToSystem == nullptr || MallocExtension_GetNumericProperty == nullptr) {
        ::malloc_trim(0);
        return false;
    }
    MallocExtension_ReleaseToSystem(bytes);
    std::size_t left = 0;
    return MallocExtension_GetNumericProperty("tcmalloc.pageheap_free_bytes", &left) != 0 && left > bytes;
}

}  // namespace freshet
