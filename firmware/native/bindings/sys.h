// What the files of module _sys share: argument conversions and the table entries each file adds.
// Each function maps errno to OSError and owns no policy.
#ifndef RST_BINDINGS_SYS_H
#define RST_BINDINGS_SYS_H

#include <stddef.h>
#include <stdint.h>

#include "py/obj.h"

// Raises OSError(errno) unless `result` is -1-free; returns it.
mp_int_t rst_sys_check(long result);
// A number of octets or an offset: 0 … 2^63-1, else ValueError.
int64_t rst_sys_offset(mp_obj_t value);
mp_obj_t rst_sys_octets(uint64_t value);
// buf[start:end] as pointer and length; ValueError if the range is not inside the buffer.
typedef struct {
    uint8_t *at;
    size_t n;
} rst_sys_span;
rst_sys_span rst_sys_range(mp_obj_t buf, mp_obj_t start, mp_obj_t end, mp_uint_t flags);

// sys_files.c
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_open_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_close_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_read_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_write_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_pread_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_pwrite_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_fsync_obj);
MP_DECLARE_CONST_FUN_OBJ_2(rst_sys_ftruncate_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_sendfile_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_fsize_obj);
MP_DECLARE_CONST_FUN_OBJ_3(rst_sys_ioctl_obj);

// sys_folders.c
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_stat_obj);
MP_DECLARE_CONST_FUN_OBJ_2(rst_sys_mkdir_obj);
MP_DECLARE_CONST_FUN_OBJ_2(rst_sys_chmod_obj);
MP_DECLARE_CONST_FUN_OBJ_3(rst_sys_chown_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_unlink_obj);
MP_DECLARE_CONST_FUN_OBJ_2(rst_sys_link_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_listdir_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_free_octets_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_ext4_resize_obj);

// sys_sockets.c
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_original_dst_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_sockname_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_peername_obj);
MP_DECLARE_CONST_FUN_OBJ_2(rst_sys_shutdown_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_so_error_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_set_nonblocking_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(rst_sys_unix_listen_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(rst_sys_unix_connect_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_accept_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_send_fd_obj);

// sys_process.c
MP_DECLARE_CONST_FUN_OBJ_2(rst_sys_drop_obj);
MP_DECLARE_CONST_FUN_OBJ_0(rst_sys_uptime_obj);
MP_DECLARE_CONST_FUN_OBJ_0(rst_sys_no_new_privs_obj);
MP_DECLARE_CONST_FUN_OBJ_2(rst_sys_rlimit_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_dumpable_obj);
MP_DECLARE_CONST_FUN_OBJ_1(rst_sys_seccomp_obj);
MP_DECLARE_CONST_FUN_OBJ_0(rst_sys_signals_obj);
MP_DECLARE_CONST_FUN_OBJ_2(rst_sys_kill_obj);
MP_DECLARE_CONST_FUN_OBJ_2(rst_sys_equal_obj);

// sys_worker.c
extern const mp_obj_type_t rst_sys_worker_type;

#endif
