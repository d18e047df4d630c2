// See text_charset.h.
#include "text_charset.h"

#include <string.h>

enum { LEAST = 8 }; // octets of a text from which its charset can be guessed

static bool is_ascii(const uint8_t *head, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (head[i] >= 0x7f ||
            (head[i] < ' ' && head[i] != '\r' && head[i] != '\n' && head[i] != '\t')) {
            return false;
        }
    }
    return true;
}

static rst_text_charset by_mark(const uint8_t *h, size_t n) {
    if (n >= 4 && memcmp(h, "\xff\xfe\0\0", 4) == 0) {
        return RST_TEXT_UTF32LE;
    }
    if (n >= 4 && memcmp(h, "\0\0\xfe\xff", 4) == 0) {
        return RST_TEXT_UTF32BE;
    }
    if (n >= 2 && h[0] == 0xff && h[1] == 0xfe) {
        return RST_TEXT_UTF16LE;
    }
    return n >= 2 && h[0] == 0xfe && h[1] == 0xff ? RST_TEXT_UTF16BE : RST_TEXT_OCTETS;
}

// By the zeros in letters: their place in a unit of four octets. UTF-16 is told by Latin ones.
static rst_text_charset by_zeros(const uint8_t *h, size_t n) {
    size_t zeros[4] = {0};
    n -= n % 4;
    for (size_t i = 0; i < n; i++) {
        zeros[i % 4] += h[i] == 0 ? 1 : 0;
    }
    size_t all = n / 4;
    if (n < LEAST) {
        return RST_TEXT_OCTETS;
    }
    if (zeros[2] == all && zeros[3] == all) {
        return RST_TEXT_UTF32LE;
    }
    if (zeros[0] == all && zeros[1] == all) {
        return RST_TEXT_UTF32BE;
    }
    size_t even = zeros[0] + zeros[2], odd = zeros[1] + zeros[3];
    if (even == 0 && odd > all) {
        return RST_TEXT_UTF16LE;
    }
    return odd == 0 && even > all ? RST_TEXT_UTF16BE : RST_TEXT_OCTETS;
}

rst_text_charset rst_recode_tell(const uint8_t *head, size_t n, rst_text_charset said, bool *odd) {
    *odd = false;
    if (said == RST_TEXT_UTF7) {
        return said;
    }
    rst_text_charset told = by_mark(head, n);
    if (told == RST_TEXT_OCTETS) {
        told = by_zeros(head, n);
    }
    if (told != RST_TEXT_OCTETS || said == RST_TEXT_OCTETS || n < 2) {
        return told;
    }
    if (is_ascii(head, n)) { // two letters of Latin text are one of Chinese
        *odd = n >= LEAST;
        return RST_TEXT_OCTETS;
    }
    return said == RST_TEXT_UTF16 ? RST_TEXT_UTF16LE : said;
}

// Surrogates pass as they are: nothing that is looked for has any.
static size_t put(uint32_t code, uint8_t *out) {
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xc0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xe0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | (code >> 18 & 7));
    out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (code & 0x3f));
    return 4;
}

static int value64(uint8_t c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// RFC 2152.
static size_t seven(rst_recode *r, uint8_t c, uint8_t *out) {
    if (!r->shifted) {
        if (c != '+') {
            out[0] = c;
            return 1;
        }
        r->shifted = true;
        r->fresh = true;
        r->have = 0;
        r->unit = 0;
        return 0;
    }
    int v = value64(c);
    if (v < 0) {
        r->shifted = false;
        if (c == '-') {
            out[0] = '+';
            return r->fresh ? 1 : 0;
        }
        out[0] = c;
        return 1;
    }
    r->fresh = false;
    r->unit = r->unit << 6 | (uint32_t)v;
    r->have += 6;
    if (r->have < 16) {
        return 0;
    }
    r->have -= 16;
    uint32_t code = r->unit >> r->have & 0xffff;
    r->unit &= (1u << r->have) - 1;
    return put(code, out);
}

size_t rst_recode_octet(rst_recode *r, uint8_t c, uint8_t *out) {
    if (r->charset == RST_TEXT_UTF7) {
        return seven(r, c, out);
    }
    bool wide = r->charset == RST_TEXT_UTF32LE || r->charset == RST_TEXT_UTF32BE;
    bool little = r->charset == RST_TEXT_UTF16LE || r->charset == RST_TEXT_UTF32LE;
    r->unit = little ? r->unit | (uint32_t)c << (8 * r->have) : r->unit << 8 | c;
    r->have++;
    if (r->have < (wide ? 4 : 2)) {
        return 0;
    }
    uint32_t code = r->unit;
    r->have = 0;
    r->unit = 0;
    return code == 0xfeff ? 0 : put(code, out);
}
