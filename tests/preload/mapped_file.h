/* What another program tells this one while it runs: a file that both have mapped, whose name is in a variable of the environment. */
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAPPED_BYTES = 4096 };

/* NULL: there is none. */
static inline void *mapped_file(const char *variable) {
    const char *const name = getenv(variable);
    const int file = name != NULL ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return NULL;
    void *const map = mmap(NULL, MAPPED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return map == MAP_FAILED ? NULL : map;
}
