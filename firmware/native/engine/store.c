// See store.h.
#include "store.h"

#include <string.h>

#include "report.h"
#include "scanner.h"

enum { ALIGN = 16 };

// Makes sure that the first n octets of the scratch may be written.
static bool granted(rst_scanner *s, const rst_layer *l, uint64_t n) {
    if (n > s->scratch.size) {
        rst_found(s, RST_TOO_LARGE, "needs more room than the limit", l, &l->place, NULL);
        return false;
    }
    if (n > s->scratch_granted) {
        if (s->scratch.reserve != NULL && !s->scratch.reserve(s->scratch.user, n)) {
            s->report.no_room = true;
            s->halted = true;
            return false;
        }
        s->scratch_granted = n;
    }
    return true;
}

void *rst_scratch_take(rst_scanner *s, const rst_layer *l, uint64_t n) {
    uint64_t at = (s->scratch_n + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
    bool fits = n <= s->scratch.size; // so that the sum cannot wrap
    if (!granted(s, l, fits ? at + n : n)) {
        return NULL;
    }
    s->scratch_n = at + n;
    return s->scratch.base + at;
}

void rst_store_begin(rst_scanner *s, rst_layer *l) {
    l->u.stored = (rst_stored){.at = s->scratch_n, .n = 0, .lost = false};
}

void rst_store_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire) {
    (void)wire;
    rst_stored *o = &l->u.stored;
    if (o->lost || s->halted) {
        return;
    }
    if (!granted(s, l, s->scratch_n + n)) {
        o->lost = true;
        return;
    }
    memcpy(s->scratch.base + s->scratch_n, data, n);
    s->scratch_n += n;
    o->n += n;
}

const uint8_t *rst_store_whole(const rst_scanner *s, const rst_layer *l, size_t *n) {
    const rst_stored *o = &l->u.stored;
    *n = (size_t)o->n;
    return o->lost || s->halted || o->n == 0 ? NULL : s->scratch.base + o->at;
}
