// _sys: calls on open files, by descriptor.
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/runtime.h"

#include "sys.h"

// A number of octets, or None where the call would have to wait.
static mp_obj_t count_or_none(ssize_t n) {
    if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return mp_const_none;
    }
    return MP_OBJ_NEW_SMALL_INT(rst_sys_check(n));
}

// Retries a call that a signal interrupted, after MicroPython's own handlers ran.
#define RETRY(n, call)                                                                            \
    do {                                                                                          \
        n = (call);                                                                               \
        if (n != -1 || errno != EINTR) {                                                          \
            break;                                                                                \
        }                                                                                         \
        mp_handle_pending(true);                                                                  \
    } while (1)

static mp_obj_t sys_open(size_t n_args, const mp_obj_t *args) {
    const char *path = mp_obj_str_get_str(args[0]);
    int flags = (int)mp_obj_get_int(args[1]);
    mode_t mode = n_args > 2 ? (mode_t)mp_obj_get_int(args[2]) : 0600;
    int fd;
    RETRY(fd, open(path, flags | O_CLOEXEC, mode));
    return MP_OBJ_NEW_SMALL_INT(rst_sys_check(fd));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_open_obj, 2, 3, sys_open);

static mp_obj_t sys_close(mp_obj_t fd) {
    // Linux releases the descriptor also when it reports EINTR: never retried.
    rst_sys_check(close((int)mp_obj_get_int(fd)));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_close_obj, sys_close);

static mp_obj_t sys_read(size_t n_args, const mp_obj_t *args) {
    rst_sys_span span = rst_sys_range(args[1], args[2], args[3], MP_BUFFER_WRITE);
    ssize_t n;
    RETRY(n, read((int)mp_obj_get_int(args[0]), span.at, span.n));
    return count_or_none(n);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_read_obj, 4, 4, sys_read);

static mp_obj_t sys_write(size_t n_args, const mp_obj_t *args) {
    rst_sys_span span = rst_sys_range(args[1], args[2], args[3], MP_BUFFER_READ);
    ssize_t n;
    RETRY(n, write((int)mp_obj_get_int(args[0]), span.at, span.n));
    return count_or_none(n);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_write_obj, 4, 4, sys_write);

static mp_obj_t sys_pread(size_t n_args, const mp_obj_t *args) {
    rst_sys_span span = rst_sys_range(args[1], args[2], args[3], MP_BUFFER_WRITE);
    off_t offset = rst_sys_offset(args[4]);
    ssize_t n;
    RETRY(n, pread((int)mp_obj_get_int(args[0]), span.at, span.n, offset));
    return count_or_none(n);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_pread_obj, 5, 5, sys_pread);

static mp_obj_t sys_pwrite(size_t n_args, const mp_obj_t *args) {
    rst_sys_span span = rst_sys_range(args[1], args[2], args[3], MP_BUFFER_READ);
    off_t offset = rst_sys_offset(args[4]);
    ssize_t n;
    RETRY(n, pwrite((int)mp_obj_get_int(args[0]), span.at, span.n, offset));
    return count_or_none(n);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_pwrite_obj, 5, 5, sys_pwrite);

static mp_obj_t sys_fsync(mp_obj_t fd) {
    rst_sys_check(fsync((int)mp_obj_get_int(fd)));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_fsync_obj, sys_fsync);

static mp_obj_t sys_ftruncate(mp_obj_t fd, mp_obj_t size) {
    rst_sys_check(ftruncate((int)mp_obj_get_int(fd), rst_sys_offset(size)));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(rst_sys_ftruncate_obj, sys_ftruncate);

// Octets per sendfile(2): what 32 bits and a small integer hold. Callers loop anyway.
#define MOST_SENT (512 * 1024 * 1024)

static mp_obj_t sys_sendfile(size_t n_args, const mp_obj_t *args) {
    off_t offset = rst_sys_offset(args[2]);
    int64_t wanted = rst_sys_offset(args[3]);
    size_t count = wanted < MOST_SENT ? (size_t)wanted : MOST_SENT;
    ssize_t n;
    RETRY(n, sendfile((int)mp_obj_get_int(args[0]), (int)mp_obj_get_int(args[1]), &offset, count));
    return count_or_none(n);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_sendfile_obj, 4, 4, sys_sendfile);

static mp_obj_t sys_fsize(mp_obj_t fd) {
    struct stat info;
    rst_sys_check(fstat((int)mp_obj_get_int(fd), &info));
    return rst_sys_octets((uint64_t)info.st_size);
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_fsize_obj, sys_fsize);

// Requests of the days before sizes were part of the number take two uint64_t at most.
#define LEAST_IOCTL_OCTETS 16
// The size of what is exchanged stands in 14 bits of the number (asm-generic/ioctl.h).
#define IOCTL_OCTETS(request) ((size_t)((request) >> 16 & 0x3fff))

// A request whose structure tells its own length (struct dm_ioctl) is the caller's to get right.
static mp_obj_t sys_ioctl(mp_obj_t fd, mp_obj_t request_in, mp_obj_t buf) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(buf, &info, MP_BUFFER_RW);
    unsigned int request = (unsigned int)mp_obj_get_int_truncated(request_in);
    if (info.len < LEAST_IOCTL_OCTETS || info.len < IOCTL_OCTETS(request)) {
        mp_raise_ValueError(MP_ERROR_TEXT("buffer smaller than the request says"));
    }
    return MP_OBJ_NEW_SMALL_INT(
        rst_sys_check(ioctl((int)mp_obj_get_int(fd), (int)request, info.buf)));
}
MP_DEFINE_CONST_FUN_OBJ_3(rst_sys_ioctl_obj, sys_ioctl);
