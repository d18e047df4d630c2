// Which system calls each program may make. The rule: a group has a reason, and what is needed
// only at start (threads, listening, changing rights) is done before the filter and is not here.
//
// What is listed is what the C library really calls: glibc on x86-64 (tests), musl on ARM (the
// box, where calls with times and offsets are those of 64 bits).
#include <string.h>
#include <sys/syscall.h>

#include "seccomp.h"

#define CALL(name) {SYS_##name, RST_ALLOW}

// Reading, writing and waiting on what is open. writev: musl's stdio.
static const rst_call open_files[] = {
    CALL(read),    CALL(write), CALL(poll), CALL(close), CALL(writev),
#if defined(__arm__)
    CALL(fcntl64), // O_NONBLOCK; duplicates for the helper thread
#else
    CALL(fcntl),
#endif
};

// The clock where the kernel's page of time (vdso) is not there, and random octets.
static const rst_call times[] = {
#if defined(__arm__)
    CALL(clock_gettime64),
#else
    CALL(clock_gettime),
    CALL(gettimeofday),
#endif
    CALL(getrandom),
};

// What is done with sockets that are there.
static const rst_call connections[] = {
    CALL(recvfrom),   CALL(sendto), CALL(recvmsg),
    CALL(sendmsg), // with a descriptor, to the screen process
    CALL(connect),
    CALL(getsockopt), // SO_ERROR, SO_ORIGINAL_DST
    CALL(shutdown),
};

// To origins, to the screen process, from clients. Who listens did so before.
static const rst_call network[] = {
    {SYS_socket, RST_NET_SOCKET},
    CALL(accept4),
    CALL(accept), // MicroPython's socket.accept()
    CALL(setsockopt),
    CALL(getsockname),
    CALL(getpeername),
};

// To the gate's control socket, again after the gate restarted.
static const rst_call local_socket[] = {
    {SYS_socket, RST_UNIX_SOCKET},
};

// The mutex between the loop and the helper thread.
static const rst_call locks[] = {
    CALL(futex),
};

// The data partition: spool, quarantine, journal, log, settings.
static const rst_call files[] = {
    CALL(pread64), CALL(pwrite64),
#if defined(__arm__)
    CALL(open),
    CALL(statx), // musl asks this for stat and fstat
    CALL(_llseek), CALL(sendfile64), CALL(ftruncate64), CALL(statfs64),
#else
    CALL(openat),
    CALL(newfstatat), // glibc's stat and fstat
    CALL(lseek),      CALL(sendfile), CALL(ftruncate), CALL(statfs),
#endif
    CALL(fsync),   CALL(rename),     CALL(unlink),      CALL(mkdir),    CALL(getdents64),
    CALL(link), // the signature set that was current is kept under a second name
};

// The C library's memory: never executable.
static const rst_call memory[] = {
    CALL(brk),
#if defined(SYS_mmap2)
    {SYS_mmap2, RST_NO_EXEC},
#else
    {SYS_mmap, RST_NO_EXEC},
#endif
    CALL(munmap),
    {SYS_mprotect, RST_NO_EXEC},
    CALL(madvise), // musl's free() of large pieces
};

// stdio asks whether it writes to a terminal.
static const rst_call asking_terminal[] = {
    {SYS_ioctl, RST_TTY_ASK},
};

// The line editor sets the terminal, too.
static const rst_call terminal[] = {
    {SYS_ioctl, RST_TTY_SET},
};

// Signal handlers return; MicroPython hands SIGINT back at its end. restart_syscall: what the
// kernel makes of poll when the process was stopped and continued.
static const rst_call ending[] = {
    CALL(rt_sigreturn),
#if defined(__arm__)
    CALL(sigreturn), // musl's return from handlers that take one argument
#endif
    CALL(restart_syscall), CALL(rt_sigaction), CALL(exit_group),
};

// One stick that is open for reading, and who asks for its octets.
static const rst_call one_stick[] = {
    CALL(pread64),
    CALL(accept4),
};

// One message and its scratch are mapped, the reply's socket is open: what is left is to hand
// pages back, to get place for the scratch on the disk, to reply and to end.
static const rst_call one_message[] = {
    CALL(munmap),          {SYS_fallocate, RST_GROW}, CALL(sendto),
    CALL(exit_group),      CALL(rt_sigreturn),
    CALL(restart_syscall), // after SIGSTOP and SIGCONT
};

#define GROUP(rules) {(rules), sizeof(rules) / sizeof((rules)[0])}

static const rst_call_group gate[] = {
    GROUP(open_files), GROUP(times),  GROUP(connections), GROUP(network),         GROUP(locks),
    GROUP(files),      GROUP(memory), GROUP(ending),      GROUP(asking_terminal),
};

static const rst_call_group console[] = {
    GROUP(open_files), GROUP(times),  GROUP(connections), GROUP(local_socket),
    GROUP(terminal),   GROUP(memory), GROUP(ending),
};

static const rst_call_group stick[] = {
    GROUP(open_files), GROUP(one_stick), GROUP(times),
    GROUP(memory),     GROUP(ending),    GROUP(asking_terminal),
};

static const rst_call_group worker[] = {GROUP(one_message)};

#define PROFILE(name) {#name, (name), sizeof(name) / sizeof((name)[0])}

const rst_profile rst_profile_gate = PROFILE(gate);
const rst_profile rst_profile_console = PROFILE(console);
const rst_profile rst_profile_stick = PROFILE(stick);
const rst_profile rst_profile_worker = PROFILE(worker);

const rst_profile *rst_profile_named(const char *name) {
    if (strcmp(name, "gate") == 0) {
        return &rst_profile_gate;
    }
    if (strcmp(name, "stick") == 0) {
        return &rst_profile_stick;
    }
    return strcmp(name, "console") == 0 ? &rst_profile_console : NULL;
}
