// Module _wire: what restante/pop3/dots.py asks of each chunk of a body, in one pass of memchr.
// MicroPython's find() and count() call memcmp for each octet and cost 25 ms a MiB together on a
// PC. It owns no policy; dots.py holds the same in Python, and a test compares the two.
// And zlib's CRC-32, for the journals of the store; and what is printable, for the console, to
// whose line a bundle comes in pieces of 4,000 octets.
#include <string.h>

#include <zlib.h>

#include "py/runtime.h"

#include "sys.h"

typedef struct {
    const uint8_t *data;
    size_t n;
    bool after_cr; // the octet before the data was CR
    bool lf_only;  // "." LF is a final line too
    size_t stop;   // octets that may be handed on
    size_t dots;   // lines among them that begin with "."
    size_t bare;   // LF among them without CR
} wire_scan;

// The octets behind a LF at `at` begin a final line, or may once more octets are there.
static bool holds_back(const wire_scan *s, size_t at) {
    size_t left = s->n - at;
    if (left == 0 || s->data[at] != '.') {
        return false;
    }
    if (left == 1) {
        return true;
    }
    if (s->data[at + 1] == '\n') {
        return s->lf_only;
    }
    return s->data[at + 1] == '\r' && (left == 2 || s->data[at + 2] == '\n');
}

static void scan(wire_scan *s) {
    size_t at = 0;
    s->stop = s->n;
    while (at < s->n) {
        const uint8_t *feed = memchr(s->data + at, '\n', s->n - at);
        if (!feed) {
            return;
        }
        at = (size_t)(feed - s->data);
        if (!(at ? s->data[at - 1] == '\r' : s->after_cr)) {
            s->bare++;
        }
        at++;
        if (holds_back(s, at)) {
            s->stop = at;
            return;
        }
        if (at < s->n && s->data[at] == '.') {
            s->dots++;
        }
    }
}

// scan(data, start, end, after_cr, lf_only) -> (stop, dots, bare); see dots.py.
static mp_obj_t wire_scan_chunk(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    rst_sys_span span = rst_sys_range(args[0], args[1], args[2], MP_BUFFER_READ);
    wire_scan s = {
        .data = span.at,
        .n = span.n,
        .after_cr = mp_obj_is_true(args[3]),
        .lf_only = mp_obj_is_true(args[4]),
    };
    scan(&s);
    mp_obj_t items[3] = {
        MP_OBJ_NEW_SMALL_INT(mp_obj_get_int(args[1]) + (mp_int_t)s.stop),
        MP_OBJ_NEW_SMALL_INT(s.dots),
        MP_OBJ_NEW_SMALL_INT(s.bare),
    };
    return mp_obj_new_tuple(3, items);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(wire_scan_chunk_obj, 5, 5, wire_scan_chunk);

// crc32(data, start, end, seed) -> CRC-32 as zlib has it, of data[start:end] after `seed`.
static mp_obj_t wire_crc32(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    rst_sys_span span = rst_sys_range(args[0], args[1], args[2], MP_BUFFER_READ);
    uLong seed = (uLong)mp_obj_get_int_truncated(args[3]);
    return mp_obj_new_int_from_uint((mp_uint_t)crc32_z(seed & 0xffffffffU, span.at, span.n));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(wire_crc32_obj, 4, 4, wire_crc32);

// plain(data, start, end) -> place of the first octet that is neither printable ASCII nor a tab,
// or `end`.
static mp_obj_t wire_plain(mp_obj_t data, mp_obj_t start, mp_obj_t end) {
    rst_sys_span span = rst_sys_range(data, start, end, MP_BUFFER_READ);
    size_t at = 0;
    while (at < span.n && ((span.at[at] >= ' ' && span.at[at] <= '~') || span.at[at] == '\t')) {
        at++;
    }
    return MP_OBJ_NEW_SMALL_INT(mp_obj_get_int(start) + (mp_int_t)at);
}
static MP_DEFINE_CONST_FUN_OBJ_3(wire_plain_obj, wire_plain);

static const mp_rom_map_elem_t wire_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__wire)},
    {MP_ROM_QSTR(MP_QSTR_scan), MP_ROM_PTR(&wire_scan_chunk_obj)},
    {MP_ROM_QSTR(MP_QSTR_crc32), MP_ROM_PTR(&wire_crc32_obj)},
    {MP_ROM_QSTR(MP_QSTR_plain), MP_ROM_PTR(&wire_plain_obj)},
};
static MP_DEFINE_CONST_DICT(wire_globals, wire_globals_table);

const mp_obj_module_t rst_wire_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&wire_globals,
};
MP_REGISTER_MODULE(MP_QSTR__wire, rst_wire_module);
