// PPMd as 7z (variant H) and zip (variant I) have it: the decoders of 7-Zip, which fetch octets
// when they need them, behind a face that octets are pushed into. It knows no container.
#ifndef RST_PPMD_H
#define RST_PPMD_H

#include "decode.h"

typedef struct rst_ppmd rst_ppmd;

typedef struct rst_ppmd_settings {
    bool zip; // variant I, else H
    unsigned order, restore;
    uint32_t memory; // octets of the model
} rst_ppmd_settings;

// What stands before the data (7z: order and memory; zip: APPNOTE 5.11). False: nothing that the
// decoder knows.
bool rst_ppmd_of_7z(rst_ppmd_settings *o, const uint8_t *props, size_t n);
bool rst_ppmd_of_zip(rst_ppmd_settings *o, uint16_t head);

// Octets that a decoder and its model need.
size_t rst_ppmd_state(void);
uint64_t rst_ppmd_model(const rst_ppmd_settings *o);
// `state` and `model` are so large and aligned for anything; `size` octets will come out.
rst_ppmd *rst_ppmd_begin(void *state, void *model, const rst_ppmd_settings *o, uint64_t size);
// As rst_decode_run. It ends when `size` octets are out and the last of the input is taken; what
// then is left of the input means nothing to anybody.
rst_inflated rst_ppmd_run(rst_ppmd *p, rst_pipe *pipe, bool last);

#endif
