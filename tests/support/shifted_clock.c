/* Another date for a process and its children: LD_PRELOAD this, with CLOCK_OFFSET_SECONDS.

   Only the date moves. Uptimes do not, so timeouts and sleeps last as long as they say. Waits until
   a date are handed to the kernel, which knows only the real one, so they are shifted back.
   Programs without a C library (most of Go's) and the times of files keep the real date. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define REAL(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

static time_t offset;

__attribute__((constructor)) static void read_offset(void) {
    const char *seconds = getenv("CLOCK_OFFSET_SECONDS");
    offset = seconds ? atoll(seconds) : 0;
}

static int is_date(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

static struct timespec unshifted(clockid_t clock, const struct timespec *until) {
    struct timespec real = *until;
    if (is_date(clock)) real.tv_sec -= offset;
    return real;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && is_date(clock)) now->tv_sec += offset;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int failed = syscall(SYS_gettimeofday, now, zone);
    if (!failed) now->tv_sec += offset;
    return failed;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until,
                    struct timespec *rest) {
    struct timespec real = unshifted(flags & TIMER_ABSTIME ? clock : CLOCK_MONOTONIC, until);
    return REAL(clock_nanosleep)(clock, flags, &real, rest);
}

int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                           const struct timespec *until) {
    struct timespec real = unshifted(clock, until);
    return REAL(pthread_cond_clockwait)(condition, mutex, clock, &real);
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    /* The condition knows which clock it waits by, and keeps that to itself; no machine has been up
       for the 30 years since 1970 that a date has. */
    clockid_t clock = until->tv_sec > 1000000000 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    return pthread_cond_clockwait(condition, mutex, clock, until);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex,
                            const struct timespec *restrict until) {
    struct timespec real = unshifted(CLOCK_REALTIME, until);
    return REAL(pthread_mutex_timedlock)(mutex, &real);
}

int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until) {
    struct timespec real = unshifted(clock, until);
    return REAL(sem_clockwait)(semaphore, clock, &real);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    return sem_clockwait(semaphore, CLOCK_REALTIME, until);
}
