// Which system calls each program may make. The rule: a line has a reason, and what is needed only
// at start (threads, listening, dropping rights) is done before the filter and is not here.
//
// Numbers come from the C library's headers for the architecture that is compiled. ARM has calls
// of two generations for time and file offsets; musl tries the 64-bit one first and falls back, so
// both are listed where both exist.
#include <string.h>
#include <sys/syscall.h>

#include "seccomp.h"

#define CALL(name) {SYS_##name, RST_ALLOW}

// Ends, and returns from signal handlers. restart_syscall: what the kernel makes of poll when the
// process was stopped and continued.
#define ENDING CALL(exit_group), CALL(rt_sigreturn), CALL(restart_syscall)

// Reading, writing and waiting on what is open. writev, readv: musl's stdio.
#define OPEN_FILES CALL(poll), CALL(read), CALL(write), CALL(writev), CALL(readv), CALL(close)

// The C library's memory. Never executable.
#define MEMORY CALL(brk), CALL(munmap), {SYS_mprotect, RST_NO_EXEC}, MAPPING
#if defined(SYS_mmap2)
#define MAPPING {SYS_mmap2, RST_NO_EXEC}
#else
#define MAPPING {SYS_mmap, RST_NO_EXEC}
#endif

// The clock, where the kernel's page of time (vdso) is not there, and random octets.
#if defined(__arm__)
#if defined(SYS_clock_gettime32) // musl's name for the old call
#define CLOCK_OLD CALL(clock_gettime32)
#else
#define CLOCK_OLD CALL(clock_gettime)
#endif
#define CLOCK CALL(clock_gettime64), CLOCK_OLD, CALL(getrandom)
#else
#define CLOCK CALL(clock_gettime), CALL(gettimeofday), CALL(getrandom)
#endif

// Locks between the loop and the helper thread.
#if defined(__arm__)
#define LOCKS CALL(futex), CALL(futex_time64)
#else
#define LOCKS CALL(futex)
#endif

// O_NONBLOCK, and the duplicates that the helper thread gets.
#if defined(__arm__)
#define FLAGS_OF_DESCRIPTORS CALL(fcntl64)
#else
#define FLAGS_OF_DESCRIPTORS CALL(fcntl)
#endif

// Files of the data partition: the store and its start-up. unlink, rename, mkdir: what musl calls;
// the -at forms: what glibc and MicroPython's os call.
#if defined(__arm__)
#define FILES_OF_ARCHITECTURE                                                                     \
    CALL(_llseek), CALL(fstat64), CALL(fstatat64), CALL(stat64), CALL(lstat64), CALL(statfs64),   \
        CALL(fstatfs64), CALL(ftruncate64), CALL(sendfile64)
#else
#define FILES_OF_ARCHITECTURE                                                                     \
    CALL(fstat), CALL(newfstatat), CALL(stat), CALL(lstat), CALL(statfs), CALL(fstatfs),          \
        CALL(ftruncate), CALL(sendfile)
#endif
#define FILES                                                                                     \
    CALL(open), CALL(openat), CALL(pread64), CALL(pwrite64), CALL(lseek), CALL(statx),            \
        CALL(fsync), CALL(rename), CALL(renameat), CALL(renameat2), CALL(unlink), CALL(unlinkat), \
        CALL(link), CALL(linkat), CALL(mkdir), CALL(mkdirat), CALL(rmdir), CALL(chmod),           \
        CALL(getdents64), FLAGS_OF_DESCRIPTORS, FILES_OF_ARCHITECTURE

// What is done with sockets that are there.
#define CONNECTIONS                                                                               \
    CALL(connect), CALL(getsockopt), CALL(sendto), CALL(recvfrom), CALL(sendmsg), CALL(recvmsg),  \
        CALL(shutdown)

static const rst_rule gate[] = {
    OPEN_FILES,
    CONNECTIONS,
    {SYS_socket, RST_NET_SOCKET}, // to origins, to the screen process; who listens did so before
    CALL(accept4),
    CALL(accept), // MicroPython's socket.accept()
    CALL(setsockopt),
    CALL(getsockname),
    CALL(getpeername),
    CLOCK,
    LOCKS,
    FILES,
    MEMORY,
    {SYS_ioctl, RST_TTY_ASK}, // stdio asks whether it writes to a terminal
    ENDING,
};

// The terminal is open; the control socket is connected to, again after the gate restarted.
static const rst_rule console[] = {
    OPEN_FILES, CONNECTIONS, {SYS_socket, RST_UNIX_SOCKET}, FLAGS_OF_DESCRIPTORS,
    CLOCK,      MEMORY,      {SYS_ioctl, RST_TTY_SET},      ENDING,
};

// One message is mapped, the reply's socket is open: what is left is to hand pages back, to reply
// and to end.
static const rst_rule worker[] = {
    CALL(munmap),          CALL(sendto), CALL(exit_group), CALL(rt_sigreturn),
    CALL(restart_syscall), // after SIGSTOP and SIGCONT
};

#define PROFILE(name) {#name, name, sizeof name / sizeof name[0]}

const rst_profile rst_profile_gate = PROFILE(gate);
const rst_profile rst_profile_console = PROFILE(console);
const rst_profile rst_profile_worker = PROFILE(worker);

const rst_profile *rst_profile_named(const char *name) {
    if (strcmp(name, "gate") == 0) {
        return &rst_profile_gate;
    }
    return strcmp(name, "console") == 0 ? &rst_profile_console : NULL;
}
