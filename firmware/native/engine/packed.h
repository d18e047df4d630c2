// One file, compressed as a stream: bzip2, xz, lzma and lzip, each with further members behind it.
#ifndef RST_PACKED_H
#define RST_PACKED_H

#include "decode.h"

typedef struct {
    rst_decode_kind kind;
    bool over;   // nothing more is read
    bool closed; // a member has ended and no other has begun
    bool first;  // the first member
    rst_layer *child;
    rst_decode decode;
    rst_inflate out; // its buffer and counters
} rst_packed;

void rst_packed_begin(rst_scanner *s, rst_layer *l);
void rst_packed_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire);
void rst_packed_end(rst_scanner *s, rst_layer *l);

#endif
