// Base64 as mail readers take it: what is not in the alphabet is skipped, padding ends a run,
// and a further run may follow. Whether one is read, and how, depends on the reader: it is noted.
#ifndef RST_BASE64_H
#define RST_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t bits;  // of the unfinished group
    uint8_t have;   // characters in it, 0..3
    uint8_t pads;   // '=' still due in the group that one has ended
    bool padded;    // a group was ended by '=', and nothing has followed so far
    bool new_line;  // since then
    bool odd_lines; // a run goes on in the line that ended one, or one was not padded to its end
    bool odd_runs;  // a run follows one that ended with its line
} rst_base64;

// Decodes until the input or the room (at least 3 octets) is used up. Returns the input used.
size_t rst_base64_take(rst_base64 *b, const uint8_t *in, size_t n, uint8_t *out, size_t cap,
                       size_t *out_n);
// The 0..2 octets of a group that nothing completed.
size_t rst_base64_end(rst_base64 *b, uint8_t *out);

#endif
