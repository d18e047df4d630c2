// RAR 4 and 5: the headers are walked for names, encryption and methods. Entries that are stored
// are opened; the compressed ones are not: no free decoder is among the ones that we may build.
#include <string.h>

#include "image.h"
#include "judge.h"
#include "old_archives.h"
#include "report.h"
#include "scanner.h"

enum {
    // RAR 4: block types and flags.
    MAIN4 = 0x73,
    FILE4 = 0x74,
    SERVICE4 = 0x7a,
    END4 = 0x7b,
    ENCRYPTED_HEADERS4 = 0x80,
    SPLIT4 = 0x03, // continues from, or in, another volume
    ENCRYPTED4 = 0x04,
    LARGE4 = 0x100,
    FOLDER4 = 0xe0,
    MORE4 = 0x8000, // data follow the header
    STORED4 = 0x30,
    // RAR 5.
    FILE5 = 2,
    SERVICE5 = 3,
    ENCRYPTED_HEADERS5 = 4,
    END5 = 5,
    HAS_EXTRA5 = 1,
    HAS_DATA5 = 2,
    SPLIT5 = 0x18,
    EXTRA_ENCRYPTION5 = 1,
};

typedef struct {
    rst_scanner *s;
    rst_layer *l;
    const uint8_t *d;
    size_t n;
    bool over;
} rar;

typedef struct {
    const uint8_t *name;
    size_t name_n;
    uint64_t at, n; // data as they lie
    uint64_t size;  // unpacked
    bool folder, encrypted, split, stored, has_crc;
    uint32_t crc;
} entry;

static void say(rar *r, rst_verdict verdict, const char *why) {
    rst_found(r->s, verdict, why, r->l, &r->l->place, NULL);
}

static void take(rar *r, const entry *e) {
    rst_image_path path;
    rst_image_join(&path, 0, e->name, e->name_n, RST_CHARSET_UTF8);
    if (e->encrypted) {
        rst_found(r->s, RST_ENCRYPTED, "encrypted rar entry", r->l, &r->l->place, path.text);
    } else if (!e->stored && e->n > 0) {
        say(r, RST_UNSCANNABLE, "rar, compressed");
    }
    if (e->encrypted || !e->stored || e->folder || e->n == 0) {
        if (!e->folder) {
            rst_judge_name(r->s, r->l, path.text);
        }
        if (!rst_count_entry(r->s, r->l)) {
            r->over = true;
        }
        return;
    }
    if (e->split) {
        say(r, RST_UNSCANNABLE, "rar, file split over several archives");
    } else if (e->n != e->size || (e->has_crc && crc32(0, r->d + e->at, (uInt)e->n) != e->crc)) {
        say(r, RST_MALFORMED, "rar entry contradicts its header");
    }
    rst_spend(r->s, e->n / 4);
    r->over = !rst_expand_whole(r->s, r->l, path.text, r->d + e->at, (size_t)e->n);
}

// Bounds the data behind a header. False, and a finding, if they are cut off: what is there is
// still looked at.
static bool bounded(rar *r, uint64_t at, uint64_t *n) {
    if (*n <= r->n - at) {
        return true;
    }
    say(r, RST_MALFORMED, "rar data is cut off");
    *n = r->n - at;
    return false;
}

static void entry4(rar *r, const uint8_t *h, size_t size, uint16_t flags, uint64_t at,
                   uint64_t n) {
    size_t fixed = (flags & LARGE4) != 0 ? 40 : 32;
    entry e = {.at = at, .n = n, .name_n = rst_le16(h + 26)};
    if (size < fixed || e.name_n > size - fixed) {
        say(r, RST_MALFORMED, "rar file header");
        return;
    }
    e.name = h + fixed;
    const uint8_t *end = memchr(e.name, 0, e.name_n); // a compressed Unicode form follows
    e.name_n = end != NULL ? (size_t)(end - e.name) : e.name_n;
    e.size = rst_le32(h + 11) | (fixed == 40 ? (uint64_t)rst_le32(h + 36) << 32 : 0);
    e.has_crc = true;
    e.crc = rst_le32(h + 16);
    e.folder = (flags & FOLDER4) == FOLDER4;
    e.encrypted = (flags & ENCRYPTED4) != 0;
    e.split = (flags & SPLIT4) != 0;
    e.stored = h[25] == STORED4;
    take(r, &e);
}

static void walk4(rar *r, size_t at) {
    while (!r->over && rst_budget_left(r->s)) {
        const uint8_t *h = r->d + at;
        size_t left = r->n - at;
        size_t size = left >= 7 ? rst_le16(h + 5) : 0;
        if (left == 0) {
            return; // older archives have no end block
        }
        rst_spend(r->s, size + 16);
        if (size < 7 || size > left || (uint16_t)crc32(0, h + 2, (uInt)size - 2) != rst_le16(h)) {
            say(r, RST_MALFORMED, "rar header");
            return;
        }
        uint16_t flags = rst_le16(h + 3);
        uint8_t type = h[2];
        bool entries = type == FILE4 || type == SERVICE4;
        uint64_t n = (entries || (flags & MORE4) != 0) && size >= 11 ? rst_le32(h + 7) : 0;
        if (entries && size >= 36 && (flags & LARGE4) != 0) {
            n |= (uint64_t)rst_le32(h + 32) << 32;
        }
        at += size;
        if (type == END4) {
            return;
        }
        if (type == MAIN4 && (flags & ENCRYPTED_HEADERS4) != 0) {
            say(r, RST_ENCRYPTED, "encrypted rar headers");
            return;
        }
        bool whole = bounded(r, at, &n);
        if (type == FILE4) {
            entry4(r, h, size, flags, at, n);
        }
        if (!whole) {
            return;
        }
        at += (size_t)n;
    }
}

// A number of RAR 5: seven bits an octet, least first. False if it does not end in time.
static bool vint(const uint8_t **p, const uint8_t *end, uint64_t *v) {
    *v = 0;
    for (int shift = 0; *p < end && shift < 64; shift += 7) {
        uint8_t c = *(*p)++;
        *v |= (uint64_t)(c & 0x7f) << shift;
        if ((c & 0x80) == 0) {
            return true;
        }
    }
    return false;
}

static bool encryption_record(const uint8_t *p, const uint8_t *end) {
    uint64_t size, type;
    while (vint(&p, end, &size) && size <= (uint64_t)(end - p)) {
        const uint8_t *next = p + size;
        if (vint(&p, next, &type) && type == EXTRA_ENCRYPTION5) {
            return true;
        }
        p = next;
    }
    return false;
}

static bool entry5(const uint8_t *p, const uint8_t *end, entry *e) {
    uint64_t flags, attributes, method, host, name_n;
    if (!vint(&p, end, &flags) || !vint(&p, end, &e->size) || !vint(&p, end, &attributes)) {
        return false;
    }
    size_t fixed = ((flags & 2) != 0 ? 4 : 0) + ((flags & 4) != 0 ? 4 : 0);
    if (fixed > (size_t)(end - p)) {
        return false;
    }
    p += fixed;
    e->has_crc = (flags & 4) != 0;
    e->crc = e->has_crc ? rst_le32(p - 4) : 0;
    if (!vint(&p, end, &method) || !vint(&p, end, &host) || !vint(&p, end, &name_n) ||
        name_n > (uint64_t)(end - p)) {
        return false;
    }
    e->size = (flags & 8) != 0 ? e->n : e->size; // unknown when it was written
    e->folder = (flags & 1) != 0;
    e->stored = (method >> 7 & 7) == 0;
    e->name = p;
    e->name_n = (size_t)name_n;
    return true;
}

// One header of RAR 5 at *at, which is moved on. False at the end.
static bool step5(rar *r, size_t *at) {
    const uint8_t *p = r->d + *at;
    const uint8_t *end = r->d + r->n;
    uint64_t size, type, flags;
    uint64_t extra = 0;
    uint64_t n = 0;
    const uint8_t *from = p + 4;
    p += end - p >= 4 ? 4 : 0;
    if (end - p < 4 || !vint(&p, end, &size) || size > (uint64_t)(end - p) ||
        size > (uint64_t)2 * 1024 * 1024) {
        say(r, RST_MALFORMED, "rar header");
        return false;
    }
    const uint8_t *next = p + size;
    rst_spend(r->s, size + 16);
    if (crc32(0, from, (uInt)(next - from)) != rst_le32(from - 4) || !vint(&p, next, &type) ||
        !vint(&p, next, &flags) || ((flags & HAS_EXTRA5) != 0 && !vint(&p, next, &extra)) ||
        ((flags & HAS_DATA5) != 0 && !vint(&p, next, &n)) || extra > (uint64_t)(next - p)) {
        say(r, RST_MALFORMED, "rar header");
        return false;
    }
    *at = (size_t)(next - r->d);
    if (type == ENCRYPTED_HEADERS5) {
        say(r, RST_ENCRYPTED, "encrypted rar headers");
        return false;
    }
    bool whole = bounded(r, *at, &n);
    if (type == FILE5) {
        entry e = {.at = *at, .n = n, .split = (flags & SPLIT5) != 0};
        e.encrypted = encryption_record(next - extra, next);
        if (entry5(p, next - extra, &e)) {
            take(r, &e);
        } else {
            say(r, RST_MALFORMED, "rar file header");
        }
    }
    *at += (size_t)n;
    return type != END5 && whole;
}

static void walk5(rar *r, size_t at) {
    while (!r->over && rst_budget_left(r->s) && step5(r, &at)) {
    }
}

// The first header is right.
static bool begins(const rar *r) {
    const uint8_t *d = r->d;
    uint64_t size;
    if (r->n < 14) {
        return false;
    }
    if (d[6] == 0) {
        size = rst_le16(d + 12);
        return size >= 13 && size <= r->n - 7 &&
               (uint16_t)crc32(0, d + 9, (uInt)size - 2) == rst_le16(d + 7);
    }
    const uint8_t *p = d + 12;
    return vint(&p, d + r->n, &size) && size <= (uint64_t)(d + r->n - p) &&
           crc32(0, d + 12, (uInt)(p + size - (d + 12))) == rst_le32(d + 8);
}

// A mark that was found inside a program may be a constant of it: what follows is searched on, by
// a name that lets the search begin (magic.c).
static bool by_chance(rar *r) {
    const rst_layer *below = r->l > r->s->layers ? r->l - 1 : NULL;
    bool inside =
        below != NULL && ((below->format == RST_FORMAT_ZIP && below->u.zip.state == RST_ZIP_RAR) ||
                          (below->format == RST_FORMAT_RAR &&
                           below->type == RST_TYPE_UNKNOWN)); // one after another
    if (!inside || begins(r)) {
        return false;
    }
    r->l->type = RST_TYPE_UNKNOWN;
    if (r->n > 7) {
        rst_expand_whole(r->s, r->l, "rest.zip", r->d + 7, r->n - 7);
    }
    return true;
}

void rst_rar_end(rst_scanner *s, rst_layer *l) {
    rar r = {.s = s, .l = l};
    r.d = rst_store_whole(s, l, &r.n);
    if (r.d == NULL || by_chance(&r)) {
        return;
    }
    if (r.n >= 8 && r.d[6] == 1 && r.d[7] == 0) {
        walk5(&r, 8);
    } else if (r.n >= 7 && r.d[6] == 0) {
        walk4(&r, 7);
    } else {
        say(&r, RST_UNSCANNABLE, "rar, unknown version");
    }
}
