// Compressed rich text of Outlook (MS-OXRTFCP): a window that begins with words of RTF, and runs
// that copy from it.
#include <string.h>

#include "report.h"
#include "scanner.h"
#include "tnef.h"

enum {
    WINDOW = 4096,
    HEADER = 16,
    OUT = 1024,
};

#define COMPRESSED 0x75465a4cu
#define PLAIN 0x414c454du

static const char first_words[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    "\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    "\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

typedef struct {
    rst_scanner *s;
    rst_layer *l, *child;
    uint64_t in, out; // octets so far
    unsigned at;      // in the window
    size_t buf_n;
    bool more;
    uint8_t window[WINDOW];
    uint8_t buf[OUT];
} unfolding;

static void flush(unfolding *u) {
    if (u->buf_n > 0 && u->more) {
        u->more = rst_expand(u->s, u->l, u->child, u->buf, u->buf_n) &&
                  rst_expand_ratio(u->s, u->l, u->child, u->in, u->out);
    }
    u->buf_n = 0;
}

static void put(unfolding *u, uint8_t c) {
    u->window[u->at] = c;
    u->at = (u->at + 1) % WINDOW;
    u->buf[u->buf_n++] = c;
    u->out++;
    if (u->buf_n == OUT) {
        flush(u);
    }
}

// False: the end, where a run says to copy from where it stands.
static bool copy(unfolding *u, unsigned run) {
    unsigned from = run >> 4;
    if (from == u->at) {
        return false;
    }
    for (unsigned i = 0; i < (run & 15) + 2 && u->more; i++) {
        put(u, u->window[(from + i) % WINDOW]);
    }
    return u->more;
}

// False if the end was missing.
static bool unfold(unfolding *u, const uint8_t *data, size_t n) {
    memset(u->window, 0, sizeof u->window);
    memcpy(u->window, first_words, sizeof first_words - 1);
    u->at = sizeof first_words - 1;
    size_t i = 0;
    while (i < n && u->more) {
        unsigned flags = data[i++];
        for (unsigned bit = 0; bit < 8 && u->more; bit++) {
            bool run = (flags >> bit & 1) != 0;
            if (n - i < (run ? 2u : 1u)) {
                return false;
            }
            u->in = i;
            if (!run) {
                put(u, data[i++]);
            } else if (!copy(u, (unsigned)data[i] << 8 | data[i + 1])) {
                return true;
            } else {
                i += 2;
            }
        }
    }
    return !u->more;
}

static bool unfold_into(rst_scanner *s, rst_layer *l, unfolding *u, const uint8_t *data,
                        size_t n) {
    *u = (unfolding){.s = s, .l = l, .more = true};
    u->child = rst_layer_open(s, RST_HINT_FILE, "body.rtf", &l->place, false);
    bool whole = unfold(u, data, n);
    flush(u);
    if (u->child != NULL) {
        rst_layer_close(s, u->child);
    }
    if (!whole && !s->halted) {
        rst_found(s, RST_MALFORMED, "compressed rich text is cut off", l, &l->place, NULL);
    }
    return u->more && !s->halted;
}

bool rst_lzfu(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    if (n < HEADER) {
        return true;
    }
    uint32_t kind = rst_le32(data + 8);
    size_t packed = rst_le32(data); // counts from behind itself
    size_t end = packed < n - 4 ? packed + 4 : n;
    end = end < HEADER ? HEADER : end;
    if (kind == PLAIN) {
        return n == HEADER || rst_expand_whole(s, l, "body.rtf", data + HEADER, n - HEADER);
    }
    if (kind != COMPRESSED) {
        rst_found(s, RST_UNSCANNABLE, "compressed rich text of another kind", l, &l->place, NULL);
        return true;
    }
    uint64_t mark = s->scratch_n;
    unfolding *u = rst_scratch_take(s, l, sizeof *u);
    bool more =
        u != NULL && rst_count_entry(s, l) && unfold_into(s, l, u, data + HEADER, end - HEADER);
    s->scratch_n = mark;
    return more;
}
