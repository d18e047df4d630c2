// Module _tls: sessions of native/tls as MicroPython objects. Converts arguments and results; who
// is trusted, tls/trust.c decides.
#include <errno.h>
#include <string.h>

#include "py/runtime.h"

#include "../tls/memory.h"
#include "../tls/session.h"
#include "sys.h"
#include "tls.h"

typedef struct {
    mp_obj_base_t base;
    rst_tls *session; // NULL: closed
} session_obj;

static const mp_obj_type_t session_type;

rst_tls *rst_tls_of(mp_obj_t value) {
    if (!mp_obj_is_type(value, &session_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("not a session of TLS"));
    }
    session_obj *self = MP_OBJ_TO_PTR(value);
    if (self->session == NULL) {
        mp_raise_OSError(EBADF);
    }
    return self->session;
}

// client(fd, host, roots, pins) -> Session
static mp_obj_t tls_client(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    mp_buffer_info_t pins;
    mp_get_buffer_raise(args[3], &pins, MP_BUFFER_READ);
    if (pins.len % RST_TLS_KEY != 0 || pins.len > RST_TLS_PINS * RST_TLS_KEY) {
        mp_raise_ValueError(MP_ERROR_TEXT("up to 4 pins of 32 octets"));
    }
    // A finaliser: a session that nobody closed goes with its object.
    session_obj *self = mp_obj_malloc_with_finaliser(session_obj, &session_type);
    self->session = NULL;
    self->session = rst_tls_client((int)mp_obj_get_int(args[0]), mp_obj_str_get_str(args[1]),
                                   mp_obj_str_get_str(args[2]), pins.buf, pins.len / RST_TLS_KEY);
    if (self->session == NULL) {
        mp_raise_OSError(errno);
    }
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(tls_client_obj, 4, 4, tls_client);

static mp_obj_t session_handshake(mp_obj_t self) {
    return MP_OBJ_NEW_SMALL_INT(rst_tls_handshake(rst_tls_of(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(session_handshake_obj, session_handshake);

static mp_obj_t session_result(mp_obj_t self) {
    return MP_OBJ_NEW_SMALL_INT(rst_tls_result(rst_tls_of(self)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(session_result_obj, session_result);

static mp_obj_t session_read(mp_obj_t self, mp_obj_t buffer) {
    mp_buffer_info_t to;
    mp_get_buffer_raise(buffer, &to, MP_BUFFER_WRITE);
    if (to.len == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("no room"));
    }
    return MP_OBJ_NEW_SMALL_INT(rst_tls_read(rst_tls_of(self), to.buf, to.len));
}
static MP_DEFINE_CONST_FUN_OBJ_2(session_read_obj, session_read);

static mp_obj_t session_write(mp_obj_t self, mp_obj_t buffer) {
    mp_buffer_info_t from;
    mp_get_buffer_raise(buffer, &from, MP_BUFFER_READ);
    return MP_OBJ_NEW_SMALL_INT(rst_tls_write(rst_tls_of(self), from.buf, from.len));
}
static MP_DEFINE_CONST_FUN_OBJ_2(session_write_obj, session_write);

// why() -> (fault, number, issuer, key); the last two only say something of CERTIFICATE.
static mp_obj_t session_why(mp_obj_t self) {
    const rst_tls_fault *why = rst_tls_why(rst_tls_of(self));
    mp_obj_t items[4] = {
        MP_OBJ_NEW_SMALL_INT(why->fault),
        mp_obj_new_int_from_uint(why->number),
        mp_obj_new_bytes((const byte *)why->issuer, strlen(why->issuer)),
        mp_obj_new_bytes(why->key, sizeof why->key),
    };
    return mp_obj_new_tuple(4, items);
}
static MP_DEFINE_CONST_FUN_OBJ_1(session_why_obj, session_why);

// kind() -> ("TLSv1.3", the suite's name)
static mp_obj_t session_kind(mp_obj_t self_in) {
    const rst_tls *session = rst_tls_of(self_in);
    const char *suite = rst_tls_suite(session);
    const char *version = rst_tls_version(session);
    mp_obj_t items[2] = {
        mp_obj_new_str(version, strlen(version)),
        suite ? mp_obj_new_str(suite, strlen(suite)) : mp_const_none,
    };
    return mp_obj_new_tuple(2, items);
}
static MP_DEFINE_CONST_FUN_OBJ_1(session_kind_obj, session_kind);

static mp_obj_t session_close(mp_obj_t self_in) {
    session_obj *self = MP_OBJ_TO_PTR(self_in);
    if (self->session != NULL) {
        rst_tls_close(self->session);
        self->session = NULL;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(session_close_obj, session_close);

static const mp_rom_map_elem_t session_table[] = {
    {MP_ROM_QSTR(MP_QSTR_handshake), MP_ROM_PTR(&session_handshake_obj)},
    {MP_ROM_QSTR(MP_QSTR_result), MP_ROM_PTR(&session_result_obj)},
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&session_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&session_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_why), MP_ROM_PTR(&session_why_obj)},
    {MP_ROM_QSTR(MP_QSTR_kind), MP_ROM_PTR(&session_kind_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&session_close_obj)},
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&session_close_obj)},
};
static MP_DEFINE_CONST_DICT(session_dict, session_table);

static MP_DEFINE_CONST_OBJ_TYPE(session_type, MP_QSTR_Session, MP_TYPE_FLAG_NONE, locals_dict,
                                &session_dict);

// memory() -> (octets in use, the most that ever were)
static mp_obj_t tls_memory(void) {
    mp_obj_t items[2] = {
        mp_obj_new_int_from_uint(rst_tls_memory_used()),
        mp_obj_new_int_from_uint(rst_tls_memory_most()),
    };
    return mp_obj_new_tuple(2, items);
}
static MP_DEFINE_CONST_FUN_OBJ_0(tls_memory_obj, tls_memory);

static const mp_rom_map_elem_t tls_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__tls)},
    {MP_ROM_QSTR(MP_QSTR_Session), MP_ROM_PTR(&session_type)},
    {MP_ROM_QSTR(MP_QSTR_client), MP_ROM_PTR(&tls_client_obj)},
    {MP_ROM_QSTR(MP_QSTR_memory), MP_ROM_PTR(&tls_memory_obj)},
    {MP_ROM_QSTR(MP_QSTR_WANT_READ), MP_ROM_INT(RST_TLS_WANT_READ)},
    {MP_ROM_QSTR(MP_QSTR_WANT_WRITE), MP_ROM_INT(RST_TLS_WANT_WRITE)},
    {MP_ROM_QSTR(MP_QSTR_FAILED), MP_ROM_INT(RST_TLS_FAILED)},
    {MP_ROM_QSTR(MP_QSTR_BUSY), MP_ROM_INT(RST_TLS_BUSY)},
};
static MP_DEFINE_CONST_DICT(tls_dict, tls_table);

const mp_obj_module_t rst_tls_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&tls_dict,
};
MP_REGISTER_MODULE(MP_QSTR__tls, rst_tls_module);
