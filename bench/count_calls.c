/* Preloaded into a server (LD_PRELOAD), counts its calls of the heap, of sync and of the system for sockets, events and
   timers in the file that BENCH_CALLS names (24 bytes, made by whoever starts the server; src/tools/load_meter.hpp reads
   the first two, calls.py the third). An operator new that takes its memory from malloc counts twice; free is not counted,
   nor is a system call that libc makes for itself, as for a lock. Only for counting runs: the counters are shared by all
   threads. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

struct call_counters {
    uint64_t heap;
    uint64_t sync;
    uint64_t system;
};

static struct call_counters nowhere; /* until the file is mapped */
static struct call_counters* counters = &nowhere;

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

/* The allocator's own function, whichever library brings it. */
#define COUNTED(result, name, parameters, arguments)                          \
    result name parameters {                                                  \
        static result(*next) parameters;                                      \
        count(&counters->heap);                                               \
        if (next == NULL) next = (result(*) parameters)dlsym(RTLD_NEXT, #name); \
        return next arguments;                                                \
    }

COUNTED(void*, malloc, (size_t size), (size))
COUNTED(void*, calloc, (size_t number, size_t size), (number, size))
COUNTED(void*, realloc, (void* memory, size_t size), (memory, size))
COUNTED(void*, memalign, (size_t alignment, size_t size), (alignment, size))
/* operator new, new[], both with nothrow, and new of more than the usual alignment */
COUNTED(void*, _Znwm, (size_t size), (size))
COUNTED(void*, _Znam, (size_t size), (size))
COUNTED(void*, _ZnwmRKSt9nothrow_t, (size_t size, const void* nothrow), (size, nothrow))
COUNTED(void*, _ZnamRKSt9nothrow_t, (size_t size, const void* nothrow), (size, nothrow))
COUNTED(void*, _ZnwmSt11align_val_t, (size_t size, size_t alignment), (size, alignment))

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

/* errno is as the function of libc leaves it: syscall() sets it. */
#define SYSTEM_CALL(number, ...) (count(&counters->system), syscall(number, __VA_ARGS__))

ssize_t read(int file, void* to, size_t size) {
    return SYSTEM_CALL(SYS_read, file, to, size);
}

ssize_t write(int file, const void* from, size_t size) {
    return SYSTEM_CALL(SYS_write, file, from, size);
}

ssize_t readv(int file, const struct iovec* parts, int number) {
    return SYSTEM_CALL(SYS_readv, file, parts, number);
}

ssize_t writev(int file, const struct iovec* parts, int number) {
    return SYSTEM_CALL(SYS_writev, file, parts, number);
}

ssize_t recv(int file, void* to, size_t size, int flags) {
    return SYSTEM_CALL(SYS_recvfrom, file, to, size, flags, NULL, NULL);
}

ssize_t recvfrom(int file, void* to, size_t size, int flags, struct sockaddr* restrict who, socklen_t* restrict length) {
    return SYSTEM_CALL(SYS_recvfrom, file, to, size, flags, who, length);
}

ssize_t recvmsg(int file, struct msghdr* message, int flags) {
    return SYSTEM_CALL(SYS_recvmsg, file, message, flags);
}

ssize_t send(int file, const void* from, size_t size, int flags) {
    return SYSTEM_CALL(SYS_sendto, file, from, size, flags, NULL, 0);
}

ssize_t sendto(int file, const void* from, size_t size, int flags, const struct sockaddr* to, socklen_t length) {
    return SYSTEM_CALL(SYS_sendto, file, from, size, flags, to, length);
}

ssize_t sendmsg(int file, const struct msghdr* message, int flags) {
    return SYSTEM_CALL(SYS_sendmsg, file, message, flags);
}

int epoll_wait(int file, struct epoll_event* events, int number, int milliseconds) {
    return (int)SYSTEM_CALL(SYS_epoll_pwait, file, events, number, milliseconds, NULL, 0);
}

int epoll_ctl(int file, int operation, int which, struct epoll_event* event) {
    return (int)SYSTEM_CALL(SYS_epoll_ctl, file, operation, which, event);
}

int timerfd_settime(int file, int flags, const struct itimerspec* to, struct itimerspec* was) {
    return (int)SYSTEM_CALL(SYS_timerfd_settime, file, flags, to, was);
}

int accept4(int file, struct sockaddr* restrict who, socklen_t* restrict length, int flags) {
    return (int)SYSTEM_CALL(SYS_accept4, file, who, length, flags);
}
