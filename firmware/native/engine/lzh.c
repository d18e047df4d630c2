// LZH (LHA, LArc, PMarc): headers of levels 0 to 3; what is compressed is read by lha.c.
#include <string.h>

#include "image.h"
#include "lha.h"
#include "old_archives.h"
#include "report.h"
#include "scanner.h"

enum { LEAST = 21, EXTENSION_NAME = 1, OS9_68K = 'K', LHARK = ' ' };

typedef struct {
    size_t data;   // where the data begin
    uint64_t n;    // their octets
    uint64_t size; // when unpacked
    uint16_t crc;
    const uint8_t *name;
    size_t name_n;
} entry;

// Extended headers: each ends with the size of the next, in `width` octets. False: cut off.
static bool extensions(const uint8_t *d, size_t n, size_t at, size_t width, entry *e) {
    for (;;) {
        if (n - at < width) {
            return false;
        }
        size_t size = width == 2 ? rst_le16(d + at) : rst_le32(d + at);
        at += width;
        if (size == 0) {
            e->data = at;
            return true;
        }
        if (size < width + 1 || size > n - at) {
            return false;
        }
        if (d[at] == EXTENSION_NAME) {
            e->name = d + at + 1;
            e->name_n = size - 1 - width;
        }
        at += size - width;
    }
}

// The entry whose header is at `at`. False: there is none that can be read.
static bool header(const uint8_t *d, size_t n, size_t at, entry *e) {
    const uint8_t *h = d + at;
    size_t left = n - at;
    if (left < LEAST + 5 || h[2] != '-' || (h[3] != 'l' && h[3] != 'p') || h[6] != '-') {
        return false;
    }
    *e = (entry){.n = rst_le32(h + 7), .size = rst_le32(h + 11), .crc = rst_le16(h + 21)};
    uint8_t level = h[20];
    if (level >= 2) {
        size_t first = level == 2 ? 24 : 28;
        size_t size = level == 2 ? rst_le16(h) : left >= 28 ? rst_le32(h + 24) : 0;
        if (level == 2 && h[23] == OS9_68K) {
            size += 2; // this system's LHA does not count the field itself
        }
        if (level > 3 || size < first || size > left ||
            !extensions(d, at + size, at + first, level == 2 ? 2 : 4, e)) {
            return false;
        }
        e->data = at + size; // level 2 may have an octet of padding
        return true;
    }
    size_t size = (size_t)h[0] + 2;
    e->name_n = h[21];
    e->name = h + 22;
    if (size > left || 22 + e->name_n + 2 > size) {
        return false;
    }
    e->crc = rst_le16(e->name + e->name_n);
    e->data = at + size;
    if (level == 1) {
        if (size < 22 + e->name_n + 5 || !extensions(d, n, at + size - 2, 2, e)) {
            return false;
        }
        uint64_t extra = e->data - (at + size);
        if (extra > e->n) {
            return false;
        }
        e->n -= extra; // the size includes them
    }
    return true;
}

static bool stored(const char *method) {
    return memcmp(method, "lh0", 3) == 0 || memcmp(method, "lz4", 3) == 0 ||
           memcmp(method, "pm0", 3) == 0;
}

// The data of entry `e`, of which `n` octets are there. False: nothing more is read.
static bool contents(rst_scanner *s, rst_layer *l, const uint8_t *h, const entry *e,
                     const uint8_t *data) {
    rst_image_path path;
    rst_image_join(&path, 0, e->name, e->name_n, RST_CHARSET_OTHER);
    rst_lha_entry o = {
        .name = path.text, .data = data, .n = (size_t)e->n, .size = e->size, .crc = e->crc};
    memcpy(o.method, h + 3, 3);
    if (memcmp(o.method, "lh7", 3) == 0 && h[20] == 1 && h[24 + h[21]] == LHARK) {
        o.method[1] = 'k'; // LHARK's: another coding under the same name
    }
    bool good = true;
    bool over = false;
    if (e->n == 0 && e->size == 0) {
        over = !rst_count_entry(s, l);
    } else if (stored(o.method)) {
        good = e->n == e->size && rst_lha_crc16(0, data, o.n) == o.crc;
        rst_spend(s, o.n);
        over = !rst_expand_whole(s, l, path.text, data, o.n);
    } else if (rst_lha_known(o.method)) {
        good = rst_lha_expand(s, l, &o, &over) != RST_INFLATE_BROKEN;
    } else {
        over = !rst_count_entry(s, l);
        rst_found(s, RST_UNSCANNABLE, "lzh, unknown method", l, &l->place, NULL);
    }
    if (!good) {
        rst_found(s, RST_MALFORMED, "lzh data is broken", l, &l->place, NULL);
    }
    return !over;
}

void rst_lzh_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *d = rst_store_whole(s, l, &n);
    size_t at = 0;
    // The end is an octet of zero; some programs leave it out.
    while (d != NULL && at < n && d[at] != 0 && rst_budget_left(s)) {
        entry e;
        if (!header(d, n, at, &e)) {
            rst_found(s, RST_MALFORMED, "lzh header", l, &l->place, NULL);
            return;
        }
        bool cut = e.n > n - e.data;
        if (cut) {
            rst_found(s, RST_MALFORMED, "lzh data is cut off", l, &l->place, NULL);
            e.n = n - e.data;
        }
        rst_spend(s, e.data - at);
        if (!contents(s, l, d + at, &e, d + e.data) || cut) {
            return;
        }
        at = e.data + (size_t)e.n;
    }
}
