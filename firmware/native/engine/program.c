// Looks for archives in programs. 7z and cab are searched by their marks, whose chance hits fail
// at the fields behind them; zip and rar by zip.c, octet by octet.
#include "program.h"

#include <string.h>

#include <zlib.h>

#include "report.h"
#include "scanner.h"

enum {
    SEVENZIP_HEAD = 32,
    CAB_HEAD = 36,
    SECTION = 40,
};

typedef struct {
    const char *name;
    uint8_t mark_n;
    uint8_t mark[8];
    // Octets of the archive that begins at p, of which n are there; 0 if it is none.
    size_t (*length)(const uint8_t *p, size_t n);
} kind;

// A length that is promised, of what there is: the archive's own reader says that it is cut off.
static size_t at_most(uint64_t length, size_t n) {
    return length < n ? (size_t)length : n;
}

static size_t sevenzip_length(const uint8_t *p, size_t n) {
    if (n < SEVENZIP_HEAD || (uint32_t)crc32(0, p + 12, 20) != rst_le32(p + 8)) {
        return 0;
    }
    uint64_t at = rst_le64(p + 12);
    uint64_t size = rst_le64(p + 20);
    bool wraps = at > UINT64_MAX / 2 || size > UINT64_MAX / 4;
    return wraps ? n : at_most(SEVENZIP_HEAD + at + size, n);
}

static size_t cab_length(const uint8_t *p, size_t n) {
    bool good = n >= CAB_HEAD && rst_le32(p + 12) == 0 && rst_le32(p + 20) == 0 && p[24] == 3 &&
                p[25] == 1 && rst_le16(p + 26) > 0 && rst_le16(p + 28) > 0;
    uint64_t length = good ? rst_le32(p + 8) : 0;
    return length >= CAB_HEAD && rst_le32(p + 16) < length ? at_most(length, n) : 0;
}

static const kind kinds[] = {
    {"7z", 6, {'7', 'z', 0xbc, 0xaf, 0x27, 0x1c}, sevenzip_length},
    {"cab", 8, {'M', 'S', 'C', 'F', 0, 0, 0, 0}, cab_length},
};

// The next mark in data[at..n), or n.
static size_t find(const uint8_t *data, size_t at, size_t n, const kind *k) {
    while (n - at >= k->mark_n) {
        const uint8_t *p = memchr(data + at, k->mark[0], n - at - k->mark_n + 1);
        if (p == NULL) {
            return n;
        }
        at = (size_t)(p - data);
        if (memcmp(p, k->mark, k->mark_n) == 0) {
            return at;
        }
        at++;
    }
    return n;
}

// False: nothing more is read.
static bool open_all(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, const kind *k) {
    for (size_t at = find(data, 1, n, k); at < n;) {
        size_t length = k->length(data + at, n - at);
        if (length > 0 && !rst_expand_whole(s, l, k->name, data + at, length)) {
            return false;
        }
        at = find(data, at + (length > 0 ? length : 1), n, k);
    }
    return true;
}

// Behind the last section of a PE; 0 if it is none.
static size_t pe_end(const uint8_t *data, size_t n) {
    size_t pe = n >= 64 ? rst_le32(data + 60) : n;
    if (n < 64 || pe > n || n - pe < 24 || memcmp(data + pe, "PE\0", 4) != 0) {
        return 0;
    }
    size_t at = pe + 24 + rst_le16(data + pe + 20);
    uint64_t end = 0;
    for (size_t i = rst_le16(data + pe + 6); i > 0 && at <= n && n - at >= SECTION; i--) {
        uint64_t behind = (uint64_t)rst_le32(data + at + 16) + rst_le32(data + at + 20);
        end = behind > end ? behind : end;
        at += SECTION;
    }
    return end <= n ? (size_t)end : 0;
}

// zip.c takes its octets as they come, and goes by the format of the layer.
static void search_zip(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    l->format = RST_FORMAT_ZIP;
    rst_zip_begin(s, l);
    for (size_t at = 0; at < n && rst_budget_left(s); at += RST_BLOCK) {
        rst_zip_write(s, l, data + at, n - at < RST_BLOCK ? n - at : RST_BLOCK, RST_NO_WIRE);
    }
    rst_zip_end(s, l);
}

void rst_program_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *data = rst_store_whole(s, l, &n);
    if (data == NULL) {
        return;
    }
    size_t end = pe_end(data, n);
    if (end > 0) {
        rst_installshield(s, l, data, n, end);
    }
    bool more = !s->halted;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && more; i++) {
        more = open_all(s, l, data, n, &kinds[i]);
    }
    if (more) {
        search_zip(s, l, data, n);
    }
}
