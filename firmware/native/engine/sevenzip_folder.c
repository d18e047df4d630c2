// One folder of a 7z archive: what its coders are, and the way of its octets through them. LZMA
// and its filters are one chain of liblzma's. A filter over another method goes through liblzma
// too: its octets are framed as LZMA2 chunks that are not compressed.
#include <string.h>

#include "ppmd.h"
#include "print.h"
#include "report.h"
#include "scanner.h"

enum {
    CHUNK = 16384,
    FRAME = 3, // octets before an LZMA2 chunk
    ID_AES = 0x06f10701,
};

// Filters and methods that are read. A method comes last on the way in.
static const struct {
    uint64_t id;
    uint64_t filter; // liblzma's, or 0
    rst_decode_kind kind;
} known[] = {
    {0, 0, RST_DECODE_COPY},
    {0x040108, 0, RST_DECODE_DEFLATE},
    {0x040109, 0, RST_DECODE_DEFLATE64},
    {0x040202, 0, RST_DECODE_BZIP2},
    {0x030101, LZMA_FILTER_LZMA1EXT, RST_DECODE_RAW},
    {0x21, LZMA_FILTER_LZMA2, RST_DECODE_RAW},
    {0x030401, 0, RST_DECODE_PPMD},
    {3, LZMA_FILTER_DELTA, RST_DECODE_RAW},
    {4, LZMA_FILTER_X86, RST_DECODE_RAW},
    {0x03030103, LZMA_FILTER_X86, RST_DECODE_RAW},
    {5, LZMA_FILTER_POWERPC, RST_DECODE_RAW},
    {0x03030205, LZMA_FILTER_POWERPC, RST_DECODE_RAW},
    {6, LZMA_FILTER_IA64, RST_DECODE_RAW},
    {0x03030401, LZMA_FILTER_IA64, RST_DECODE_RAW},
    {7, LZMA_FILTER_ARM, RST_DECODE_RAW},
    {0x03030501, LZMA_FILTER_ARM, RST_DECODE_RAW},
    {8, LZMA_FILTER_ARMTHUMB, RST_DECODE_RAW},
    {0x03030701, LZMA_FILTER_ARMTHUMB, RST_DECODE_RAW},
    {9, LZMA_FILTER_SPARC, RST_DECODE_RAW},
    {0x03030805, LZMA_FILTER_SPARC, RST_DECODE_RAW},
    {0xa, LZMA_FILTER_ARM64, RST_DECODE_RAW},
    {0xb, LZMA_FILTER_RISCV, RST_DECODE_RAW},
};

static const struct {
    uint64_t id;
    const char *name;
} unread[] = {
    {0x020302, "Swap2"}, {0x020304, "Swap4"}, {0x04f71101, "zstd"},   {0x04f71102, "Brotli"},
    {0x04f71104, "LZ4"}, {0x04f71105, "LZ5"}, {0x04f71106, "Lizard"}, {0x040301, "RAR1"},
    {0x040302, "RAR2"},  {0x040303, "RAR3"},
};

static int row_of(uint64_t id) {
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].id == id) {
            return (int)i;
        }
    }
    return -1;
}

static bool is_filter(uint64_t id) {
    int row = row_of(id);
    return row >= 0 && known[row].filter != 0 && known[row].filter != LZMA_FILTER_LZMA1EXT &&
           known[row].filter != LZMA_FILTER_LZMA2;
}

bool rst_7z_is_method(uint64_t id) {
    return row_of(id) >= 0 && !is_filter(id);
}

static void method_name(rst_print *p, uint64_t id) {
    for (size_t i = 0; i < sizeof unread / sizeof unread[0]; i++) {
        if (unread[i].id == id) {
            rst_print_ascii(p, unread[i].name);
            return;
        }
    }
    for (int shift = 60; shift >= 0; shift -= 4) {
        if (id >> shift != 0) {
            char digit[] = {"0123456789abcdef"[id >> shift & 15], 0};
            rst_print_ascii(p, digit);
        }
    }
}

// The coders from the one that gives the files' octets to the one that takes the packed ones; 0 if
// they are no simple chain.
static size_t chain_of(const rst_7z_folder *f, size_t order[RST_7Z_CODERS]) {
    size_t n = 0;
    size_t at = f->main;
    while (n < f->coders_n) {
        order[n++] = at;
        size_t next = f->coders_n;
        for (size_t i = 0; i + 1 < f->coders_n; i++) {
            if (f->binds[i].in == at) {
                next = (size_t)f->binds[i].out;
            }
        }
        if (next == f->coders_n) {
            break;
        }
        at = next;
    }
    return n == f->coders_n && f->packed_n == 1 ? n : 0;
}

static bool simple(const rst_7z_folder *f) {
    size_t order[RST_7Z_CODERS];
    size_t n = chain_of(f, order);
    for (size_t i = 0; i + 1 < n; i++) {
        if (!is_filter(f->coders[order[i]].id)) {
            return false;
        }
    }
    return n > 0 && n < RST_MOST_FILTERS;
}

bool rst_7z_closed(rst_scanner *s, const rst_layer *l, const rst_7z_folder *f, const char *inner) {
    const rst_7z_coder *other = NULL;
    bool bcj2 = rst_7z_is_bcj2(f);
    for (size_t i = 0; i < f->coders_n; i++) {
        const rst_7z_coder *c = &f->coders[i];
        if (c->id == ID_AES) {
            rst_found(s, RST_ENCRYPTED, "encrypted file in a 7z", l, &l->place, inner);
            return true;
        }
        if (other == NULL && !bcj2 && (row_of(c->id) < 0 || c->ins != 1)) {
            other = c;
        }
    }
    if (bcj2 || (other == NULL && simple(f))) {
        return false;
    }
    char reason[40];
    rst_print p;
    rst_print_init(&p, reason, sizeof reason);
    rst_print_ascii(&p, "7z method ");
    if (other != NULL) {
        method_name(&p, other->id);
    } else {
        rst_print_ascii(&p, "of several coders");
    }
    rst_print_end(&p);
    rst_found(s, RST_UNSCANNABLE, reason, l, &l->place, inner);
    return true;
}

// A way through one or two decoders, in the scratch.
typedef struct {
    rst_decode first, filters;
    bool filtered, framed; // framed: a chunk has been written
    uint64_t left;         // octets to come
    uint64_t in, out;
    rst_7z_sink sink;
    void *user;
    bool stopped; // a limit, or the sink wants no more
    uint8_t buf[FRAME + CHUNK];
    uint8_t clean[CHUNK];
} way;

bool rst_7z_begin_method(rst_scanner *s, const rst_layer *l, rst_decode *d, const rst_7z_coder *c,
                         uint64_t size) {
    int row = row_of(c->id);
    if (known[row].kind == RST_DECODE_RAW) {
        const rst_filter filter = {known[row].filter, c->props, c->props_n};
        return rst_decode_begin_raw(s, l, d, &filter, 1, size);
    }
    if (known[row].kind == RST_DECODE_PPMD) {
        rst_ppmd_settings settings;
        return rst_ppmd_of_7z(&settings, c->props, c->props_n)
                   ? rst_decode_begin_ppmd(s, l, d, &settings, size)
                   : rst_decode_unknown(s, l);
    }
    return rst_decode_begin(s, l, d, known[row].kind);
}

static bool begin(rst_scanner *s, const rst_layer *l, const rst_7z_folder *f, way *w) {
    size_t order[RST_7Z_CODERS];
    size_t n = chain_of(f, order);
    rst_filter chain[RST_MOST_FILTERS + 1];
    for (size_t i = 0; i < n; i++) {
        const rst_7z_coder *c = &f->coders[order[i]];
        chain[i] = (rst_filter){known[row_of(c->id)].filter, c->props, c->props_n};
    }
    const rst_7z_coder *last = &f->coders[order[n - 1]];
    rst_decode_kind kind = known[row_of(last->id)].kind;
    uint64_t size = f->sizes[order[n - 1]];
    if (kind == RST_DECODE_RAW && !is_filter(last->id)) {
        w->filtered = false;
        return rst_decode_begin_raw(s, l, &w->first, chain, n, size);
    }
    static const rst_7z_coder copy = {.id = 0};
    if (is_filter(last->id)) { // over nothing: as if copied
        last = &copy;
        n++;
    }
    w->filtered = n > 1;
    static const uint8_t smallest[] = {0}; // a dictionary of 4 KiB
    chain[n - 1] = (rst_filter){LZMA_FILTER_LZMA2, smallest, 1};
    return rst_7z_begin_method(s, l, &w->first, last, size) &&
           (!w->filtered || rst_decode_begin_raw(s, l, &w->filters, chain, n, UINT64_MAX));
}

static void give(rst_scanner *s, rst_layer *l, way *w, const uint8_t *data, size_t n) {
    n = n < w->left ? n : (size_t)w->left;
    w->left -= n;
    w->out += n;
    if (n > 0 &&
        (!w->sink(s, l, w->user, data, n) || !rst_expand_ratio(s, l, NULL, w->in, w->out))) {
        w->stopped = true;
    }
}

// n octets stand behind the room for the frame; 0 of them end the chain.
static bool filter(rst_scanner *s, rst_layer *l, way *w, size_t n) {
    w->buf[0] = n == 0 ? 0 : w->framed ? 2 : 1;
    w->buf[1] = (uint8_t)((n - 1) >> 8);
    w->buf[2] = (uint8_t)(n - 1);
    w->framed = true;
    rst_pipe p = {.in = w->buf, .in_n = n == 0 ? 1 : n + FRAME};
    rst_inflated r = RST_INFLATE_MORE;
    do {
        p.out = w->clean;
        p.out_n = sizeof w->clean;
        r = rst_decode_run(s, l, &w->filters, &p, n == 0);
        give(s, l, w, w->clean, sizeof w->clean - p.out_n);
        w->stopped = w->stopped || r == RST_INFLATE_LIMIT;
    } while (r == RST_INFLATE_MORE && !w->stopped && w->left > 0 && (p.in_n > 0 || p.out_n == 0));
    return r != RST_INFLATE_BROKEN;
}

static bool pump(rst_scanner *s, rst_layer *l, way *w, const uint8_t *data, size_t n) {
    rst_pipe p = {.in = data, .in_n = n};
    rst_inflated r = RST_INFLATE_MORE;
    while (w->left > 0 && !w->stopped && r == RST_INFLATE_MORE) {
        p.out = w->buf + FRAME;
        p.out_n = CHUNK;
        r = rst_decode_run(s, l, &w->first, &p, true);
        w->in = n - p.in_n;
        size_t got = CHUNK - p.out_n;
        if (r == RST_INFLATE_LIMIT) {
            w->stopped = true;
        }
        if (got == 0 && r == RST_INFLATE_MORE) {
            return false; // cut off
        }
        if (got > 0 && w->filtered && !filter(s, l, w, got)) {
            return false;
        }
        if (got > 0 && !w->filtered) {
            give(s, l, w, w->buf + FRAME, got);
        }
    }
    if (w->filtered && w->left > 0 && !w->stopped && r == RST_INFLATE_DONE &&
        !filter(s, l, w, 0)) {
        return false;
    }
    return w->stopped || w->left == 0;
}

bool rst_7z_unpack(rst_scanner *s, rst_layer *l, const rst_7z_folder *f, const uint8_t *data,
                   rst_7z_sink sink, void *user) {
    if (rst_7z_is_bcj2(f)) {
        return rst_7z_unpack_bcj2(s, l, f, data, sink, user);
    }
    way *w = rst_scratch_take(s, l, sizeof *w);
    bool good = true;
    if (w != NULL) {
        w->framed = false;
        w->left = f->sizes[f->main];
        w->in = 0;
        w->out = 0;
        w->sink = sink;
        w->user = user;
        w->stopped = false;
        if (begin(s, l, f, w)) {
            good = pump(s, l, w, data, (size_t)f->packed);
        }
    }
    return good;
}
