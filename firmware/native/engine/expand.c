// Inflates with zlib. The limits on expansion are kept here: every octet that leaves a container
// passes rst_inflate_emit.
#include "expand.h"

#include "report.h"
#include "scanner.h"

static voidpf arena_alloc(voidpf opaque, uInt items, uInt size) {
    rst_inflate *f = opaque;
    size_t n = ((size_t)items * size + 15) & ~(size_t)15;
    if (n > sizeof f->arena - f->arena_n) {
        return Z_NULL;
    }
    voidpf p = f->arena + f->arena_n;
    f->arena_n += n;
    return p;
}

// The arena is taken back as a whole.
static void arena_free(voidpf opaque, voidpf address) {
    (void)opaque;
    (void)address;
}

bool rst_inflate_begin(rst_inflate *f) {
    f->in = 0;
    f->out = 0;
    f->crc = 0;
    f->arena_n = 0;
    f->z = (z_stream){.zalloc = arena_alloc, .zfree = arena_free, .opaque = f};
    return inflateInit2(&f->z, -15) == Z_OK;
}

bool rst_inflate_emit(rst_scanner *s, rst_layer *l, rst_inflate *f, rst_layer *child,
                      const uint8_t *data, size_t n) {
    rst_report *r = &s->report;
    const rst_layer *in = child != NULL ? child : l;
    uint64_t room = s->limits.expanded - r->expanded;
    bool fits = n <= room;
    if (!fits) {
        n = (size_t)room;
    }
    f->crc = (uint32_t)crc32(f->crc, data, (uInt)n);
    f->out += n;
    r->expanded += n;
    rst_spend(s, n);
    if (child != NULL) {
        rst_layer_write(s, child, data, n, RST_NO_WIRE);
    }
    if (!fits) {
        rst_found(s, RST_TOO_LARGE, "expands to more octets than the limit", in, &l->place, NULL);
        return false;
    }
    return rst_budget_left(s);
}

rst_inflated rst_inflate_write(rst_scanner *s, rst_layer *l, rst_inflate *f, rst_layer *child,
                               const uint8_t *data, size_t n, size_t *used) {
    z_stream *z = &f->z;
    z->next_in = (z_const Bytef *)data;
    z->avail_in = (uInt)n;
    rst_inflated result = RST_INFLATE_MORE;
    do {
        z->next_out = f->buf;
        z->avail_out = sizeof f->buf;
        uInt before = z->avail_in;
        int rc = inflate(z, Z_NO_FLUSH);
        f->in += before - z->avail_in;
        size_t got = sizeof f->buf - z->avail_out;
        if (got > 0 && !rst_inflate_emit(s, l, f, child, f->buf, got)) {
            result = RST_INFLATE_LIMIT;
        } else if (f->out > RST_RATIO_FLOOR && f->out > s->limits.ratio * f->in) {
            rst_found(s, RST_RATIO, "expands more than the allowed ratio",
                      child != NULL ? child : l, &l->place, NULL);
            result = RST_INFLATE_LIMIT;
        } else if (rc == Z_STREAM_END) {
            result = RST_INFLATE_DONE;
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            result = RST_INFLATE_BROKEN;
        }
    } while (result == RST_INFLATE_MORE && (z->avail_in > 0 || z->avail_out == 0));
    *used = n - z->avail_in;
    return result;
}
