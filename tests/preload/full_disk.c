/* A disk that is full: files of the folder FULL_DISK_FOLDER grow by no more bytes than the 64-bit number says that the file named by
 * FULL_DISK begins with, and which shrinks with them; negative: by as many as they like. What is cut off a file is free again, what is
 * written over needs no room, as on most file systems. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mapped_file.h"

static _Atomic long long *left;
static const char *folder;

__attribute__((constructor)) static void begin(void) {
    folder = getenv("FULL_DISK_FOLDER");
    left = folder != NULL ? mapped_file("FULL_DISK") : NULL;
}

/* Of a file in the folder, while it is limited; else -1. */
static off_t size_of(int descriptor) {
    if (left == NULL || atomic_load(left) < 0) return -1;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t size = readlink(link, path, sizeof path);
    const size_t whole = strlen(folder);
    struct stat about;
    if (size <= (ssize_t)whole || memcmp(path, folder, whole) != 0 || fstat(descriptor, &about) != 0) return -1;
    return about.st_size;
}

static int has_room(int descriptor, off_t end) {
    const off_t size = size_of(descriptor);
    if (size < 0 || end <= size) return 1;
    long long now = atomic_load(left);
    do {
        if (now < 0) return 1;
        if (now < end - size) return 0;
    } while (!atomic_compare_exchange_weak(left, &now, now - (end - size)));
    return 1;
}

static void cut(off_t bytes) {
    long long now = atomic_load(left);
    while (now >= 0 && bytes > 0 && !atomic_compare_exchange_weak(left, &now, now + bytes)) {}
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int descriptor, const void *from, size_t size, off64_t at) {
    if (has_room(descriptor, at + (off_t)size)) return REAL(pwrite64)(descriptor, from, size, at);
    errno = ENOSPC;
    return -1;
}

ssize_t pwrite(int descriptor, const void *from, size_t size, off_t at) { return pwrite64(descriptor, from, size, at); }

int ftruncate64(int descriptor, off64_t to) {
    const off_t size = size_of(descriptor);
    const int code = REAL(ftruncate64)(descriptor, to);
    if (code == 0 && size >= 0) cut(size - to);
    return code;
}

int ftruncate(int descriptor, off_t to) { return ftruncate64(descriptor, to); }

int truncate(const char *path, off_t to) {
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    const int code = ftruncate64(file, to);
    const int error = errno;
    close(file);
    errno = error;
    return code;
}

int posix_fallocate(int descriptor, off_t at, off_t size) {
    return has_room(descriptor, at + size) ? REAL(posix_fallocate)(descriptor, at, size) : ENOSPC;
}
