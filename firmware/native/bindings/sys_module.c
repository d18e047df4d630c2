// Module _sys: what MicroPython's unix port lacks of the operating system. This file holds the
// module's table and the argument conversions; the calls are in the sys_*.c beside it.
#include <errno.h>
#include <fcntl.h>

#include "py/objint.h"
#include "py/runtime.h"
#include "py/smallint.h"

#include "sys.h"
#include "sys_helper.h"

mp_int_t rst_sys_check(long result) {
    if (result == -1) {
        mp_raise_OSError(errno);
    }
    return (mp_int_t)result;
}

int64_t rst_sys_offset(mp_obj_t value) {
    int64_t result = -1;
    if (mp_obj_is_small_int(value)) {
        result = MP_OBJ_SMALL_INT_VALUE(value);
    } else if (mp_obj_is_exact_type(value, &mp_type_int) && mp_obj_int_sign(value) > 0) {
        uint8_t octets[8];
        if (mp_obj_int_to_bytes_impl(value, false, sizeof octets, octets)) {
            uint64_t n = 0;
            for (size_t i = sizeof octets; i > 0; i--) {
                n = n << 8 | octets[i - 1];
            }
            result = n <= INT64_MAX ? (int64_t)n : -1;
        }
    }
    if (result < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("not a number of octets from 0 to 2^63-1"));
    }
    return result;
}

mp_obj_t rst_sys_octets(uint64_t value) {
    if (value <= (uint64_t)MP_SMALL_INT_MAX) {
        return MP_OBJ_NEW_SMALL_INT((mp_int_t)value);
    }
    return mp_obj_new_int_from_ull(value);
}

rst_sys_span rst_sys_range(mp_obj_t buf, mp_obj_t start, mp_obj_t end, mp_uint_t flags) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(buf, &info, flags);
    mp_int_t from = mp_obj_get_int(start);
    mp_int_t to = mp_obj_get_int(end);
    if (from < 0 || to < from || (size_t)to > info.len) {
        mp_raise_ValueError(MP_ERROR_TEXT("range outside of the buffer"));
    }
    return (rst_sys_span){(uint8_t *)info.buf + from, (size_t)(to - from)};
}

#define FUNCTION(name) {MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_PTR(&rst_sys_##name##_obj)}
#define NUMBER(name) {MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_INT(name)}

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__sys)},
    {MP_ROM_QSTR(MP_QSTR_Worker), MP_ROM_PTR(&rst_sys_worker_type)},
    {MP_ROM_QSTR(MP_QSTR_FSYNC), MP_ROM_INT(RST_HELPER_FSYNC)},
    {MP_ROM_QSTR(MP_QSTR_FSYNC_DIR), MP_ROM_INT(RST_HELPER_FSYNC_DIR)},
    {MP_ROM_QSTR(MP_QSTR_RENAME), MP_ROM_INT(RST_HELPER_RENAME)},
    {MP_ROM_QSTR(MP_QSTR_UNLINK), MP_ROM_INT(RST_HELPER_UNLINK)},
    {MP_ROM_QSTR(MP_QSTR_SHA256), MP_ROM_INT(RST_HELPER_SHA256)},
    {MP_ROM_QSTR(MP_QSTR_ARGON2), MP_ROM_INT(RST_HELPER_ARGON2)},
    {MP_ROM_QSTR(MP_QSTR_HANDSHAKE), MP_ROM_INT(RST_HELPER_HANDSHAKE)},
    NUMBER(O_RDONLY),
    NUMBER(O_WRONLY),
    NUMBER(O_RDWR),
    NUMBER(O_CREAT),
    NUMBER(O_EXCL),
    NUMBER(O_APPEND),
    NUMBER(O_NOCTTY),
    NUMBER(O_TRUNC),
    NUMBER(O_DIRECTORY),
    NUMBER(O_NOFOLLOW),
    FUNCTION(open),
    FUNCTION(close),
    FUNCTION(read),
    FUNCTION(write),
    FUNCTION(pread),
    FUNCTION(pwrite),
    FUNCTION(fsync),
    FUNCTION(ftruncate),
    FUNCTION(sendfile),
    FUNCTION(fsize),
    FUNCTION(ioctl),
    FUNCTION(stat),
    FUNCTION(mkdir),
    FUNCTION(chmod),
    FUNCTION(chown),
    FUNCTION(unlink),
    FUNCTION(link),
    FUNCTION(listdir),
    FUNCTION(free_octets),
    FUNCTION(ext4_resize),
    FUNCTION(original_dst),
    FUNCTION(sockname),
    FUNCTION(peername),
    FUNCTION(shutdown),
    FUNCTION(so_error),
    FUNCTION(set_nonblocking),
    FUNCTION(unix_listen),
    FUNCTION(unix_connect),
    FUNCTION(accept),
    FUNCTION(send_fd),
    FUNCTION(drop),
    FUNCTION(uptime),
    FUNCTION(no_new_privs),
    FUNCTION(rlimit),
    FUNCTION(dumpable),
    FUNCTION(seccomp),
    FUNCTION(signals),
    FUNCTION(kill),
    FUNCTION(equal),
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t rst_sys_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};

MP_REGISTER_MODULE(MP_QSTR__sys, rst_sys_module);
