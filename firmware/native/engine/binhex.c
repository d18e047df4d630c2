// BinHex 4.0 (RFC 1741): six bits a character between two colons, runs packed with 0x90, then a
// header, the data fork and the resource fork, each with a check value.
#include <string.h>

#include "image.h"
#include "old_archives.h"
#include "report.h"
#include "scanner.h"

enum { RUN = 0x90, FIXED = 1 + 4 + 4 + 2 + 4 + 4 + 2 }; // of the header behind the name

static const char alphabet[] = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";

// Decodes into `out`, or only counts if it is NULL. False: an octet that is no code, or no end.
static bool decode(const uint8_t *d, size_t n, uint8_t *out, uint64_t *out_n) {
    uint32_t bits = 0;
    int have = 0;
    bool run = false;
    uint8_t last = 0;
    *out_n = 0;
    for (size_t i = 0; i < n; i++) {
        if (d[i] == ':') {
            return true;
        }
        if (d[i] == '\r' || d[i] == '\n' || d[i] == ' ' || d[i] == '\t') {
            continue;
        }
        const char *code = d[i] != 0 ? strchr(alphabet, d[i]) : NULL;
        if (code == NULL) {
            return false;
        }
        bits = (bits << 6 | (uint32_t)(code - alphabet)) & 0xffff;
        have += 6;
        if (have < 8) {
            continue;
        }
        have -= 8;
        uint8_t c = (uint8_t)(bits >> have);
        uint32_t times = 1;
        if (run) {
            run = false;
            times = c == 0 ? 1 : c - 1u; // the octet itself is out already; 0 is a plain 0x90
            last = c == 0 ? RUN : last;
        } else if (c == RUN) {
            run = true;
            continue;
        } else {
            last = c;
        }
        if (out != NULL) {
            memset(out + *out_n, last, times);
        }
        *out_n += times;
    }
    return false;
}

// CRC-16 of XMODEM.
static uint16_t crc16(const uint8_t *d, size_t n) {
    uint32_t crc = 0;
    for (size_t i = 0; i < n; i++) {
        crc ^= (uint32_t)d[i] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
        }
    }
    return (uint16_t)crc;
}

typedef struct {
    rst_scanner *s;
    rst_layer *l;
    const uint8_t *d;
    uint64_t n, at;
    uint64_t coded; // octets of the coded text
} binhex;

static bool malformed(binhex *b, const char *why) {
    rst_found(b->s, RST_MALFORMED, why, b->l, &b->l->place, NULL);
    return false;
}

static bool open_fork(binhex *b, const char *name, uint64_t n) {
    uint64_t left = b->n - b->at;
    bool cut = left < 2 || n > left - 2;
    n = cut ? left : n;
    const uint8_t *data = b->d + b->at;
    rst_spend(b->s, 2 * n);
    if (cut) {
        malformed(b, "BinHex data is cut off");
    } else if (crc16(data, (size_t)n) != rst_image_be16(data + n)) {
        malformed(b, "BinHex check value");
    }
    b->at += n + (cut ? 0 : 2);
    return !cut && rst_expand_ratio(b->s, b->l, NULL, b->coded, n) &&
           (n == 0 || rst_expand_whole(b->s, b->l, name, data, (size_t)n));
}

static void read_forks(binhex *b) {
    size_t name_n = b->n > 0 ? b->d[0] : 0;
    size_t head = 1 + name_n + FIXED;
    if (b->n < head) {
        malformed(b, "BinHex header");
        return;
    }
    if (crc16(b->d, head - 2) != rst_image_be16(b->d + head - 2)) {
        malformed(b, "BinHex check value");
    }
    rst_image_path path;
    size_t path_n = rst_image_join(&path, 0, b->d + 1, name_n, RST_CHARSET_OTHER);
    b->at = head;
    if (open_fork(b, path.text, rst_image_be32(b->d + head - 10))) {
        rst_image_join(&path, path_n, (const uint8_t *)"resources", 9, RST_CHARSET_UTF8);
        open_fork(b, path.text, rst_image_be32(b->d + head - 6));
    }
}

void rst_binhex_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *d = rst_store_whole(s, l, &n);
    if (d == NULL) {
        return;
    }
    binhex b = {.s = s, .l = l};
    const uint8_t *line = memchr(d, '\n', n);
    const uint8_t *cr = memchr(d, '\r', n);
    line = line == NULL || (cr != NULL && cr < line) ? cr : line;
    const uint8_t *from = line != NULL ? memchr(line, ':', (size_t)(d + n - line)) : NULL;
    if (from == NULL) {
        malformed(&b, "BinHex without data");
        return;
    }
    from++;
    b.coded = (uint64_t)(d + n - from);
    rst_spend(s, 4 * b.coded);
    if (!decode(from, (size_t)b.coded, NULL, &b.n)) {
        malformed(&b, "BinHex code");
    }
    uint8_t *out = rst_scratch_take(s, l, b.n > 0 ? b.n : 1);
    if (out == NULL || !rst_budget_left(s)) {
        return;
    }
    rst_spend(s, b.n);
    decode(from, (size_t)b.coded, out, &b.n);
    b.d = out;
    read_forks(&b);
}
