// _sys: what a program does to itself: rights, limits, signals; and the comparison of secrets.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "py/runtime.h"

#include "../worker/rights.h"
#include "../worker/seccomp.h"
#include "sys.h"

static mp_obj_t sys_drop(mp_obj_t uid, mp_obj_t gid) {
    rst_sys_check(rst_drop_rights((uid_t)mp_obj_get_int(uid), (gid_t)mp_obj_get_int(gid)));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(rst_sys_drop_obj, sys_drop);

static mp_obj_t sys_uptime(void) {
    struct timespec now;
    rst_sys_check(clock_gettime(CLOCK_BOOTTIME, &now));
    return mp_obj_new_int_from_ull((unsigned long long)now.tv_sec);
}
MP_DEFINE_CONST_FUN_OBJ_0(rst_sys_uptime_obj, sys_uptime);

static mp_obj_t sys_no_new_privs(void) {
    rst_sys_check(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(rst_sys_no_new_privs_obj, sys_no_new_privs);

static mp_obj_t sys_dumpable(mp_obj_t flag) {
    rst_sys_check(prctl(PR_SET_DUMPABLE, mp_obj_is_true(flag) ? 1L : 0L, 0L, 0L, 0L));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_dumpable_obj, sys_dumpable);

static const struct {
    const char *name;
    int resource;
} limits[] = {
    {"nofile", RLIMIT_NOFILE}, {"data", RLIMIT_DATA}, {"cpu", RLIMIT_CPU},
    {"fsize", RLIMIT_FSIZE},   {"core", RLIMIT_CORE},
};

// Sets soft and hard limit: what is lowered stays low.
static mp_obj_t sys_rlimit(mp_obj_t name_in, mp_obj_t value) {
    const char *name = mp_obj_str_get_str(name_in);
    rlim_t n = (rlim_t)rst_sys_offset(value);
    for (size_t i = 0; i < MP_ARRAY_SIZE(limits); i++) {
        if (strcmp(limits[i].name, name) == 0) {
            struct rlimit limit = {n, n};
            rst_sys_check(setrlimit(limits[i].resource, &limit));
            return mp_const_none;
        }
    }
    mp_raise_ValueError(MP_ERROR_TEXT("limit is nofile, data, cpu, fsize or core"));
}
MP_DEFINE_CONST_FUN_OBJ_2(rst_sys_rlimit_obj, sys_rlimit);

static mp_obj_t sys_seccomp(mp_obj_t name_in) {
    const rst_profile *profile = rst_profile_named(mp_obj_str_get_str(name_in));
    if (profile == NULL) {
        mp_raise_ValueError(MP_ERROR_TEXT("profile is gate or console"));
    }
    rst_sys_check(rst_seccomp_install(profile));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_seccomp_obj, sys_seccomp);

// ---- Signals ----

static int signal_pipe[2] = {-1, -1};

// Runs in signal context: one octet per signal. A full pipe already wakes its reader.
static void note_signal(int number) {
    int error = errno;
    uint8_t octet = (uint8_t)number;
    ssize_t written = write(signal_pipe[1], &octet, 1);
    (void)written;
    errno = error;
}

static mp_obj_t sys_signals(void) {
    static const int numbers[] = {SIGTERM, SIGHUP, SIGCHLD};
    if (signal_pipe[0] == -1) {
        rst_sys_check(pipe2(signal_pipe, O_NONBLOCK | O_CLOEXEC));
    }
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < MP_ARRAY_SIZE(numbers); i++) {
        rst_sys_check(sigaction(numbers[i], &action, NULL));
    }
    return MP_OBJ_NEW_SMALL_INT(signal_pipe[0]);
}
MP_DEFINE_CONST_FUN_OBJ_0(rst_sys_signals_obj, sys_signals);

// For the warden only: the seccomp profiles do not have this call.
static mp_obj_t sys_kill(mp_obj_t process, mp_obj_t number) {
    rst_sys_check(kill((pid_t)mp_obj_get_int(process), (int)mp_obj_get_int(number)));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(rst_sys_kill_obj, sys_kill);

// ---- Secrets ----

// The time depends on the lengths only, which are no secret.
static mp_obj_t sys_equal(mp_obj_t a_in, mp_obj_t b_in) {
    mp_buffer_info_t a, b;
    mp_get_buffer_raise(a_in, &a, MP_BUFFER_READ);
    mp_get_buffer_raise(b_in, &b, MP_BUFFER_READ);
    if (a.len != b.len) {
        return mp_const_false;
    }
    const volatile uint8_t *left = a.buf;
    const volatile uint8_t *right = b.buf;
    uint8_t difference = 0;
    for (size_t i = 0; i < a.len; i++) {
        difference |= left[i] ^ right[i];
    }
    return mp_obj_new_bool(difference == 0);
}
MP_DEFINE_CONST_FUN_OBJ_2(rst_sys_equal_obj, sys_equal);
