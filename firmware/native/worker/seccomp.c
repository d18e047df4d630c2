// Turns a profile's table into BPF and installs it. Knows nothing of single system calls.
#include "seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__arm__) && defined(__ARM_EABI__)
#define OUR_ARCHITECTURE AUDIT_ARCH_ARM
#else
#error "no system call profiles for this architecture: add it here and in profiles.c"
#endif

enum {
    // Instructions of a filter: the largest profile has under 100 calls of 2, and some arguments.
    MOST_INSTRUCTIONS = 320,
};

typedef struct {
    struct sock_filter code[MOST_INSTRUCTIONS];
    size_t n;
    int full;
} program;

static void emit(program *p, struct sock_filter instruction) {
    if (p->n == MOST_INSTRUCTIONS) {
        p->full = 1;
        return;
    }
    p->code[p->n++] = instruction;
}

static void load(program *p, size_t offset) {
    emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void finish(program *p, uint32_t verdict) {
    emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

// Allows if the low half of argument `index` is one of `values`; kills otherwise. The high half of
// a 64-bit register is ignored by all calls of which we look at an argument (int, unsigned int).
static void argument_in(program *p, int index, const uint32_t *values, size_t n) {
    load(p, offsetof(struct seccomp_data, args) + (size_t)index * sizeof(uint64_t));
    for (size_t i = 0; i < n; i++) {
        emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, values[i], 0, 1));
        finish(p, SECCOMP_RET_ALLOW);
    }
    finish(p, SECCOMP_RET_KILL_PROCESS);
}

static void argument_without(program *p, int index, uint32_t bits) {
    load(p, offsetof(struct seccomp_data, args) + (size_t)index * sizeof(uint64_t));
    emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
    finish(p, SECCOMP_RET_KILL_PROCESS);
    finish(p, SECCOMP_RET_ALLOW);
}

static void judge(program *p, rst_call_kind kind) {
    static const uint32_t families[] = {AF_UNIX, AF_INET};
    static const uint32_t tty[] = {TCGETS, TIOCGWINSZ, TCSETS, TCSETSW, TCSETSF, TCFLSH, TIOCMGET};
    static const uint32_t grow[] = {0};
    switch (kind) {
    case RST_ALLOW:
        finish(p, SECCOMP_RET_ALLOW);
        break;
    case RST_NO_EXEC:
        argument_without(p, 2, PROT_EXEC);
        break;
    case RST_NET_SOCKET:
        argument_in(p, 0, families, 2);
        break;
    case RST_UNIX_SOCKET:
        argument_in(p, 0, families, 1);
        break;
    case RST_TTY_ASK:
        argument_in(p, 1, tty, 2);
        break;
    case RST_TTY_SET:
        argument_in(p, 1, tty, sizeof tty / sizeof tty[0]);
        break;
    case RST_GROW:
        argument_in(p, 1, grow, 1);
        break;
    }
}

// An x32 call has a high bit in its number, so it equals none of ours.
static void allow(program *p, const rst_call *rule) {
    if (p->n == MOST_INSTRUCTIONS) {
        p->full = 1;
        return;
    }
    struct sock_filter *jump = &p->code[p->n++];
    judge(p, rule->kind);
    // Over this call's judgement, which is a few instructions long, to the next call.
    uint8_t over = (uint8_t)(&p->code[p->n] - jump - 1);
    *jump = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rule->number, 0, over);
}

static void build(program *p, const rst_profile *profile) {
    load(p, offsetof(struct seccomp_data, arch));
    emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCHITECTURE, 1, 0));
    finish(p, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < profile->n; i++) {
        const rst_call_group *group = &profile->groups[i];
        for (size_t j = 0; j < group->n; j++) {
            allow(p, &group->rules[j]);
        }
    }
    finish(p, SECCOMP_RET_KILL_PROCESS);
}

int rst_seccomp_install(const rst_profile *profile) {
    program p = {.n = 0};
    build(&p, profile);
    if (p.full) {
        errno = E2BIG;
        return -1;
    }
    struct sock_fprog filter = {.len = (unsigned short)p.n, .filter = p.code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == -1) {
        return -1;
    }
    long result =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
    // A positive result is the thread that could not be brought along.
    if (result > 0) {
        errno = ESRCH;
        return -1;
    }
    return (int)result;
}
