// Reads bzip2, xz, lzma and lzip. liblzma joins members by itself; bzip2's are joined here, and
// what follows the last one is ignored, as bzip2(1) does.
#include "packed.h"

#include <string.h>

#include "print.h"
#include "report.h"
#include "scanner.h"

// Endings of names, and what they leave.
static const struct {
    const char *end, *left;
} endings[] = {
    {".bz2", ""},     {".xz", ""},      {".lzma", ""},    {".lz", ""},      {".tbz2", ".tar"},
    {".tbz", ".tar"}, {".txz", ".tar"}, {".tlz", ".tar"}, {".tb2", ".tar"},
};

static void inner_name(const rst_layer *l, char *out) {
    size_t n = strlen(l->name);
    rst_print p;
    rst_print_init(&p, out, RST_MAX_NAME);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t m = strlen(endings[i].end);
        if (n > m && memcmp(l->name + n - m, endings[i].end, m) == 0) {
            rst_print_octets(&p, RST_CHARSET_UTF8, (const uint8_t *)l->name, n - m);
            rst_print_ascii(&p, endings[i].left);
            rst_print_end(&p);
            return;
        }
    }
    rst_print_ascii(&p, "contents");
    rst_print_end(&p);
}

static rst_decode_kind kind_of(rst_type type) {
    switch (type) {
    case RST_TYPE_BZIP2:
        return RST_DECODE_BZIP2;
    case RST_TYPE_XZ:
        return RST_DECODE_XZ;
    case RST_TYPE_LZIP:
        return RST_DECODE_LZIP;
    default:
        return RST_DECODE_LZMA;
    }
}

void rst_packed_begin(rst_scanner *s, rst_layer *l) {
    rst_packed *k = &l->u.packed;
    k->kind = kind_of(l->type);
    k->closed = false;
    k->first = true;
    k->child = NULL;
    k->out.in = 0;
    k->out.out = 0;
    k->out.crc = 0;
    k->over = !rst_decode_begin(s, l, &k->decode, k->kind);
    if (!k->over && rst_count_entry(s, l)) {
        char name[RST_MAX_NAME];
        inner_name(l, name);
        k->child = rst_layer_open(s, RST_HINT_FILE, name, &l->place, false);
    }
    k->over = k->over || k->child == NULL;
}

static void malformed(rst_scanner *s, rst_layer *l, const char *why) {
    char reason[40];
    rst_print p;
    rst_print_init(&p, reason, sizeof reason);
    rst_print_ascii(&p, rst_types[l->type].name);
    rst_print_ascii(&p, why);
    rst_print_end(&p);
    rst_found(s, RST_MALFORMED, reason, l, &l->place, NULL);
    l->u.packed.over = true;
}

// A member has ended. Only bzip2 may go on.
static void member_ended(rst_packed *k) {
    k->over = k->kind != RST_DECODE_BZIP2;
    k->closed = true;
    k->first = false;
}

// The decoder begins again, in the room that it has.
static void next_member(rst_packed *k) {
    bz_stream *z = &k->decode.u.bzip2;
    BZ2_bzDecompressEnd(z);
    k->over = BZ2_bzDecompressInit(z, 0, 0) != BZ_OK;
    k->closed = false;
}

// True if the octets behind a bzip2 member do not begin another one.
static bool junk(const rst_packed *k) {
    const bz_stream *z = &k->decode.u.bzip2;
    return k->kind == RST_DECODE_BZIP2 && !k->first && z->total_in_hi32 == 0 &&
           z->total_in_lo32 <= 4;
}

static void take(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, bool last) {
    rst_packed *k = &l->u.packed;
    do {
        if (k->closed && n > 0) {
            next_member(k);
        }
        if (k->over) {
            return;
        }
        size_t used;
        rst_inflated r =
            rst_decode_write(s, l, &k->decode, &k->out, k->child, data, n, last, &used);
        data += used;
        n -= used;
        if (r == RST_INFLATE_DONE) {
            member_ended(k);
        } else if (r == RST_INFLATE_BROKEN && !junk(k)) {
            malformed(s, l, " data is broken");
        } else if (r != RST_INFLATE_MORE) {
            k->over = true;
        }
    } while (n > 0 && !k->over && !s->halted);
}

void rst_packed_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire) {
    (void)wire;
    if (!l->u.packed.over && n > 0) {
        take(s, l, data, n, false);
    }
}

void rst_packed_end(rst_scanner *s, rst_layer *l) {
    rst_packed *k = &l->u.packed;
    if (!k->over && k->kind != RST_DECODE_BZIP2 && !s->halted) {
        take(s, l, l->head, 0, true);
    }
    if (k->child != NULL) {
        rst_layer_close(s, k->child);
        k->child = NULL;
    }
    if (!k->over && !k->closed && !junk(k) && !s->halted) {
        malformed(s, l, " data is cut off");
    }
}
