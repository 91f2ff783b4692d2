/* System calls that fail, or do less than was asked, now and then: so many in a thousand as the numbers say that stand in the file
 * which FAILING_CALLS names, in this order, as 32-bit integers; another program may write them while this one runs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "mapped_file.h"

enum which { ACCEPT, EPOLL_ADD, SHORT_RECV, SHORT_SEND, OPEN, SOCKET, PIPE, CLONE, SYNC };

static const _Atomic int *rates;

__attribute__((constructor)) static void begin(void) { rates = mapped_file("FAILING_CALLS"); }

static int fails(enum which call) {
    static _Thread_local unsigned state;
    if (rates == NULL) return 0;
    if (state == 0) state = (unsigned)(unsigned long)&state | 1;
    state = state * 1664525u + 1013904223u;
    return (int)(state >> 8) % 1000 < atomic_load(&rates[call]);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int accept4(int descriptor, struct sockaddr *restrict address, socklen_t *restrict size, int flags) {
    if (!fails(ACCEPT)) return REAL(accept4)(descriptor, address, size, flags);
    errno = EMFILE;
    return -1;
}

int epoll_ctl(int epoll, int what, int descriptor, struct epoll_event *event) {
    if (what != EPOLL_CTL_ADD || !fails(EPOLL_ADD)) return REAL(epoll_ctl)(epoll, what, descriptor, event);
    errno = ENOSPC;
    return -1;
}

ssize_t recv(int descriptor, void *to, size_t size, int flags) {
    return REAL(recv)(descriptor, to, size > 1 && fails(SHORT_RECV) ? 1 : size, flags);
}

ssize_t send(int descriptor, const void *from, size_t size, int flags) {
    return REAL(send)(descriptor, from, size > 1 && fails(SHORT_SEND) ? 1 : size, flags);
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (!fails(OPEN)) return REAL(open64)(path, flags, mode);
    errno = EMFILE;
    return -1;
}

int open(const char *path, int flags, ...) __attribute__((alias("open64")));

int socket(int family, int type, int protocol) {
    if (!fails(SOCKET)) return REAL(socket)(family, type, protocol);
    errno = EMFILE;
    return -1;
}

int pipe2(int ends[2], int flags) {
    if (!fails(PIPE)) return REAL(pipe2)(ends, flags);
    errno = EMFILE;
    return -1;
}

int __clone(int (*run)(void *), void *stack, int flags, void *argument, ...) {
    va_list more;
    va_start(more, argument);
    pid_t *const parent = va_arg(more, pid_t *);
    va_end(more);
    if (!fails(CLONE)) return REAL(__clone)(run, stack, flags, argument, parent);
    errno = EAGAIN;
    return -1;
}

int fdatasync(int descriptor) {
    if (!fails(SYNC)) return REAL(fdatasync)(descriptor);
    errno = EIO;
    return -1;
}

int fsync(int descriptor) {
    if (!fails(SYNC)) return REAL(fsync)(descriptor);
    errno = EIO;
    return -1;
}
