// Decoders of our own, for methods that no library at hand reads: Deflate64 and Implode. Both give
// octets and copies of earlier ones out of a window. Input comes in pieces: it is read in steps (a
// symbol with its extra bits, a header with its tables), and a step that lacks bits is taken back
// and tried again when there are more.
#ifndef RST_WINDOW_H
#define RST_WINDOW_H

#include "decode.h"

enum {
    RST_WINDOW_OCTETS = 65536, // octets that copies reach back; a power of two
    RST_STEP_INPUT = 2048,     // more octets than any step reads: tables of Implode have 771
    RST_CODE_LENGTH = 16,      // bits of the longest code
    RST_CODE_SYMBOLS = 288,    // of the largest alphabet
    RST_WINDOW_CODES = 3,
};

// A prefix code whose codes ascend by length, then by symbol.
typedef struct {
    uint16_t counts[RST_CODE_LENGTH + 1]; // codes of each length
    uint16_t symbols[RST_CODE_SYMBOLS];   // by their codes
} rst_code;

// What a step gave.
typedef enum {
    RST_STEP_NONE = 0, // a header
    RST_STEP_OCTET,    // `octet`
    RST_STEP_COPY,     // `copy_n` octets from `copy_back` octets back
    RST_STEP_END,
    RST_STEP_BROKEN,
} rst_step;

struct rst_window {
    rst_step (*step)(rst_window *w);
    bool lacking; // a step asked for bits that are not there
    bool bad;     // a step met a code that stands for nothing
    size_t bit;   // the next one of `input`
    size_t input_n;
    uint8_t octet;
    uint32_t copy_n, copy_back;
    uint64_t out; // octets so far
    rst_code codes[RST_WINDOW_CODES];
    // Deflate64
    bool last_block, in_block, plain;
    uint32_t plain_n; // octets to come of a block that is not compressed
    // Implode
    uint8_t flags;
    bool tables;   // they are read
    uint64_t size; // octets in all
    uint8_t input[RST_STEP_INPUT];
    uint8_t window[RST_WINDOW_OCTETS];
};

void rst_deflate64_begin(rst_window *w);
// `flags` are those of the zip entry, `size` what comes out.
void rst_explode_begin(rst_window *w, uint16_t flags, uint64_t size);

// As rst_decode_run.
rst_inflated rst_window_run(rst_window *w, rst_pipe *p, bool last);

// For steps. The next n bits, at most 16, the first one being the lowest.
uint32_t rst_window_bits(rst_window *w, unsigned n);
// A symbol; its code's bits come highest first, each xor `flip`.
uint32_t rst_window_symbol(rst_window *w, const rst_code *code, unsigned flip);
// Makes the code in which symbol i has a code of lengths[i] bits, 0: none. What is left of the
// room for codes: 0 if all are used, negative if there are too many.
int32_t rst_code_make(rst_code *code, const uint8_t *lengths, size_t n);

#endif
