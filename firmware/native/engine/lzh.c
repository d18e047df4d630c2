// LZH (LHA): headers of levels 0 to 3. Stored entries (-lh0-, -lz4-) are opened, others named.
#include <string.h>

#include "image.h"
#include "old_archives.h"
#include "report.h"
#include "scanner.h"

enum { LEAST = 21, EXTENSION_NAME = 1 };

typedef struct {
    size_t data; // where the data begin
    uint64_t n;  // their octets
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
    if (left < LEAST + 5 || h[2] != '-' || h[3] != 'l' || h[6] != '-') {
        return false;
    }
    *e = (entry){.n = rst_le32(h + 7)};
    uint8_t level = h[20];
    if (level >= 2) {
        size_t first = level == 2 ? 24 : 28;
        size_t size = level == 2 ? rst_le16(h) : left >= 28 ? rst_le32(h + 24) : 0;
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

static bool stored(const uint8_t *h) {
    return memcmp(h + 2, "-lh0-", 5) == 0 || memcmp(h + 2, "-lz4-", 5) == 0;
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
        rst_image_path path;
        rst_image_join(&path, 0, e.name, e.name_n, RST_CHARSET_OTHER);
        rst_spend(s, e.data - at);
        if (e.n > 0 && stored(d + at)) {
            if (!rst_expand_whole(s, l, path.text, d + e.data, (size_t)e.n)) {
                return;
            }
        } else if (!rst_count_entry(s, l)) {
            return;
        } else if (e.n > 0) {
            rst_found(s, RST_UNSCANNABLE, "lzh, compressed", l, &l->place, NULL);
        }
        if (cut) {
            return;
        }
        at = e.data + (size_t)e.n;
    }
}
