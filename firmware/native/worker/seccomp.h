// System call filters: allow-lists as classic BPF, built here from tables (profiles.c). A call
// that is not listed kills the whole process; the audit architecture is checked first, so that the
// numbers mean what the table means. Linux only; no MicroPython.
#ifndef RST_WORKER_SECCOMP_H
#define RST_WORKER_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    RST_ALLOW = 0,
    RST_NO_EXEC,     // mmap, mprotect: third argument without PROT_EXEC
    RST_NET_SOCKET,  // socket: AF_UNIX or AF_INET
    RST_UNIX_SOCKET, // socket: AF_UNIX
    RST_TTY_ASK,     // ioctl: questions that libc asks of a terminal
    RST_TTY_SET,     // ioctl: those, and setting it
    RST_GROW,        // fallocate: mode 0, which gives a file more place and no more
} rst_call_kind;

typedef struct {
    uint32_t number;
    rst_call_kind kind;
} rst_call;

// Rules that belong together for one reason.
typedef struct {
    const rst_call *rules;
    size_t n;
} rst_call_group;

typedef struct {
    const char *name;
    const rst_call_group *groups; // those asked most often first
    size_t n;
} rst_profile;

extern const rst_profile rst_profile_gate;
extern const rst_profile rst_profile_console;
extern const rst_profile rst_profile_stick;
extern const rst_profile rst_profile_worker;

// "gate", "console" or "stick"; NULL for other names. The worker's profile is not for Python.
const rst_profile *rst_profile_named(const char *name);

// Sets no-new-privs and installs the filter in all threads. -1 and errno.
int rst_seccomp_install(const rst_profile *profile);

#endif
