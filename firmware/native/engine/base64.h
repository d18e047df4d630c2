// Base64 as mail readers take it: what is not in the alphabet is skipped, padding ends a run,
// and a further run may follow.
#ifndef RST_BASE64_H
#define RST_BASE64_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t bits; // of the unfinished group
    uint8_t have;  // characters in it, 0..3
} rst_base64;

// Decodes until the input or the room (at least 3 octets) is used up. Returns the input used.
size_t rst_base64_take(rst_base64 *b, const uint8_t *in, size_t n, uint8_t *out, size_t cap,
                       size_t *out_n);
// The 0..2 octets of a group that nothing completed.
size_t rst_base64_end(rst_base64 *b, uint8_t *out);

#endif
