// Base64 decoder. Whole groups go by table, four characters at a time; everything else
// (line ends, junk, padding) goes one character at a time.
#include "base64.h"

enum { NO = 0xff };

// The value of a character of the alphabet of RFC 2045 section 6.8, or NO.
static const uint8_t value[256] = {
#define ROW_NO NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO
    ROW_NO, ROW_NO, NO,     NO,     NO,     NO,     NO,     NO,     NO, NO, NO, NO, NO, 62,
    NO,     NO,     NO,     63,     52,     53,     54,     55,     56, 57, 58, 59, 60, 61,
    NO,     NO,     NO,     NO,     NO,     NO,     NO,     0,      1,  2,  3,  4,  5,  6,
    7,      8,      9,      10,     11,     12,     13,     14,     15, 16, 17, 18, 19, 20,
    21,     22,     23,     24,     25,     NO,     NO,     NO,     NO, NO, NO, 26, 27, 28,
    29,     30,     31,     32,     33,     34,     35,     36,     37, 38, 39, 40, 41, 42,
    43,     44,     45,     46,     47,     48,     49,     50,     51, NO, NO, NO, NO, NO,
    ROW_NO, ROW_NO, ROW_NO, ROW_NO, ROW_NO, ROW_NO, ROW_NO, ROW_NO,
#undef ROW_NO
};

size_t rst_base64_end(rst_base64 *b, uint8_t *out) {
    size_t n = 0;
    if (b->have >= 2) {
        out[n++] = (uint8_t)(b->bits >> (b->have == 2 ? 4 : 10));
    }
    if (b->have == 3) {
        out[n++] = (uint8_t)(b->bits >> 2);
    }
    b->bits = 0;
    b->have = 0;
    return n;
}

// '=' in a group, and what follows it: some readers stop there, some go on with a new group, some
// overlook it.
static void note_pad(rst_base64 *b) {
    if (b->have > 0) {
        b->padded = true;
        b->new_line = false;
        b->pads = b->have == 1 ? UINT8_MAX : (uint8_t)(3 - b->have);
    } else if (b->pads > 0 && b->pads != UINT8_MAX) {
        b->pads--;
    }
}

static void note_run(rst_base64 *b) {
    if (b->pads > 0 || !b->new_line) {
        b->odd_lines = true;
    } else {
        b->odd_runs = true;
    }
    b->padded = false;
    b->pads = 0;
}

// Decodes groups of four characters of the alphabet until something else comes. Returns how many.
static size_t whole_groups(const uint8_t *in, size_t in_groups, uint8_t *out, size_t out_groups) {
    const uint8_t *from = in;
    const uint8_t *end = in + 4 * (in_groups < out_groups ? in_groups : out_groups);
    for (; in < end; in += 4, out += 3) {
        uint32_t v0 = value[in[0]], v1 = value[in[1]], v2 = value[in[2]], v3 = value[in[3]];
        if (((v0 | v1 | v2 | v3) & 0x80) != 0) {
            break;
        }
        out[0] = (uint8_t)(v0 << 2 | v1 >> 4);
        out[1] = (uint8_t)(v1 << 4 | v2 >> 2);
        out[2] = (uint8_t)(v2 << 6 | v3);
    }
    return (size_t)(in - from) / 4;
}

size_t rst_base64_take(rst_base64 *b, const uint8_t *in, size_t n, uint8_t *out, size_t cap,
                       size_t *out_n) {
    size_t i = 0;
    size_t o = 0;
    while (i < n && cap - o >= 3) {
        if (b->have == 0 && !b->padded) {
            size_t groups = whole_groups(in + i, (n - i) / 4, out + o, (cap - o) / 3);
            i += 4 * groups;
            o += 3 * groups;
        }
        if (i == n || cap - o < 3) {
            break;
        }
        uint8_t c = in[i++];
        if (value[c] != NO) {
            if (b->padded) {
                note_run(b);
            }
            b->bits = b->bits << 6 | value[c];
            if (++b->have == 4) {
                out[o] = (uint8_t)(b->bits >> 16);
                out[o + 1] = (uint8_t)(b->bits >> 8);
                out[o + 2] = (uint8_t)b->bits;
                o += 3;
                b->bits = 0;
                b->have = 0;
            }
        } else if (c == '=') {
            note_pad(b);
            o += rst_base64_end(b, out + o);
        } else if (c == '\n') {
            b->new_line = true;
        }
    }
    *out_n = o;
    return i;
}
