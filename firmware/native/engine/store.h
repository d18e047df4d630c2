// Objects that are kept whole in the scratch, because their format is read by seeking (OLE2, 7z,
// PDF, disk images), and room for dictionaries. The scratch is a stack like the layers: what a
// layer took is given back when it closes. An object is written whole before anything inside it
// is opened, so it lies in one piece.
#ifndef RST_STORE_H
#define RST_STORE_H

#include <stdbool.h>

#include "engine.h"

typedef struct rst_layer rst_layer;

// A layer's state while its object is stored. Handlers with more state begin theirs with it.
typedef struct {
    uint64_t at; // in the scratch
    uint64_t n;
    bool lost; // did not fit; the finding is made
} rst_stored;

// Two thirds of a handler: formats that are read at their end have an `end` of their own.
void rst_store_begin(rst_scanner *s, rst_layer *l);
void rst_store_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire);
// The whole object, for `end`; NULL if it did not fit or nothing may be looked at any more.
const uint8_t *rst_store_whole(const rst_scanner *s, const rst_layer *l, size_t *n);

// n writable octets, aligned for anything, until the topmost layer closes. What they hold is
// undefined. NULL: no room, and the finding for `l` is made.
void *rst_scratch_take(rst_scanner *s, const rst_layer *l, uint64_t n);

#endif
