// See expand.h.
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

bool rst_expand(rst_scanner *s, rst_layer *l, rst_layer *child, const uint8_t *data, size_t n) {
    rst_report *r = &s->report;
    uint64_t room = s->limits.expanded - r->expanded;
    bool fits = n <= room;
    if (!fits) {
        n = (size_t)room;
    }
    r->expanded += n;
    rst_spend(s, n);
    if (child != NULL) {
        rst_layer_write(s, child, data, n, RST_NO_WIRE);
    }
    if (!fits) {
        rst_found(s, RST_TOO_LARGE, "expands to more octets than the limit",
                  child != NULL ? child : l, &l->place, NULL);
        return false;
    }
    return rst_budget_left(s);
}

bool rst_expand_ratio(rst_scanner *s, rst_layer *l, const rst_layer *child, uint64_t in,
                      uint64_t out) {
    if (out <= RST_RATIO_FLOOR || out <= s->limits.ratio * in) {
        return true;
    }
    rst_found(s, RST_RATIO, "expands more than the allowed ratio", child != NULL ? child : l,
              &l->place, NULL);
    return false;
}

bool rst_expand_whole(rst_scanner *s, rst_layer *l, const char *name, const uint8_t *data,
                      size_t n) {
    if (!rst_count_entry(s, l)) {
        return false;
    }
    rst_layer *child = rst_layer_open(s, RST_HINT_FILE, name, &l->place, false);
    bool more = !s->halted;
    for (size_t at = 0; more && at < n;) {
        size_t take = n - at < RST_BLOCK ? n - at : RST_BLOCK;
        more = rst_expand(s, l, child, data + at, take);
        at += take;
    }
    if (child != NULL) {
        rst_layer_close(s, child);
    }
    return more;
}

bool rst_inflate_emit(rst_scanner *s, rst_layer *l, rst_inflate *f, rst_layer *child,
                      const uint8_t *data, size_t n) {
    f->crc = (uint32_t)crc32(f->crc, data, (uInt)n);
    f->out += n;
    return rst_expand(s, l, child, data, n);
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
        } else if (!rst_expand_ratio(s, l, child, f->in, f->out)) {
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

bool rst_expand_zlib(rst_scanner *s, rst_layer *l, rst_inflate *f, const char *name,
                     const uint8_t *data, size_t n, rst_inflated *result) {
    *result = RST_INFLATE_BROKEN;
    if (!rst_count_entry(s, l)) {
        return false;
    }
    bool good = n >= 2 && (data[0] & 15) == 8 && (data[0] * 256 + data[1]) % 31 == 0;
    if (!good || !rst_inflate_begin(f)) {
        return !s->halted;
    }
    rst_layer *child = rst_layer_open(s, RST_HINT_FILE, name, &l->place, false);
    size_t used;
    rst_spend(s, n);
    *result = rst_inflate_write(s, l, f, child, data + 2, n - 2, &used);
    if (child != NULL) {
        rst_layer_close(s, child);
    }
    return rst_budget_left(s) && s->report.expanded < s->limits.expanded;
}
