/* A clock that somebody sets while the program runs: the date is as many milliseconds later than the system's as the 64-bit number says
 * that the file named by STEPPED_CLOCK begins with; where the next number is not 0, the clock stands: so many milliseconds since 1970 is
 * always the date. The steady clock knows nothing of it. Who waits for a date (pthread_cond_timedwait on CLOCK_REALTIME) is not served. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

#include "mapped_file.h"

static _Atomic long long *step_ms; /* and where it stands */
static int (*real_clock)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    real_clock = (__typeof__(real_clock))dlsym(RTLD_NEXT, "clock_gettime");
    step_ms = mapped_file("STEPPED_CLOCK");
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (real_clock == NULL) begin();
    const int code = real_clock(clock, now);
    if (code != 0 || step_ms == NULL || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return code;
    const long long ms = atomic_load(step_ms), stands_at_ms = atomic_load(step_ms + 1);
    if (stands_at_ms != 0) *now = (struct timespec){0};
    now->tv_sec += (ms + stands_at_ms) / 1000;
    now->tv_nsec += (ms + stands_at_ms) % 1000 * 1000000;
    if (now->tv_nsec < 0) now->tv_nsec += 1000000000, --now->tv_sec;
    if (now->tv_nsec >= 1000000000) now->tv_nsec -= 1000000000, ++now->tv_sec;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now != NULL) *now = exact.tv_sec;
    return exact.tv_sec;
}
