// See decode.h.
#include "decode.h"

#include <string.h>

#include "ppmd.h"
#include "report.h"
#include "scanner.h"
#include "window.h"

enum {
    ALIGN = 16,
    // Units for each octet out of PPMd. It takes 8 to 14 times as long as LZMA: on one machine 1.1
    // to 2.8 MB/s against 13 to 25 MB/s. At its slowest a unit is then worth 17 ns, LZMA's 9
    // to 12.
    PPMD_WORK = 48,
};

static void *room_alloc(void *opaque, size_t items, size_t size) {
    rst_room *r = opaque;
    if (r->n == RST_ROOM_BLOCKS || size > r->size || (size > 0 && items > r->size / size)) {
        return NULL;
    }
    uint64_t n = ((uint64_t)items * size + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
    uint64_t at = 0;
    size_t i = 0;
    while (i < r->n && r->live[i].at - at < n) {
        at = r->live[i].at + r->live[i].n;
        i++;
    }
    if (n > r->size - at) {
        return NULL;
    }
    memmove(&r->live[i + 1], &r->live[i], (r->n - i) * sizeof r->live[0]);
    r->live[i].at = at;
    r->live[i].n = n;
    r->n++;
    return r->base + at;
}

static void room_free(void *opaque, void *address) {
    rst_room *r = opaque;
    for (size_t i = 0; i < r->n; i++) {
        if (r->base + r->live[i].at == (uint8_t *)address) {
            r->n--;
            memmove(&r->live[i], &r->live[i + 1], (r->n - i) * sizeof r->live[0]);
            return;
        }
    }
}

static voidpf zlib_alloc(voidpf opaque, uInt items, uInt size) {
    return room_alloc(opaque, items, size);
}

static void *bzip2_alloc(void *opaque, int items, int size) {
    return room_alloc(opaque, (size_t)items, (size_t)size);
}

// Room for `need` octets in all. It grows only while nothing lies above it in the scratch: what an
// object inside has stored there stays where it is.
static bool grow(rst_scanner *s, const rst_layer *l, rst_room *r, uint64_t need) {
    need = (need + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
    if (need <= r->size) {
        return true;
    }
    if (r->size > 0 && s->scratch.base + s->scratch_n != r->base + r->size) {
        rst_found(s, RST_TOO_LARGE, "needs more room than the limit", l, &l->place, NULL);
        return false;
    }
    uint8_t *more = rst_scratch_take(s, l, need - r->size);
    if (more == NULL) {
        return false;
    }
    r->base = r->size == 0 ? more : r->base;
    r->size = need;
    return true;
}

bool rst_decode_unknown(rst_scanner *s, const rst_layer *l) {
    rst_found(s, RST_UNSCANNABLE, "method with unknown settings", l, &l->place, NULL);
    return false;
}

static void prepare(rst_decode *d, rst_decode_kind kind) {
    d->kind = kind;
    d->room = (rst_room){.base = NULL};
    d->allocator = (lzma_allocator){room_alloc, room_free, &d->room};
}

// The dictionary is asked for once liblzma has read how large it is: hence the limit of 1.
static bool begin_xz(rst_decode *d) {
    lzma_stream *z = &d->u.xz;
    *z = (lzma_stream)LZMA_STREAM_INIT;
    z->allocator = &d->allocator;
    switch (d->kind) {
    case RST_DECODE_XZ:
        return lzma_stream_decoder(z, 1, LZMA_CONCATENATED) == LZMA_OK;
    case RST_DECODE_LZIP:
        return lzma_lzip_decoder(z, 1, LZMA_CONCATENATED) == LZMA_OK;
    default:
        return lzma_alone_decoder(z, 1) == LZMA_OK;
    }
}

bool rst_decode_begin(rst_scanner *s, const rst_layer *l, rst_decode *d, rst_decode_kind kind) {
    prepare(d, kind);
    uint64_t need = RST_DECODE_STATE + (kind == RST_DECODE_BZIP2 ? RST_BZIP2_BLOCK : 0);
    if (kind == RST_DECODE_COPY) {
        return true;
    }
    if (kind == RST_DECODE_DEFLATE64) {
        need = sizeof *d->u.window;
    }
    if (!grow(s, l, &d->room, need)) {
        return false;
    }
    bool good = true;
    if (kind == RST_DECODE_DEFLATE64) {
        d->u.window = (rst_window *)(void *)d->room.base;
        rst_deflate64_begin(d->u.window);
    } else if (kind == RST_DECODE_DEFLATE) {
        d->u.deflate = (z_stream){.zalloc = zlib_alloc, .zfree = room_free, .opaque = &d->room};
        good = inflateInit2(&d->u.deflate, -15) == Z_OK;
    } else if (kind == RST_DECODE_BZIP2) {
        d->u.bzip2 = (bz_stream){.bzalloc = bzip2_alloc, .bzfree = room_free, .opaque = &d->room};
        good = BZ2_bzDecompressInit(&d->u.bzip2, 0, 0) == BZ_OK;
    } else {
        good = begin_xz(d);
    }
    return good || rst_decode_unknown(s, l);
}

bool rst_decode_begin_implode(rst_scanner *s, const rst_layer *l, rst_decode *d, uint16_t flags,
                              uint64_t size) {
    prepare(d, RST_DECODE_IMPLODE);
    if (!grow(s, l, &d->room, sizeof *d->u.window)) {
        return false;
    }
    d->u.window = (rst_window *)(void *)d->room.base;
    rst_explode_begin(d->u.window, flags, size);
    return true;
}

bool rst_decode_begin_raw(rst_scanner *s, const rst_layer *l, rst_decode *d,
                          const rst_filter *filters, size_t n, uint64_t size) {
    prepare(d, RST_DECODE_RAW);
    if (n > RST_MOST_FILTERS) {
        return rst_decode_unknown(s, l);
    }
    if (!grow(s, l, &d->room, RST_DECODE_STATE)) {
        return false;
    }
    lzma_filter chain[RST_MOST_FILTERS + 1];
    for (size_t i = 0; i < n; i++) {
        chain[i] = (lzma_filter){.id = filters[i].id, .options = NULL};
        if (lzma_properties_decode(&chain[i], &d->allocator, filters[i].props,
                                   filters[i].props_n) != LZMA_OK) {
            return rst_decode_unknown(s, l);
        }
        if (chain[i].id == LZMA_FILTER_LZMA1EXT) {
            lzma_options_lzma *o = chain[i].options;
            o->ext_flags = LZMA_LZMA1EXT_ALLOW_EOPM;
            lzma_set_ext_size(*o, size);
        }
    }
    chain[n] = (lzma_filter){.id = LZMA_VLI_UNKNOWN, .options = NULL};
    uint64_t need = lzma_raw_decoder_memusage(chain);
    if (need == UINT64_MAX) {
        return rst_decode_unknown(s, l);
    }
    if (!grow(s, l, &d->room, RST_DECODE_STATE + need)) {
        return false;
    }
    d->u.xz = (lzma_stream)LZMA_STREAM_INIT;
    d->u.xz.allocator = &d->allocator;
    return lzma_raw_decoder(&d->u.xz, chain) == LZMA_OK || rst_decode_unknown(s, l);
}

bool rst_decode_begin_ppmd(rst_scanner *s, const rst_layer *l, rst_decode *d,
                           const rst_ppmd_settings *settings, uint64_t size) {
    prepare(d, RST_DECODE_PPMD);
    uint64_t model_n = rst_ppmd_model(settings);
    void *state = rst_scratch_take(s, l, rst_ppmd_state());
    void *model = state != NULL ? rst_scratch_take(s, l, model_n) : NULL;
    if (model == NULL) {
        return false;
    }
    d->u.ppmd = rst_ppmd_begin(state, model, settings, size);
    return true;
}

static rst_inflated run_copy(rst_pipe *p, bool last) {
    size_t n = p->in_n < p->out_n ? p->in_n : p->out_n;
    memcpy(p->out, p->in, n);
    p->in += n;
    p->in_n -= n;
    p->out += n;
    p->out_n -= n;
    return last && p->in_n == 0 ? RST_INFLATE_DONE : RST_INFLATE_MORE;
}

static rst_inflated run_deflate(rst_decode *d, rst_pipe *p) {
    z_stream *z = &d->u.deflate;
    z->next_in = (z_const Bytef *)p->in;
    z->avail_in = (uInt)p->in_n;
    z->next_out = p->out;
    z->avail_out = (uInt)p->out_n;
    int rc = inflate(z, Z_NO_FLUSH);
    p->in += p->in_n - z->avail_in;
    p->in_n = z->avail_in;
    p->out += p->out_n - z->avail_out;
    p->out_n = z->avail_out;
    if (rc == Z_STREAM_END) {
        return RST_INFLATE_DONE;
    }
    return rc == Z_OK || rc == Z_BUF_ERROR ? RST_INFLATE_MORE : RST_INFLATE_BROKEN;
}

static rst_inflated run_bzip2(rst_decode *d, rst_pipe *p) {
    bz_stream *z = &d->u.bzip2;
    // libbz2 knows no const; it only reads. NOLINTNEXTLINE(performance-no-int-to-ptr)
    z->next_in = (char *)(uintptr_t)p->in;
    z->avail_in = (unsigned)p->in_n;
    z->next_out = (char *)p->out;
    z->avail_out = (unsigned)p->out_n;
    int rc = BZ2_bzDecompress(z);
    p->in += p->in_n - z->avail_in;
    p->in_n = z->avail_in;
    p->out += p->out_n - z->avail_out;
    p->out_n = z->avail_out;
    if (rc == BZ_STREAM_END) {
        return RST_INFLATE_DONE;
    }
    return rc == BZ_OK ? RST_INFLATE_MORE : RST_INFLATE_BROKEN;
}

// What liblzma says that is neither going on nor the end.
static rst_inflated stopped(rst_scanner *s, const rst_layer *l, lzma_ret rc) {
    switch (rc) {
    case LZMA_BUF_ERROR:
        return RST_INFLATE_MORE;
    case LZMA_OPTIONS_ERROR:
        rst_decode_unknown(s, l);
        return RST_INFLATE_LIMIT;
    case LZMA_MEM_ERROR:
        rst_found(s, RST_TOO_LARGE, "needs more room than the limit", l, &l->place, NULL);
        return RST_INFLATE_LIMIT;
    default:
        return RST_INFLATE_BROKEN;
    }
}

static rst_inflated run_xz(rst_scanner *s, const rst_layer *l, rst_decode *d, rst_pipe *p,
                           bool last) {
    lzma_stream *z = &d->u.xz;
    z->next_in = p->in;
    z->avail_in = p->in_n;
    z->next_out = p->out;
    z->avail_out = p->out_n;
    lzma_ret rc = lzma_code(z, last ? LZMA_FINISH : LZMA_RUN);
    while (rc == LZMA_MEMLIMIT_ERROR) {
        uint64_t need = lzma_memusage(z);
        bool wraps = need > UINT64_MAX - RST_DECODE_STATE;
        if (!grow(s, l, &d->room, wraps ? need : RST_DECODE_STATE + need) ||
            lzma_memlimit_set(z, need) != LZMA_OK) {
            return RST_INFLATE_LIMIT;
        }
        rc = lzma_code(z, last ? LZMA_FINISH : LZMA_RUN);
    }
    p->in = z->next_in;
    p->in_n = z->avail_in;
    p->out = z->next_out;
    p->out_n = z->avail_out;
    if (rc == LZMA_STREAM_END) {
        return RST_INFLATE_DONE;
    }
    return rc == LZMA_OK ? RST_INFLATE_MORE : stopped(s, l, rc);
}

static rst_inflated run_ppmd(rst_scanner *s, rst_decode *d, rst_pipe *p, bool last) {
    size_t before = p->out_n;
    rst_inflated r = rst_ppmd_run(d->u.ppmd, p, last);
    rst_spend(s, (uint64_t)(before - p->out_n) * PPMD_WORK);
    return r;
}

rst_inflated rst_decode_run(rst_scanner *s, const rst_layer *l, rst_decode *d, rst_pipe *p,
                            bool last) {
    switch (d->kind) {
    case RST_DECODE_COPY:
        return run_copy(p, last);
    case RST_DECODE_DEFLATE:
        return run_deflate(d, p);
    case RST_DECODE_BZIP2:
        return run_bzip2(d, p);
    case RST_DECODE_PPMD:
        return run_ppmd(s, d, p, last);
    case RST_DECODE_DEFLATE64:
    case RST_DECODE_IMPLODE:
        return rst_window_run(d->u.window, p, last);
    default:
        return run_xz(s, l, d, p, last);
    }
}

rst_inflated rst_decode_write(rst_scanner *s, rst_layer *l, rst_decode *d, rst_inflate *f,
                              rst_layer *child, const uint8_t *data, size_t n, bool last,
                              size_t *used) {
    rst_pipe p = {.in = data, .in_n = n};
    rst_inflated result;
    do {
        p.out = f->buf;
        p.out_n = sizeof f->buf;
        size_t before = p.in_n;
        result = rst_decode_run(s, l, d, &p, last);
        f->in += before - p.in_n;
        size_t got = sizeof f->buf - p.out_n;
        if (got > 0 && !rst_inflate_emit(s, l, f, child, f->buf, got)) {
            result = RST_INFLATE_LIMIT;
        } else if (!rst_expand_ratio(s, l, child, f->in, f->out)) {
            result = RST_INFLATE_LIMIT;
        } else if (result == RST_INFLATE_MORE && got == 0 && before == p.in_n) {
            break; // it waits for more
        }
    } while (result == RST_INFLATE_MORE && (p.in_n > 0 || p.out_n == 0 || last));
    *used = n - p.in_n;
    return result;
}
