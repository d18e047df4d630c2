// One face for others' decoders: zlib, libbz2, liblzma and 7-Zip's PPMd with the scratch instead
// of malloc. Octets are pushed in and fetched out piece by piece. It knows no container.
#ifndef RST_DECODE_H
#define RST_DECODE_H

#include <stdbool.h>

#include <bzlib.h>
#include <lzma.h>

#include "expand.h"

enum {
    RST_ROOM_BLOCKS = 24, // pieces in use at a time; an xz block with four filters has 14
    RST_MOST_FILTERS = 4, // of a chain, the last one being LZMA or LZMA2: liblzma's own limit
    RST_DECODE_STATE = 96 * 1024,     // room for all that is no dictionary
    RST_BZIP2_BLOCK = 4 * 900 * 1000, // libbz2 takes four octets for each of a block
};

typedef enum {
    RST_DECODE_COPY = 0,
    RST_DECODE_DEFLATE,
    RST_DECODE_BZIP2,
    RST_DECODE_XZ,   // streams one after the other, with padding
    RST_DECODE_LZMA, // the old file format
    RST_DECODE_LZIP,
    RST_DECODE_RAW, // a chain of filters (7z, zip)
    RST_DECODE_PPMD,
    RST_DECODE_DEFLATE64,
    RST_DECODE_IMPLODE,
} rst_decode_kind;

typedef struct rst_window rst_window; // window.h

// Memory of one decoder: a stretch of the scratch, first fit.
typedef struct {
    uint8_t *base;
    uint64_t size;
    size_t n;
    struct {
        uint64_t at, n;
    } live[RST_ROOM_BLOCKS]; // ordered by place
} rst_room;

typedef struct {
    rst_decode_kind kind;
    rst_room room;
    lzma_allocator allocator;
    union {
        z_stream deflate;
        bz_stream bzip2;
        lzma_stream xz;
        struct rst_ppmd *ppmd;
        rst_window *window;
    } u;
} rst_decode;

// What is to be read, and where to.
typedef struct {
    const uint8_t *in;
    size_t in_n;
    uint8_t *out;
    size_t out_n;
} rst_pipe;

// A filter as a container describes it; its id is liblzma's.
typedef struct {
    uint64_t id;
    const uint8_t *props;
    size_t props_n;
} rst_filter;

// False: no room, or the decoder does not start; the finding for `l` is made.
bool rst_decode_begin(rst_scanner *s, const rst_layer *l, rst_decode *d, rst_decode_kind kind);
// The same for a chain, in the order of encoding. `size` is what LZMA gives, UINT64_MAX if it ends
// with a mark.
bool rst_decode_begin_raw(rst_scanner *s, const rst_layer *l, rst_decode *d,
                          const rst_filter *filters, size_t n, uint64_t size);
// PPMd (ppmd.h) that gives `size` octets.
struct rst_ppmd_settings;
bool rst_decode_begin_ppmd(rst_scanner *s, const rst_layer *l, rst_decode *d,
                           const struct rst_ppmd_settings *settings, uint64_t size);
// The container's settings are nothing that the decoder knows: the finding. False.
bool rst_decode_unknown(rst_scanner *s, const rst_layer *l);
// The same for Implode: the flags of a zip entry, and how many octets come out.
bool rst_decode_begin_implode(rst_scanner *s, const rst_layer *l, rst_decode *d, uint16_t flags,
                              uint64_t size);
// Moves octets until `in` is used up or `out` is full. `last`: nothing comes behind `in`.
// RST_INFLATE_LIMIT: the finding is made.
rst_inflated rst_decode_run(rst_scanner *s, const rst_layer *l, rst_decode *d, rst_pipe *p,
                            bool last);
// Decodes into `child`, as rst_inflate_write does; counters, check value and buffer are those of
// `f`.
rst_inflated rst_decode_write(rst_scanner *s, rst_layer *l, rst_decode *d, rst_inflate *f,
                              rst_layer *child, const uint8_t *data, size_t n, bool last,
                              size_t *used);

#endif
