// The way out of containers: every octet passes rst_expand, where the limits on expansion are
// kept. And deflate (RFC 1951): zlib with a fixed arena instead of malloc.
#ifndef RST_EXPAND_H
#define RST_EXPAND_H

#include <stdbool.h>

#include <zlib.h>

#include "engine.h"

enum {
    // zlib's window of 32 KiB and its state: 7,160 octets in zlib 1.3 with 64-bit pointers.
    RST_INFLATE_ARENA = 32768 + 8192,
    RST_INFLATE_OUT = 8192, // octets handed on at a time
    // Below this many octets out, a high ratio harms nobody: an empty table in an office file
    // reaches 1000:1.
    RST_RATIO_FLOOR = 1024 * 1024,
};

typedef struct rst_layer rst_layer;

typedef enum {
    RST_INFLATE_MORE = 0,
    RST_INFLATE_DONE,
    RST_INFLATE_BROKEN,
    RST_INFLATE_LIMIT
} rst_inflated;

// One member or entry while its octets come out.
typedef struct {
    z_stream z;
    uint64_t in, out; // octets so far
    uint32_t crc;     // of the octets out
    size_t arena_n;
    uint8_t buf[RST_INFLATE_OUT];
    _Alignas(16) uint8_t arena[RST_INFLATE_ARENA];
} rst_inflate;

// Hands octets that come out of container `l` on to `child`, which may be NULL. False: a limit was
// hit, the finding is made, nothing more may come out.
bool rst_expand(rst_scanner *s, rst_layer *l, rst_layer *child, const uint8_t *data, size_t n);
// False, and a finding, if `out` octets out of `in` are more than the allowed ratio.
bool rst_expand_ratio(rst_scanner *s, rst_layer *l, const rst_layer *child, uint64_t in,
                      uint64_t out);
// An object that lies readily in container `l`: counted, opened as a layer, handed on, closed.
// False: nothing more may come out.
bool rst_expand_whole(rst_scanner *s, rst_layer *l, const char *name, const uint8_t *data,
                      size_t n);

// The same for an object that is one zlib stream (RFC 1950; its check value is not read), with `f`
// as room. *result is how the stream ended.
bool rst_expand_zlib(rst_scanner *s, rst_layer *l, rst_inflate *f, const char *name,
                     const uint8_t *data, size_t n, rst_inflated *result);

// False if zlib does not fit its arena.
bool rst_inflate_begin(rst_inflate *f);
// Inflates into `child`, which may be NULL, for container `l`. *used octets of the input were
// taken. RST_INFLATE_LIMIT: a limit was hit and the finding is made.
rst_inflated rst_inflate_write(rst_scanner *s, rst_layer *l, rst_inflate *f, rst_layer *child,
                               const uint8_t *data, size_t n, size_t *used);
// rst_expand that also updates crc and out.
bool rst_inflate_emit(rst_scanner *s, rst_layer *l, rst_inflate *f, rst_layer *child,
                      const uint8_t *data, size_t n);

#endif
