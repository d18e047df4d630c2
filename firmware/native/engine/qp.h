// Quoted-printable (RFC 2045 section 6.7) as mail readers take it.
#ifndef RST_QP_H
#define RST_QP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RST_QP_HELD = 64 }; // blanks held back: they count only if text follows on the line

typedef struct {
    uint8_t state;
    uint8_t first; // the first digit of an escape
    bool odd;      // more blanks between '=' and what follows than readers agree on
    uint8_t held_n;
    uint8_t held[RST_QP_HELD];
} rst_qp;

// Decodes until the input or the room (at least RST_QP_HELD + 4 octets) is used up. Returns the
// input used.
size_t rst_qp_take(rst_qp *q, const uint8_t *in, size_t n, uint8_t *out, size_t cap,
                   size_t *out_n);
// What an escape that was cut off stands for.
size_t rst_qp_end(rst_qp *q, uint8_t *out);

#endif
