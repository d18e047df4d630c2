// BCJ2 of a 7z folder. It makes one stream of four: the octets without the targets of calls and
// jumps, the targets of each, and a stream that says which are meant. 7-Zip packs the first three
// with LZMA. Each is decoded piece by piece, as BCJ2 asks for more.
#include <string.h>

#include <Bcj2.h>

#include "scanner.h"
#include "sevenzip.h"

enum {
    ID_BCJ2 = 0x0303011b,
    PIECE = 16384, // a multiple of four, which targets have
};

// Where one of the four comes from.
typedef struct {
    const rst_7z_coder *coder; // NULL: it lies there as it is
    size_t packed;             // index of its octets in the archive
    uint64_t size;             // of what comes out
} origin;

typedef struct {
    rst_decode decode;
    const uint8_t *in;
    size_t in_n;
    uint64_t left; // octets to come out
    uint8_t buf[PIECE];
} source;

// In the scratch.
typedef struct {
    CBcj2Dec bcj2;
    source sources[BCJ2_NUM_STREAMS];
    uint64_t left; // octets to come
    uint64_t in, out;
    bool stopped; // a limit, or the sink wants no more
    uint8_t clean[PIECE];
} tree;

// The number of a coder's first stream.
static uint64_t first_in(const rst_7z_folder *f, size_t coder) {
    uint64_t n = 0;
    for (size_t i = 0; i < coder; i++) {
        n += f->coders[i].ins;
    }
    return n;
}

static bool is_packed(const rst_7z_folder *f, uint64_t in, size_t *packed) {
    for (size_t i = 0; i < f->packed_n; i++) {
        if (f->packed_ins[i] == in) {
            *packed = i;
            return true;
        }
    }
    return false;
}

// False if what goes into BCJ2 there is neither packed octets nor those of one method.
static bool find_origin(const rst_7z_folder *f, size_t stream, origin *o) {
    uint64_t in = first_in(f, f->main) + stream;
    for (size_t i = 0; i + 1 < f->coders_n; i++) {
        if (f->binds[i].in == in) {
            size_t coder = (size_t)f->binds[i].out;
            o->coder = &f->coders[coder];
            o->size = f->sizes[coder];
            return coder != f->main && o->coder->ins == 1 && rst_7z_is_method(o->coder->id) &&
                   is_packed(f, first_in(f, coder), &o->packed);
        }
    }
    o->coder = NULL;
    if (!is_packed(f, in, &o->packed)) {
        return false;
    }
    o->size = f->packed_sizes[o->packed];
    return true;
}

static bool find_origins(const rst_7z_folder *f, origin origins[BCJ2_NUM_STREAMS]) {
    size_t coders = 1;
    for (size_t i = 0; i < BCJ2_NUM_STREAMS; i++) {
        if (!find_origin(f, i, &origins[i])) {
            return false;
        }
        coders += origins[i].coder != NULL;
        for (size_t j = 0; j < i; j++) {
            if (origins[j].packed == origins[i].packed) {
                return false; // two streams from one
            }
        }
    }
    return coders == f->coders_n;
}

bool rst_7z_is_bcj2(const rst_7z_folder *f) {
    const rst_7z_coder *c = &f->coders[f->main];
    origin origins[BCJ2_NUM_STREAMS];
    return c->id == ID_BCJ2 && c->ins == BCJ2_NUM_STREAMS && c->props_n == 0 &&
           find_origins(f, origins);
}

// What goes in comes out.
static bool sizes_agree(const rst_7z_folder *f, const origin o[BCJ2_NUM_STREAMS]) {
    uint64_t left = f->sizes[f->main];
    for (size_t i = BCJ2_STREAM_MAIN; i <= BCJ2_STREAM_JUMP; i++) {
        if (o[i].size > left) {
            return false;
        }
        left -= o[i].size;
    }
    return left == 0 && o[BCJ2_STREAM_CALL].size % 4 == 0 && o[BCJ2_STREAM_JUMP].size % 4 == 0;
}

static bool begin_source(rst_scanner *s, const rst_layer *l, const rst_7z_folder *f,
                         const origin *o, const uint8_t *data, source *c) {
    for (size_t i = 0; i < o->packed; i++) {
        data += f->packed_sizes[i];
    }
    c->in = data;
    c->in_n = (size_t)f->packed_sizes[o->packed];
    c->left = o->size;
    static const rst_7z_coder copy = {.id = 0};
    return rst_7z_begin_method(s, l, &c->decode, o->coder != NULL ? o->coder : &copy, o->size);
}

// The next piece of a stream. False: broken or cut off.
static bool refill(rst_scanner *s, const rst_layer *l, tree *t, unsigned stream) {
    source *c = &t->sources[stream];
    size_t want = c->left < sizeof c->buf ? (size_t)c->left : sizeof c->buf;
    rst_pipe p = {.in = c->in, .in_n = c->in_n, .out = c->buf, .out_n = want};
    rst_inflated r = RST_INFLATE_MORE;
    bool moved = true;
    while (p.out_n > 0 && r == RST_INFLATE_MORE && moved) {
        size_t in_n = p.in_n;
        size_t out_n = p.out_n;
        r = rst_decode_run(s, l, &c->decode, &p, true);
        moved = p.in_n != in_n || p.out_n != out_n;
    }
    t->stopped = t->stopped || r == RST_INFLATE_LIMIT;
    t->in += c->in_n - p.in_n;
    c->in = p.in;
    c->in_n = p.in_n;
    c->left -= want;
    t->bcj2.bufs[stream] = c->buf;
    t->bcj2.lims[stream] = c->buf + want;
    return want > 0 && p.out_n == 0;
}

// One piece of what comes out, or the end. False: broken or cut off.
static bool next_piece(rst_scanner *s, const rst_layer *l, tree *t, size_t n) {
    CBcj2Dec *b = &t->bcj2;
    b->dest = t->clean;
    b->destLim = t->clean + n;
    while (!t->stopped) {
        if (Bcj2Dec_Decode(b) != SZ_OK) {
            return false;
        }
        if (b->dest == b->destLim) {
            return true;
        }
        if (b->state >= BCJ2_NUM_STREAMS || (!refill(s, l, t, b->state) && !t->stopped)) {
            return false;
        }
    }
    return true;
}

static bool run(rst_scanner *s, rst_layer *l, tree *t, rst_7z_sink sink, void *user) {
    while (t->left > 0 && !t->stopped) {
        size_t n = t->left < sizeof t->clean ? (size_t)t->left : sizeof t->clean;
        bool good = next_piece(s, l, t, n);
        n = (size_t)(t->bcj2.dest - t->clean);
        t->left -= n;
        t->out += n;
        if (n > 0 && !t->stopped &&
            (!sink(s, l, user, t->clean, n) || !rst_expand_ratio(s, l, NULL, t->in, t->out))) {
            t->stopped = true;
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

bool rst_7z_unpack_bcj2(rst_scanner *s, rst_layer *l, const rst_7z_folder *f, const uint8_t *data,
                        rst_7z_sink sink, void *user) {
    origin origins[BCJ2_NUM_STREAMS];
    if (!find_origins(f, origins) || !sizes_agree(f, origins)) {
        return false;
    }
    tree *t = rst_scratch_take(s, l, sizeof *t);
    if (t == NULL) {
        return true;
    }
    Bcj2Dec_Init(&t->bcj2);
    t->left = f->sizes[f->main];
    t->in = 0;
    t->out = 0;
    t->stopped = false;
    for (size_t i = 0; i < BCJ2_NUM_STREAMS; i++) {
        source *c = &t->sources[i];
        if (!begin_source(s, l, f, &origins[i], data, c)) {
            return true;
        }
        t->bcj2.bufs[i] = c->buf;
        t->bcj2.lims[i] = c->buf;
    }
    return run(s, l, t, sink, user);
}
