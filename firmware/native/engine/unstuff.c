// Undoes dot-stuffing: a dot that begins a line is dropped. Only LF ends a line: the spool has
// CRLF, and a stray CR is not a line end to any POP3 client. Searches dots, not lines, because
// base64 has none.
#include "unstuff.h"

#include <string.h>

void rst_unstuff_init(rst_unstuff *u) {
    u->wire = 0;
    u->line_start = true;
}

size_t rst_unstuff_take(rst_unstuff *u, const uint8_t *data, size_t n, const uint8_t **run,
                        size_t *run_n, uint64_t *wire) {
    size_t skip = u->line_start && n > 0 && data[0] == '.' ? 1 : 0;
    const uint8_t *from = data + skip;
    const uint8_t *end = data + n;
    const uint8_t *dot = from;
    while (dot < end && (dot = memchr(dot, '.', (size_t)(end - dot))) != NULL) {
        if (dot > data && dot[-1] == '\n') {
            break;
        }
        dot++;
    }
    if (dot != NULL && dot < end) {
        end = dot;
    }
    *run = from;
    *run_n = (size_t)(end - from);
    *wire = u->wire + skip;
    size_t used = (size_t)(end - data);
    u->wire += used;
    if (*run_n > 0) {
        u->line_start = end[-1] == '\n';
    } else if (skip > 0) {
        u->line_start = false;
    }
    return used;
}
