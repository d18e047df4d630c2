// SZDD, of Microsoft's COMPRESS.EXE: LZSS with a window of 4096 octets. The decoder is our own: no
// library of Debian's has one, and it is a page long.
#include <string.h>

#include "old_archives.h"
#include "report.h"
#include "scanner.h"

enum { WINDOW = 4096, OUT = 4096, LEAST_MATCH = 3 };

typedef struct {
    rst_scanner *s;
    rst_layer *l, *child;
    uint64_t left; // octets to come out
    uint64_t out;
    size_t pos; // in the window
    size_t buf_n;
    bool over;
    uint8_t window[WINDOW];
    uint8_t buf[OUT];
} szdd;

static void flush(szdd *z) {
    if (!z->over && !rst_expand(z->s, z->l, z->child, z->buf, z->buf_n)) {
        z->over = true;
    }
    z->out += z->buf_n;
    z->buf_n = 0;
}

static void put(szdd *z, uint8_t c) {
    if (z->left == 0) {
        return;
    }
    z->left--;
    z->window[z->pos] = c;
    z->pos = (z->pos + 1) % WINDOW;
    z->buf[z->buf_n++] = c;
    if (z->buf_n == OUT) {
        flush(z);
    }
}

// Eight items a flag octet, lowest bit first: a set bit is a literal, else a place and a length.
static void decode(szdd *z, const uint8_t *d, size_t n) {
    size_t at = 0;
    while (at < n && z->left > 0 && !z->over) {
        uint8_t flags = d[at++];
        for (int bit = 0; bit < 8 && at < n && z->left > 0 && !z->over; bit++) {
            if ((flags >> bit & 1) != 0) {
                put(z, d[at++]);
                continue;
            }
            if (n - at < 2) {
                return;
            }
            size_t from = d[at] | (d[at + 1] & 0xf0u) << 4;
            size_t length = (d[at + 1] & 0x0fu) + LEAST_MATCH;
            at += 2;
            for (size_t i = 0; i < length; i++) {
                put(z, z->window[(from + i) % WINDOW]);
            }
        }
    }
}

void rst_szdd_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *d = rst_store_whole(s, l, &n);
    if (d == NULL) {
        return;
    }
    // "SZDD" and "SZ ", the older one, differ in where the window begins.
    bool old = d[2] == ' ';
    size_t head = old ? 12 : 14;
    if (n < head || (!old && d[8] != 'A')) {
        rst_found(s, n < head ? RST_MALFORMED : RST_UNSCANNABLE, "szdd header", l, &l->place,
                  NULL);
        return;
    }
    szdd *z = rst_scratch_take(s, l, sizeof *z);
    if (z == NULL || !rst_count_entry(s, l)) {
        return;
    }
    *z = (szdd){.s = s, .l = l, .left = rst_le32(d + head - 4)};
    z->pos = WINDOW - (old ? 18 : 16);
    memset(z->window, ' ', WINDOW);
    z->child = rst_layer_open(s, RST_HINT_FILE, "expanded", &l->place, false);
    decode(z, d + head, n - head);
    flush(z);
    if (z->left > 0 && !z->over && !s->halted) {
        rst_found(s, RST_MALFORMED, "szdd data is cut off", l, &l->place, NULL);
    }
    if (z->child != NULL) {
        rst_layer_close(s, z->child);
    }
}
