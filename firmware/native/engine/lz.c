// See lz.h.
#include "lz.h"

#include <string.h>

// libmspack's own headers stand in this order.
#include <lzx.h>
#include <qtm.h>

#include "scanner.h"

enum {
    ALIGN = 16,
    IN = 4096, // octets that libmspack asks for at a time
    MARGIN = IN + 4 * ALIGN,
    STATE = 96 * 1024,     // the larger of its two structures, and IN
    CLEAR = 16,            // a unit of work clears so many octets
    MOST_LENGTH = 1 << 30, // libmspack counts places as int; more never comes out (limits.c)
};

_Static_assert(sizeof(off_t) == 8, "libmspack compares 32-bit offsets as off_t");
_Static_assert(sizeof(struct lzxd_stream) + MARGIN <= STATE, "LZX has outgrown its room");
_Static_assert(sizeof(struct qtmd_stream) + MARGIN <= STATE, "Quantum has outgrown its room");

static void *take(struct mspack_system *system, size_t n) {
    rst_lz *z = (rst_lz *)system;
    n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (n > z->arena_n - z->used) {
        return NULL;
    }
    void *p = z->arena + z->used;
    z->used += n;
    // A window may be read before it is full: the same octets come out whatever lay there before.
    return memset(p, 0, n);
}

// The arena is taken back as a whole.
static void give_back(void *p) {
    (void)p;
}

static void copy(void *from, void *to, size_t n) {
    memcpy(to, from, n);
}

static int read_in(struct mspack_file *file, void *to, int n) {
    rst_lz *z = (rst_lz *)file;
    return n > 0 ? z->read(z->user, to, (size_t)n) : 0;
}

static int write_out(struct mspack_file *file, void *from, int n) {
    rst_lz *z = (rst_lz *)file;
    if (n < 0 || (size_t)n > z->out_room - z->out_n) {
        return -1;
    }
    memcpy(z->out + z->out_n, from, (size_t)n);
    z->out_n += (size_t)n;
    return n;
}

// A warning of a reset that comes too early; the octets are decoded all the same.
static void message(struct mspack_file *file, const char *format, ...) {
    (void)file;
    (void)format;
}

void rst_lz_clear(rst_lz *z) {
    memset(z, 0, sizeof *z);
}

bool rst_lz_begin(rst_scanner *s, const rst_layer *l, rst_lz *z, rst_lz_kind kind, unsigned bits,
                  uint32_t frames, uint64_t length, rst_lz_read read, void *user) {
    // The largest window at once: a later stream may need it when the scratch is not to be had.
    size_t need = STATE + ((size_t)1 << RST_LZ_MOST);
    if (z->arena == NULL) {
        z->arena = rst_scratch_take(s, l, need);
        if (z->arena == NULL) {
            return false;
        }
        z->arena_n = need;
    }
    z->system = (struct mspack_system){.read = read_in,
                                       .write = write_out,
                                       .message = message,
                                       .alloc = take,
                                       .free = give_back,
                                       .copy = copy};
    z->kind = kind;
    z->used = 0;
    z->read = read;
    z->user = user;
    rst_spend(s, (STATE + ((uint64_t)1 << bits)) / CLEAR);
    struct mspack_file *file = (struct mspack_file *)z;
    if (kind == RST_LZ_LZX) {
        off_t out = length < MOST_LENGTH ? (off_t)length : MOST_LENGTH;
        z->state = lzxd_init(&z->system, file, file, (int)bits, (int)frames, IN, out, 0);
    } else {
        z->state = qtmd_init(&z->system, file, file, (int)bits, IN);
    }
    return true;
}

size_t rst_lz_run(rst_lz *z, uint8_t *out, size_t n) {
    z->out = out;
    z->out_n = 0;
    z->out_room = n;
    // Both decode ahead: an error may lie behind what was asked for, and is told the next time.
    if (z->state != NULL && z->kind == RST_LZ_LZX) {
        lzxd_decompress(z->state, (off_t)n);
    } else if (z->state != NULL) {
        qtmd_decompress(z->state, (off_t)n);
    }
    return z->out_n;
}
