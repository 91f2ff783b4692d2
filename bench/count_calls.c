/* Preloaded into a server (LD_PRELOAD), counts its calls of the heap and of sync in the file that BENCH_CALLS names
   (16 bytes, made by whoever starts the server; src/tools/load_meter.hpp reads it). operator new arrives here as malloc; free is not
   counted. Only for counting runs: the counter is shared by all threads. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct call_counters {
    uint64_t heap;
    uint64_t sync;
};

static struct call_counters nowhere; /* until the file is mapped */
static struct call_counters* counters = &nowhere;

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

__attribute__((constructor)) static void map_counters(void) {
    const char* path = getenv("BENCH_CALLS");
    const int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void* mapped = mmap(NULL, sizeof(struct call_counters), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) counters = mapped;
}

static void count(uint64_t* counter) {
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

void* malloc(size_t size) {
    count(&counters->heap);
    return __libc_malloc(size);
}

void* calloc(size_t number, size_t size) {
    count(&counters->heap);
    return __libc_calloc(number, size);
}

void* realloc(void* memory, size_t size) {
    count(&counters->heap);
    return __libc_realloc(memory, size);
}

void* memalign(size_t alignment, size_t size) {
    count(&counters->heap);
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void** memory, size_t alignment, size_t size) {
    *memory = memalign(alignment, size);
    return *memory == NULL ? ENOMEM : 0;
}

int fsync(int file) {
    count(&counters->sync);
    return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
    count(&counters->sync);
    return (int)syscall(SYS_fdatasync, file);
}
