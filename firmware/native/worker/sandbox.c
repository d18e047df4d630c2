// See sandbox.h.
#include "sandbox.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../engine/engine.h"
#include "seccomp.h"

enum { FIRST_CLOSED = RST_SANDBOX_SOCKET + 1 };

// Lowers soft and hard limit; a lower hard limit of the parent stays.
static int lower(int resource, rlim_t n) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) == -1) {
        return -1;
    }
    if (limit.rlim_max < n) {
        n = limit.rlim_max;
    }
    limit.rlim_cur = n;
    limit.rlim_max = n;
    return setrlimit(resource, &limit);
}

// No log, no signature file, no other connection: nothing but the one socket.
static int keep_only(int connection) {
    if (connection != RST_SANDBOX_SOCKET && dup2(connection, RST_SANDBOX_SOCKET) == -1) {
        return -1;
    }
    if (syscall(SYS_close_range, 0U, RST_SANDBOX_SOCKET - 1U, 0U) == -1) {
        return -1;
    }
    return (int)syscall(SYS_close_range, (unsigned)FIRST_CLOSED, UINT_MAX, 0U);
}

// The handlers belong to the program that became the parent: here a signal just ends the worker.
static int forget_handlers(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (sigaction(numbers[i], &action, NULL) == -1) {
            return -1;
        }
    }
    return 0;
}

int rst_sandbox_enclose(int connection, int parent) {
    if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0L, 0L, 0L) == -1) {
        return -1;
    }
    if (getppid() != parent) { // it died before we asked to die with it
        errno = ESRCH;
        return -1;
    }
    if (forget_handlers() == -1 || keep_only(connection) == -1) {
        return -1;
    }
    // NOFILE: the socket, and the descriptors of message and scratch, which take the places of 0
    // and 1.
    if (lower(RLIMIT_NOFILE, FIRST_CLOSED) == -1 ||
        lower(RLIMIT_FSIZE, RST_SCRATCH_OCTETS) == -1 || lower(RLIMIT_CORE, 0) == -1 ||
        lower(RLIMIT_DATA, RST_SANDBOX_DATA) == -1) {
        return -1;
    }
    return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
}

int rst_sandbox_seal(uint32_t deadline_ms, uint64_t file_octets) {
    // The parent kills at the deadline. This is for a worker whose parent cannot.
    rlim_t seconds = deadline_ms / 1000 + 2;
    if (lower(RLIMIT_CPU, seconds) == -1 || lower(RLIMIT_FSIZE, (rlim_t)file_octets) == -1) {
        return -1;
    }
    return rst_seccomp_install(&rst_profile_worker);
}
