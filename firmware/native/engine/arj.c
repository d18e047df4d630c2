// ARJ. Methods 1 to 3 are LZH's -lh6- with a smaller window, 4 is a coding of its own (lha.c).
#include <string.h>

#include "image.h"
#include "lha.h"
#include "old_archives.h"
#include "report.h"
#include "scanner.h"

enum {
    BASIC = 30, // octets of a basic header up to its optional fields
    MOST_BASIC = 2600,
    GARBLED = 0x01,
    VOLUME = 0x04,   // the file continues in another archive
    EXTENDED = 0x08, // it began in another one
};

typedef struct {
    rst_scanner *s;
    rst_layer *l;
    const uint8_t *d;
    size_t n, at;
} arj;

static bool malformed(arj *a, const char *why) {
    rst_found(a->s, RST_MALFORMED, why, a->l, &a->l->place, NULL);
    return false;
}

// Reads the header at a->at and moves behind it and its extensions. False at the end of the
// archive, or with a finding.
static bool header(arj *a, const uint8_t **basic, size_t *size) {
    const uint8_t *h = a->d + a->at;
    size_t left = a->n - a->at;
    if (left < 4 || h[0] != 0x60 || h[1] != 0xea) {
        return malformed(a, "arj header");
    }
    *size = rst_le16(h + 2);
    *basic = h + 4;
    if (*size == 0) {
        return false;
    }
    rst_spend(a->s, *size);
    if (*size < BASIC || *size > MOST_BASIC || left - 4 < *size + 4 || h[4] < BASIC ||
        h[4] > *size || crc32(0, *basic, (uInt)*size) != rst_le32(*basic + *size)) {
        return malformed(a, "arj header");
    }
    a->at += 4 + *size + 4;
    for (;;) {
        left = a->n - a->at;
        size_t more = left >= 2 ? rst_le16(a->d + a->at) : 0;
        if (left < 2 || (more > 0 && left - 2 < more + 4)) {
            return malformed(a, "arj header");
        }
        a->at += 2 + more + (more > 0 ? 4 : 0);
        if (more == 0) {
            return true;
        }
    }
}

// The octets of an entry that is not encrypted. False: nothing more is read.
static bool contents(arj *a, const uint8_t *h, const char *name, const uint8_t *data, size_t n,
                     bool cut) {
    rst_scanner *s = a->s;
    rst_layer *l = a->l;
    static const char *const methods[] = {"", "lh6", "lh6", "lh6", "aj4"};
    uint8_t method = h[5];
    rst_lha_entry e = {.name = name,
                       .data = data,
                       .n = n,
                       .size = rst_le32(h + 16),
                       .wide = true,
                       .crc = rst_le32(h + 20)};
    if ((h[4] & (VOLUME | EXTENDED)) != 0) {
        rst_found(s, RST_UNSCANNABLE, "arj, file split over several archives", l, &l->place, NULL);
    }
    if (method > 4) {
        rst_found(s, RST_UNSCANNABLE, "arj, unknown method", l, &l->place, NULL);
        return rst_count_entry(s, l);
    }
    bool good = true;
    bool over = false;
    if (method == 0) {
        rst_spend(s, n / 4);
        good = n == e.size && crc32(0, data, (uInt)n) == e.crc;
        over = !rst_expand_whole(s, l, name, data, n);
    } else {
        memcpy(e.method, methods[method], 3);
        good = rst_lha_expand(s, l, &e, &over) != RST_INFLATE_BROKEN;
    }
    if (!good && !cut) {
        malformed(a, "arj entry contradicts its header");
    }
    return !over;
}

static bool entry(arj *a, const uint8_t *h, size_t size) {
    rst_scanner *s = a->s;
    rst_layer *l = a->l;
    rst_image_path path;
    const uint8_t *name = h + h[0];
    rst_image_join(&path, 0, name, strnlen((const char *)name, size - h[0]), RST_CHARSET_UTF8);
    uint64_t n = rst_le32(h + 12);
    bool cut = n > a->n - a->at;
    if (cut) {
        malformed(a, "arj data is cut off");
        n = a->n - a->at;
    }
    const uint8_t *data = a->d + a->at;
    a->at += (size_t)n;
    if ((h[4] & GARBLED) != 0) {
        rst_found(s, RST_ENCRYPTED, "encrypted arj entry", l, &l->place, path.text);
    } else if (n > 0) {
        return contents(a, h, path.text, data, (size_t)n, cut) && !cut;
    } else if (rst_le32(h + 16) != 0 && !cut) {
        malformed(a, "arj entry contradicts its header");
    }
    return rst_count_entry(s, l) && !cut;
}

void rst_arj_end(rst_scanner *s, rst_layer *l) {
    arj a = {.s = s, .l = l};
    a.d = rst_store_whole(s, l, &a.n);
    const uint8_t *h;
    size_t size;
    if (a.d == NULL || !header(&a, &h, &size)) {
        return;
    }
    while (rst_budget_left(s) && header(&a, &h, &size) && entry(&a, h, size)) {
    }
}
