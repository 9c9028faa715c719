// Ends the process that loads it with SIGKILL before a write of its choice: the REPROOF_TEST_END_AT-th call of those below,
// counted over all threads. What writes bytes writes half of them first, as a process that is killed may.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long left;

__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("REPROOF_TEST_END_AT");
    atomic_store(&left, at ? atol(at) : 0);
}

static int due(void) { return atomic_load(&left) > 0 && atomic_fetch_sub(&left, 1) == 1; }

static void end(void) {
    for (;;) kill(getpid(), SIGKILL);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

// Streams of the terminal are no state, and what wakes a thread is none either.
static int is_state(int fd) {
    struct stat seen;
    return fd > 2 && fstat(fd, &seen) == 0 && (S_ISREG(seen.st_mode) || S_ISSOCK(seen.st_mode));
}

#define BYTES(name, parameters, arguments, half)                \
    ssize_t name parameters {                                   \
        __typeof__(&name) real = REAL(name);                    \
        if (is_state(fd) && due()) {                                  \
            if (n > 1) half;                                    \
            end();                                              \
        }                                                       \
        return real arguments;                                  \
    }

BYTES(write, (int fd, const void *b, size_t n), (fd, b, n), (void)!real(fd, b, n / 2))
BYTES(pwrite, (int fd, const void *b, size_t n, off_t at), (fd, b, n, at), (void)!real(fd, b, n / 2, at))
BYTES(pwrite64, (int fd, const void *b, size_t n, off64_t at), (fd, b, n, at), (void)!real(fd, b, n / 2, at))
BYTES(writev, (int fd, const struct iovec *b, int n), (fd, b, n), (void)!real(fd, b, n / 2))

// What goes to a database or a bucket.
BYTES(send, (int fd, const void *b, size_t n, int flags), (fd, b, n, flags), (void)!real(fd, b, n / 2, flags))
BYTES(sendto,
      (int fd, const void *b, size_t n, int flags, const struct sockaddr *to, socklen_t size),
      (fd, b, n, flags, to, size),
      (void)!real(fd, b, n / 2, flags, to, size))

#define STEP(name, parameters, arguments) \
    int name parameters {                 \
        if (due()) end();                 \
        return REAL(name) arguments;      \
    }

// What was written outlives a process that is killed, on the disk or not: waiting for the disk would prove nothing.
#define SYNC(name)            \
    int name(int fd) {        \
        (void)fd;             \
        if (due()) end();     \
        return 0;             \
    }

SYNC(fsync)
SYNC(fdatasync)
STEP(ftruncate, (int fd, off_t size), (fd, size))
STEP(ftruncate64, (int fd, off64_t size), (fd, size))
STEP(rename, (const char *from, const char *to), (from, to))
STEP(renameat, (int f, const char *from, int t, const char *to), (f, from, t, to))
STEP(renameat2, (int f, const char *from, int t, const char *to, unsigned flags), (f, from, t, to, flags))
STEP(link, (const char *from, const char *to), (from, to))
STEP(linkat, (int f, const char *from, int t, const char *to, int flags), (f, from, t, to, flags))
STEP(unlink, (const char *path), (path))
STEP(unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
STEP(rmdir, (const char *path), (path))
STEP(mkdir, (const char *path, mode_t mode), (path, mode))
STEP(mkdirat, (int fd, const char *path, mode_t mode), (fd, path, mode))

#define OPEN(name, parameters, arguments)                       \
    int name parameters {                                       \
        mode_t mode = 0;                                        \
        if (flags & (O_CREAT | O_TRUNC)) {                      \
            va_list rest;                                       \
            va_start(rest, flags);                              \
            mode = va_arg(rest, mode_t);                        \
            va_end(rest);                                       \
            if (due()) end();                                   \
        }                                                       \
        return REAL(name) arguments;                            \
    }

OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, (int fd, const char *path, int flags, ...), (fd, path, flags, mode))
OPEN(openat64, (int fd, const char *path, int flags, ...), (fd, path, flags, mode))
