// cpio: the forms "newc" (hexadecimal, with and without checksum), "odc" (octal) and the old
// binary one of either octet order. Archives may follow one another, with zeros between; what
// else stands behind the end (as in a Linux initrd) is opened as an object of its own.
#include <string.h>

#include "ascii.h"
#include "image.h"
#include "old_archives.h"
#include "report.h"
#include "scanner.h"

typedef struct {
    size_t head;  // octets of the header
    size_t align; // name and data end at multiples of it
    uint64_t name_n;
    uint64_t size;
} member;

static uint64_t digits(const uint8_t *p, size_t n, unsigned base, bool *good) {
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        int digit = rst_hex(p[i]);
        *good = *good && digit >= 0 && digit < (int)base;
        v = v * base + (uint64_t)(digit < 0 ? 0 : digit);
    }
    return v;
}

// Reads the header at p, of which n octets are there. False: there is none.
static bool header(const uint8_t *p, size_t n, member *m) {
    bool good = true;
    if (n >= 110 && (memcmp(p, "070701", 6) == 0 || memcmp(p, "070702", 6) == 0)) {
        *m = (member){110, 4, digits(p + 94, 8, 16, &good), digits(p + 54, 8, 16, &good)};
        return good;
    }
    if (n >= 76 && memcmp(p, "070707", 6) == 0) {
        *m = (member){76, 1, digits(p + 59, 6, 8, &good), digits(p + 65, 11, 8, &good)};
        return good;
    }
    if (n >= 26 && p[0] == 0xc7 && p[1] == 0x71) {
        *m =
            (member){26, 2, rst_le16(p + 20), (uint64_t)rst_le16(p + 22) << 16 | rst_le16(p + 24)};
        return true;
    }
    if (n >= 26 && p[0] == 0x71 && p[1] == 0xc7) {
        *m = (member){26, 2, rst_image_be16(p + 20), rst_image_be32(p + 22)};
        return true;
    }
    return false;
}

bool rst_cpio_head(const uint8_t *head, size_t n) {
    member m;
    if (!header(head, n, &m) || m.name_n == 0 || m.name_n > 4096) {
        return false;
    }
    // The binary mark is two octets only: the first name must end where it should.
    return n < m.head + m.name_n || head[m.head + m.name_n - 1] == 0;
}

static size_t aligned(size_t at, size_t align) {
    return (at + align - 1) / align * align;
}

// Skips zeros between archives. True if another one begins there.
static bool another(rst_scanner *s, const uint8_t *d, size_t n, size_t *at) {
    size_t from = *at;
    while (*at < n && d[*at] == 0) {
        (*at)++;
    }
    rst_spend(s, *at - from);
    return *at < n && rst_cpio_head(d + *at, n - *at);
}

void rst_cpio_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *d = rst_store_whole(s, l, &n);
    size_t at = 0;
    while (d != NULL && rst_budget_left(s)) {
        member m;
        if (!header(d + at, n - at, &m) || m.name_n > n - at - m.head) {
            rst_found(s, RST_MALFORMED, "cpio header", l, &l->place, NULL);
            return;
        }
        const uint8_t *name = d + at + m.head;
        size_t base = at;
        at = base + aligned(m.head + (size_t)m.name_n, m.align);
        at = at < n ? at : n;
        rst_spend(s, m.head + m.name_n);
        if (m.name_n >= 10 && memcmp(name, "TRAILER!!!", 10) == 0) {
            if (another(s, d, n, &at)) {
                continue;
            }
            if (at < n) {
                rst_expand_whole(s, l, "behind the end", d + at, n - at);
            }
            return;
        }
        bool cut = m.size > n - at;
        size_t size = cut ? n - at : (size_t)m.size;
        if (cut) {
            rst_found(s, RST_MALFORMED, "cpio data is cut off", l, &l->place, NULL);
        }
        rst_image_path path;
        rst_image_join(&path, 0, name, strnlen((const char *)name, (size_t)m.name_n),
                       RST_CHARSET_UTF8);
        if ((size > 0 && !rst_expand_whole(s, l, path.text, d + at, size)) || cut) {
            return;
        }
        at += aligned(size, m.align);
        at = at < n ? at : n;
    }
}
