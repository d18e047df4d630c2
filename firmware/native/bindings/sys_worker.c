// _sys.Worker: the helper thread (sys_helper.c) as a MicroPython object. Converts arguments and
// results; the thread itself sees none of them.
#include <errno.h>
#include <string.h>

#include "py/runtime.h"

#include "sodium/utils.h"

#include "sys.h"
#include "sys_helper.h"
#include "tls.h"

typedef struct {
    mp_obj_base_t base;
    int event;
} worker_obj;

static mp_obj_t worker_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw,
                           const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    worker_obj *self = mp_obj_malloc(worker_obj, type);
    self->event = (int)rst_sys_check(rst_helper_start());
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t worker_fileno(mp_obj_t self_in) {
    worker_obj *self = MP_OBJ_TO_PTR(self_in);
    return MP_OBJ_NEW_SMALL_INT(self->event);
}
static MP_DEFINE_CONST_FUN_OBJ_1(worker_fileno_obj, worker_fileno);

static void copy_path(char *to, mp_obj_t path_in) {
    size_t n;
    const char *path = mp_obj_str_get_data(path_in, &n);
    if (n == 0 || n >= RST_HELPER_PATH || memchr(path, 0, n) != NULL) {
        mp_raise_OSError(ENAMETOOLONG);
    }
    memcpy(to, path, n);
    to[n] = 0;
}

static void copy_salt(char *to, mp_obj_t salt_in) {
    mp_buffer_info_t salt;
    mp_get_buffer_raise(salt_in, &salt, MP_BUFFER_READ);
    if (salt.len != RST_HELPER_SALT) {
        mp_raise_ValueError(MP_ERROR_TEXT("a salt has 16 octets"));
    }
    memcpy(to, salt.buf, salt.len);
}

static mp_obj_t worker_submit(size_t n_args, const mp_obj_t *args) {
    rst_helper_job job = {.operation = (int)mp_obj_get_int(args[1]), .fd = -1};
    size_t expected = 3;
    switch (job.operation) {
    case RST_HELPER_FSYNC:
    case RST_HELPER_SHA256:
        job.fd = (int)mp_obj_get_int(args[2]);
        break;
    case RST_HELPER_RENAME:
        expected = 4;
        copy_path(job.path, args[2]);
        break;
    case RST_HELPER_FSYNC_DIR:
    case RST_HELPER_UNLINK:
        copy_path(job.path, args[2]);
        break;
    case RST_HELPER_ARGON2:
        expected = 4;
        copy_path(job.path, args[2]);
        break;
    case RST_HELPER_HANDSHAKE:
        job.session = rst_tls_of(args[2]);
        break;
    default:
        mp_raise_ValueError(MP_ERROR_TEXT("no such operation"));
    }
    if (n_args != expected) {
        mp_raise_TypeError(MP_ERROR_TEXT("wrong number of arguments for this operation"));
    }
    if (job.operation == RST_HELPER_ARGON2) {
        copy_salt(job.other, args[3]);
    } else if (n_args == 4) {
        copy_path(job.other, args[3]);
    }
    int result = rst_helper_submit(&job);
    int error = errno;
    sodium_memzero(job.path, sizeof job.path); // it may be a password
    errno = error;
    rst_sys_check(result);
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)job.ticket);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(worker_submit_obj, 3, 4, worker_submit);

static mp_obj_t worker_collect(mp_obj_t self_in) {
    (void)self_in;
    rst_helper_job job;
    if (!rst_helper_collect(&job)) {
        return mp_const_none;
    }
    bool hashes = job.operation == RST_HELPER_SHA256 || job.operation == RST_HELPER_ARGON2;
    bool hashed = hashes && job.error == 0;
    mp_obj_t items[3] = {
        MP_OBJ_NEW_SMALL_INT((mp_int_t)job.ticket),
        MP_OBJ_NEW_SMALL_INT(job.error),
        hashed ? mp_obj_new_bytes(job.hash, sizeof job.hash) : mp_const_none,
    };
    return mp_obj_new_tuple(3, items);
}
static MP_DEFINE_CONST_FUN_OBJ_1(worker_collect_obj, worker_collect);

static const mp_rom_map_elem_t worker_table[] = {
    {MP_ROM_QSTR(MP_QSTR_fileno), MP_ROM_PTR(&worker_fileno_obj)},
    {MP_ROM_QSTR(MP_QSTR_submit), MP_ROM_PTR(&worker_submit_obj)},
    {MP_ROM_QSTR(MP_QSTR_collect), MP_ROM_PTR(&worker_collect_obj)},
};
static MP_DEFINE_CONST_DICT(worker_dict, worker_table);

MP_DEFINE_CONST_OBJ_TYPE(rst_sys_worker_type, MP_QSTR_Worker, MP_TYPE_FLAG_NONE, make_new,
                         worker_new, locals_dict, &worker_dict);
