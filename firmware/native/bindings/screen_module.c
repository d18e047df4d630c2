// Module _screen: the way from the program `screen` into the fork server of worker/.
#include <errno.h>

#include "py/runtime.h"

#include "../worker/rights.h"
#include "../worker/server.h"
#include "sys.h"

static void raise_wrong(const char *wrong) {
    if (wrong != NULL) {
        mp_raise_msg_varg(&mp_type_RuntimeError, MP_ERROR_TEXT("%s (errno %d)"), wrong, errno);
    }
}

// serve(listen_fd, (signature_path, ...), uid, gid): opens the signature files, then gives up the
// rights to be uid and gid (None, None: stays who it is), takes the first sound set, then serves.
// Returns only by raising: RuntimeError says what is wrong with the signatures, OSError what the
// system refused.
static mp_obj_t screen_serve(size_t n_args, const mp_obj_t *args) {
    static rst_server server;
    const char *paths[RST_STARTS];
    size_t n;
    mp_obj_t *items;
    int listener = (int)mp_obj_get_int(args[0]);
    mp_obj_get_array(args[1], &n, &items);
    if (n == 0 || n > RST_STARTS) {
        mp_raise_ValueError(MP_ERROR_TEXT("signature files"));
    }
    for (size_t i = 0; i < n; i++) {
        paths[i] = mp_obj_str_get_str(items[i]);
    }
    raise_wrong(rst_server_open(&server, listener, paths, n));
    if (args[2] != mp_const_none) {
        uid_t uid = (uid_t)mp_obj_get_int(args[2]);
        rst_sys_check(rst_drop_rights(uid, (gid_t)mp_obj_get_int(args[3])));
    }
    raise_wrong(rst_server_start(&server));
    rst_sys_check(rst_server_run(&server));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(screen_serve_obj, 4, 4, screen_serve);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__screen)},
    {MP_ROM_QSTR(MP_QSTR_serve), MP_ROM_PTR(&screen_serve_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t rst_screen_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};

MP_REGISTER_MODULE(MP_QSTR__screen, rst_screen_module);
