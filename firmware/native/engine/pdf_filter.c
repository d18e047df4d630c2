// The filters of streams (ISO 32000-1, 7.4), one stage each; the octets are pushed through. What
// is broken is read as far as readers read it, and said.
#include <string.h>

#include "ascii.h"
#include "pdf.h"
#include "print.h"
#include "report.h"
#include "scanner.h"

enum { OUT = 512, CLEAR = 256, END_OF_DATA = 257, FIRST_CODE = 258, NO_CODE = UINT16_MAX };

static bool broken(rst_pdf *f) {
    // What is encrypted looks broken, and has its verdict.
    if (!f->encrypted) {
        rst_found(f->s, RST_MALFORMED, "pdf, stream is broken", f->l, &f->l->place, NULL);
    }
    return false;
}

static bool inflate_into(rst_pdf *f, size_t i, const uint8_t *data, size_t n) {
    rst_pdf_stage *g = &f->stages[i];
    rst_inflate *z = &g->u.flate.inflate;
    z->z.next_in = (z_const Bytef *)data;
    z->z.avail_in = (uInt)n;
    do {
        z->z.next_out = z->buf;
        z->z.avail_out = sizeof z->buf;
        int rc = inflate(&z->z, Z_NO_FLUSH);
        size_t got = sizeof z->buf - z->z.avail_out;
        rst_spend(f->s, got);
        if (got > 0 && !rst_pdf_push(f, i + 1, z->buf, got)) {
            return false;
        }
        if (rc == Z_STREAM_END) {
            g->over = true;
            return false;
        }
        if (rc != Z_OK && rc != Z_BUF_ERROR) {
            g->over = true;
            return broken(f);
        }
    } while (z->z.avail_in > 0 || z->z.avail_out == 0);
    return true;
}

// Readers do without the check value of zlib's format, and some without its header.
static bool flate(rst_pdf *f, size_t i, const uint8_t *data, size_t n) {
    rst_pdf_stage *g = &f->stages[i];
    if (g->started) {
        return inflate_into(f, i, data, n);
    }
    while (g->u.flate.head_n < 2 && n > 0) {
        g->u.flate.head[g->u.flate.head_n++] = *data++;
        n--;
    }
    if (g->u.flate.head_n < 2) {
        return true;
    }
    g->started = true;
    if (!rst_inflate_begin(&g->u.flate.inflate)) {
        rst_found(f->s, RST_UNSCANNABLE, "no memory for deflate", f->l, &f->l->place, NULL);
        return false;
    }
    bool header = (g->u.flate.head[0] & 0x0f) == 8;
    return (header || inflate_into(f, i, g->u.flate.head, 2)) &&
           (n == 0 || inflate_into(f, i, data, n));
}

static bool lzw_text(rst_pdf *f, size_t i, uint32_t code, bool again) {
    rst_pdf_lzw *w = &f->stages[i].u.lzw;
    size_t at = RST_PDF_LZW;
    if (again) {
        w->stack[--at] = w->first;
    }
    while (code >= FIRST_CODE && at > 1) {
        w->stack[--at] = w->suffix[code];
        code = w->prefix[code];
    }
    w->first = (uint8_t)code;
    w->stack[--at] = w->first;
    return rst_pdf_push(f, i + 1, w->stack + at, RST_PDF_LZW - at);
}

static void lzw_clear(rst_pdf_lzw *w) {
    w->next = FIRST_CODE;
    w->width = 9;
    w->last = NO_CODE;
}

static bool lzw_code(rst_pdf *f, size_t i, uint32_t code) {
    rst_pdf_stage *g = &f->stages[i];
    rst_pdf_lzw *w = &g->u.lzw;
    if (code == CLEAR) {
        lzw_clear(w);
        return true;
    }
    if (code == END_OF_DATA) {
        g->over = true;
        return false;
    }
    if (code > w->next || (code == w->next && w->last == NO_CODE) ||
        (w->last == NO_CODE && code >= CLEAR)) {
        g->over = true;
        return broken(f);
    }
    bool again = code == w->next;
    bool more = lzw_text(f, i, again ? w->last : code, again);
    if (w->last != NO_CODE && w->next < RST_PDF_LZW) {
        w->prefix[w->next] = (uint16_t)w->last;
        w->suffix[w->next] = w->first;
        w->next++;
    }
    w->last = code;
    while (w->width < 12 && w->next + w->early >= 1u << w->width) {
        w->width++;
    }
    return more;
}

static bool lzw(rst_pdf *f, size_t i, const uint8_t *data, size_t n) {
    rst_pdf_lzw *w = &f->stages[i].u.lzw;
    for (size_t k = 0; k < n; k++) {
        w->bits = w->bits << 8 | data[k];
        w->have += 8;
        while (w->have >= w->width) {
            w->have -= w->width;
            uint32_t code = w->bits >> w->have & ((1u << w->width) - 1);
            if (!lzw_code(f, i, code)) {
                return false;
            }
        }
    }
    return true;
}

static bool ascii85_group(rst_pdf *f, size_t i, size_t octets) {
    rst_pdf_stage *g = &f->stages[i];
    uint8_t out[4] = {(uint8_t)(g->bits >> 24), (uint8_t)(g->bits >> 16), (uint8_t)(g->bits >> 8),
                      (uint8_t)g->bits};
    g->bits = 0;
    g->have = 0;
    return rst_pdf_push(f, i + 1, out, octets);
}

static bool ascii85(rst_pdf *f, size_t i, const uint8_t *data, size_t n) {
    rst_pdf_stage *g = &f->stages[i];
    for (size_t k = 0; k < n; k++) {
        uint8_t c = data[k];
        if (c == '~') {
            g->over = true;
            return false;
        }
        bool zeros = c == 'z' && g->have == 0;
        if (zeros || (c >= '!' && c <= 'u')) {
            g->bits = zeros ? 0 : g->bits * 85 + (uint32_t)(c - '!');
            g->have++;
            if ((zeros || g->have == 5) && !ascii85_group(f, i, 4)) {
                return false;
            }
        }
    }
    return true;
}

static bool hex(rst_pdf *f, size_t i, const uint8_t *data, size_t n) {
    rst_pdf_stage *g = &f->stages[i];
    uint8_t out[OUT];
    size_t o = 0;
    for (size_t k = 0; k < n && !g->over; k++) {
        int v = rst_hex(data[k]);
        g->over = data[k] == '>';
        if (v < 0) {
            continue;
        }
        g->bits = g->bits << 4 | (uint32_t)v;
        if (++g->have == 2) {
            out[o++] = (uint8_t)g->bits;
            g->have = 0;
        }
        if (o == sizeof out) {
            if (!rst_pdf_push(f, i + 1, out, o)) {
                return false;
            }
            o = 0;
        }
    }
    return rst_pdf_push(f, i + 1, out, o) && !g->over;
}

// have: octets still to copy; bits: 0, or how often the next octet counts.
static bool runs(rst_pdf *f, size_t i, const uint8_t *data, size_t n) {
    rst_pdf_stage *g = &f->stages[i];
    while (n > 0) {
        uint8_t out[128];
        size_t take = 1;
        if (g->have > 0) {
            take = g->have < n ? g->have : n;
            if (!rst_pdf_push(f, i + 1, data, take)) {
                return false;
            }
            g->have -= (uint32_t)take;
        } else if (g->bits > 0) {
            memset(out, *data, g->bits);
            if (!rst_pdf_push(f, i + 1, out, g->bits)) {
                return false;
            }
            g->bits = 0;
        } else if (*data == 128) {
            g->over = true;
            return false;
        } else if (*data < 128) {
            g->have = *data + 1u;
        } else {
            g->bits = 257u - *data;
        }
        data += take;
        n -= take;
    }
    return true;
}

static uint8_t paeth(int left, int above, int corner) {
    int p = left + above - corner;
    int pa = p > left ? p - left : left - p;
    int pb = p > above ? p - above : above - p;
    int pc = p > corner ? p - corner : corner - p;
    return (uint8_t)(pa <= pb && pa <= pc ? left : pb <= pc ? above : corner);
}

static bool end_row(rst_pdf *f, size_t i) {
    rst_pdf_rows *r = &f->stages[i].u.rows;
    for (size_t k = 0; k < r->at; k++) {
        uint8_t left = k >= r->pixel ? r->now[k - r->pixel] : 0;
        uint8_t corner = k >= r->pixel ? r->above[k - r->pixel] : 0;
        uint8_t above = r->above[k];
        uint8_t add = !r->png || r->tag == 1 ? left
                      : r->tag == 2          ? above
                      : r->tag == 3          ? (uint8_t)((left + above) / 2)
                      : r->tag == 4          ? paeth(left, above, corner)
                                             : 0;
        r->now[k] = (uint8_t)(r->now[k] + add);
    }
    memcpy(r->above, r->now, r->at);
    size_t n = r->at;
    r->at = 0;
    r->tagged = !r->png;
    rst_spend(f->s, n);
    return rst_pdf_push(f, i + 1, r->above, n);
}

static bool rows(rst_pdf *f, size_t i, const uint8_t *data, size_t n) {
    rst_pdf_rows *r = &f->stages[i].u.rows;
    while (n > 0) {
        size_t take = 1;
        if (!r->tagged) {
            r->tag = *data;
            r->tagged = true;
        } else {
            take = r->row - r->at < n ? r->row - r->at : n;
            memcpy(r->now + r->at, data, take);
            r->at += take;
            if (r->at == r->row && !end_row(f, i)) {
                return false;
            }
        }
        data += take;
        n -= take;
    }
    return true;
}

bool rst_pdf_push(rst_pdf *f, size_t i, const uint8_t *data, size_t n) {
    static bool (*const stage[])(rst_pdf *, size_t, const uint8_t *, size_t) = {
        [RST_PDF_FLATE] = flate, [RST_PDF_LZW_CODES] = lzw, [RST_PDF_ASCII85] = ascii85,
        [RST_PDF_HEX] = hex,     [RST_PDF_RUNS] = runs,     [RST_PDF_PREDICTOR] = rows,
    };
    if (n == 0) {
        return true;
    }
    if (i == f->stages_n) {
        return rst_pdf_sink(f, data, n);
    }
    return !f->stages[i].over && stage[f->stages[i].filter](f, i, data, n);
}

// What a stage still holds when its data ends.
static void flush_stage(rst_pdf *f, size_t i) {
    rst_pdf_stage *g = &f->stages[i];
    if (g->filter == RST_PDF_ASCII85 && g->have > 1) {
        size_t octets = g->have - 1;
        for (; g->have < 5; g->have++) {
            g->bits = g->bits * 85 + 84;
        }
        ascii85_group(f, i, octets);
    } else if (g->filter == RST_PDF_HEX && g->have == 1) {
        uint8_t c = (uint8_t)(g->bits << 4);
        rst_pdf_push(f, i + 1, &c, 1);
    } else if (g->filter == RST_PDF_PREDICTOR && g->u.rows.at > 0) {
        end_row(f, i);
    }
}

void rst_pdf_flush(rst_pdf *f) {
    for (size_t i = 0; i < f->stages_n && !f->stop; i++) {
        flush_stage(f, i);
    }
}

static rst_pdf_stage *add_stage(rst_pdf *f, rst_pdf_filter filter) {
    rst_pdf_stage *g = &f->stages[f->stages_n++];
    g->filter = filter;
    g->over = false;
    g->started = false;
    g->bits = 0;
    g->have = 0;
    g->u.flate.head_n = 0;
    return g;
}

static bool refuse(rst_pdf *f, const char *what, const char *name) {
    char reason[64];
    rst_print p;
    rst_print_init(&p, reason, sizeof reason);
    rst_print_ascii(&p, what);
    rst_print_octets(&p, RST_CHARSET_UTF8, (const uint8_t *)name, strlen(name));
    rst_print_end(&p);
    rst_found(f->s, RST_UNSCANNABLE, reason, f->l, &f->l->place, NULL);
    return false;
}

// Parameters of Flate and LZW (7.4.4.4).
static bool add_predictor(rst_pdf *f, rst_pdf_text parms) {
    uint32_t kind = rst_pdf_number(f, parms, "Predictor", 1);
    if (kind <= 1) {
        return true;
    }
    uint64_t colors = rst_pdf_number(f, parms, "Colors", 1);
    uint64_t bits = rst_pdf_number(f, parms, "BitsPerComponent", 8);
    uint64_t columns = rst_pdf_number(f, parms, "Columns", 1);
    bool sane = colors > 0 && colors <= 64 && bits > 0 && bits <= 16 && columns > 0;
    uint64_t row = sane ? (colors * bits * columns + 7) / 8 : 0;
    if (!sane || row > RST_PDF_ROW || (kind == 2 && bits != 8)) {
        return refuse(f, "pdf predictor", "");
    }
    rst_pdf_rows *r = &add_stage(f, RST_PDF_PREDICTOR)->u.rows;
    r->png = kind >= 10;
    r->row = (size_t)row;
    r->pixel = (size_t)(colors * bits + 7) / 8;
    r->at = 0;
    r->tag = 0;
    r->tagged = !r->png;
    memset(r->above, 0, r->row);
    return true;
}

static bool add_filter(rst_pdf *f, const char *name, rst_pdf_text parms, bool *image) {
    static const struct {
        const char *name, *shorter;
        rst_pdf_filter filter;
    } known[] = {
        {"FlateDecode", "Fl", RST_PDF_FLATE},      {"LZWDecode", "LZW", RST_PDF_LZW_CODES},
        {"ASCII85Decode", "A85", RST_PDF_ASCII85}, {"ASCIIHexDecode", "AHx", RST_PDF_HEX},
        {"RunLengthDecode", "RL", RST_PDF_RUNS},
    };
    static const char *const images[] = {"DCTDecode", "DCT",         "JPXDecode",
                                         "CCF",       "JBIG2Decode", "CCITTFaxDecode"};
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
        *image = *image || strcmp(name, images[i]) == 0;
    }
    if (*image || strcmp(name, "Crypt") == 0) {
        return true; // Crypt is the identity in a file that is not encrypted
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].name) == 0 || strcmp(name, known[i].shorter) == 0) {
            rst_pdf_stage *g = add_stage(f, known[i].filter);
            if (g->filter == RST_PDF_LZW_CODES) {
                lzw_clear(&g->u.lzw);
                g->u.lzw.bits = 0;
                g->u.lzw.have = 0;
                g->u.lzw.early = rst_pdf_number(f, parms, "EarlyChange", 1) != 0;
            }
            return g->filter > RST_PDF_LZW_CODES || add_predictor(f, parms);
        }
    }
    return refuse(f, "pdf filter ", name);
}

// Moves to the next of an array's parameters: a dictionary, a reference or null.
static rst_pdf_text next_parms(const rst_pdf *f, rst_pdf_text *array) {
    static const rst_pdf_text none = {NULL, 0, 0};
    rst_pdf_text here = *array;
    rst_pdf_token token;
    size_t depth = 0;
    rst_pdf_next(array, &token);
    if (token.kind == RST_PDF_NUMBER) {
        rst_pdf_next(array, &token);
        rst_pdf_next(array, &token);
        return rst_pdf_resolve(f, &here) ? here : none;
    }
    while (token.kind != RST_PDF_END) {
        depth += token.kind == RST_PDF_DICT || token.kind == RST_PDF_ARRAY;
        depth -= depth > 0 && (token.kind == RST_PDF_DICT_END || token.kind == RST_PDF_ARRAY_END);
        if (depth == 0) {
            break;
        }
        rst_pdf_next(array, &token);
    }
    return here;
}

typedef enum { ABSENT = 0, THERE, ELSEWHERE } presence;

// The value of one of two keys. Nothing hides behind a second one.
static presence value_of(rst_pdf *f, const char *key, const char *shorter, rst_pdf_text *value) {
    rst_pdf_text dict = f->stream->dict;
    unsigned found = rst_pdf_find(f, dict, key, value);
    if (found == 0) {
        found = rst_pdf_find(f, dict, shorter, value);
    }
    if (found > 1) {
        rst_found(f->s, RST_AMBIGUOUS, "pdf, two filters of a stream", f->l, &f->l->place, NULL);
    }
    return found == 0 ? ABSENT : rst_pdf_resolve(f, value) ? THERE : ELSEWHERE;
}

bool rst_pdf_filters(rst_pdf *f) {
    rst_pdf_text filter = {NULL, 0, 0}, parms = {NULL, 0, 0};
    f->stages_n = 0;
    // "F" of a stream may also be a file elsewhere: then its value is no name.
    presence there = value_of(f, "Filter", "F", &filter);
    if (there == ABSENT) {
        return true;
    }
    if (there == ELSEWHERE || value_of(f, "DecodeParms", "DP", &parms) == ELSEWHERE) {
        return refuse(f, "pdf filter by reference", "");
    }
    bool array = false, image = false;
    rst_pdf_token token;
    rst_pdf_text peek = parms;
    rst_pdf_next(&peek, &token);
    bool many = token.kind == RST_PDF_ARRAY;
    if (many) {
        parms = peek;
    }
    rst_pdf_next(&filter, &token);
    if (token.kind == RST_PDF_ARRAY) {
        array = true;
        rst_pdf_next(&filter, &token);
    }
    for (size_t i = 0; token.kind == RST_PDF_IS_NAME && !image; i++) {
        if (i == RST_PDF_FILTERS) {
            return refuse(f, "pdf, more filters than the limit", "");
        }
        rst_pdf_text own = many ? next_parms(f, &parms) : parms;
        if (!add_filter(f, token.name, own, &image)) {
            return false;
        }
        if (!array) {
            break;
        }
        rst_pdf_next(&filter, &token);
    }
    return !image || f->stages_n > 0;
}
