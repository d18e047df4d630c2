// See vba.h.
#include "vba.h"

#include <string.h>

#include "ascii.h"
#include "report.h"
#include "scanner.h"

enum {
    CHUNK = 4096, // octets that a chunk unfolds to, at most
    NARROW_NAME = 0x1a,
    STREAM_NAME = 0x32,
    TEXT_OFFSET = 0x31,
    VERSION = 0x09,
};

// The chunk at data[0..n): its octets in all, or 0 if there is none (2.4.1.1.5).
static size_t chunk_octets(const uint8_t *data, size_t n) {
    if (n < 3 || (data[1] & 0x70) != 0x30) {
        return 0;
    }
    size_t size = (rst_le16(data) & 0xfffu) + 3u;
    return size < n ? size : n;
}

// Copies what was there before (2.4.1.3.19.1). The further in, the more bits say where.
static size_t copy_back(uint8_t *out, size_t at, uint16_t token) {
    unsigned bits = 4;
    while (bits < 12 && ((size_t)1 << bits) < at) {
        bits++;
    }
    size_t n = (token & (0xffffu >> bits)) + 3u;
    size_t back = (size_t)(token >> (16 - bits)) + 1;
    if (back > at) {
        return 0;
    }
    n = n < CHUNK - at ? n : CHUNK - at;
    for (size_t i = 0; i < n; i++) {
        out[at + i] = out[at + i - back];
    }
    return n;
}

// Unfolds a chunk into out[CHUNK]. Returns the octets; what is broken ends it.
static size_t unfold(const uint8_t *data, size_t n, uint8_t *out) {
    if ((data[1] & 0x80) == 0) {
        size_t plain = n - 2 < CHUNK ? n - 2 : CHUNK;
        memcpy(out, data + 2, plain);
        return plain;
    }
    size_t at = 0;
    size_t i = 2;
    while (i < n && at < CHUNK) {
        unsigned flags = data[i++];
        for (unsigned bit = 0; bit < 8 && i < n && at < CHUNK; bit++) {
            if ((flags >> bit & 1) == 0) {
                out[at++] = data[i++];
                continue;
            }
            size_t got = n - i >= 2 ? copy_back(out, at, rst_le16(data + i)) : 0;
            if (got == 0) {
                return at;
            }
            at += got;
            i += 2;
        }
    }
    return at;
}

// The whole container in the scratch, or NULL.
static const uint8_t *unfold_whole(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n,
                                   size_t *out_n) {
    *out_n = 0;
    size_t chunks = 0;
    size_t size = 0;
    for (size_t at = 1; (size = chunk_octets(data + at, n - at)) > 0; at += size) {
        chunks++;
    }
    uint8_t *out = rst_scratch_take(s, l, (uint64_t)(chunks + 1) * CHUNK);
    if (out == NULL) {
        return NULL;
    }
    for (size_t at = 1; (size = chunk_octets(data + at, n - at)) > 0; at += size) {
        *out_n += unfold(data + at, size, out + *out_n);
    }
    rst_spend(s, n + *out_n);
    return out;
}

static bool is_container(const uint8_t *data, size_t n, size_t at) {
    return at < n && data[at] == 1 && chunk_octets(data + at + 1, n - at - 1) > 0;
}

// Hands the source on, chunk by chunk.
static bool emit(rst_scanner *s, rst_layer *l, const char *name, const uint8_t *data, size_t n) {
    if (!rst_count_entry(s, l)) {
        return false;
    }
    uint8_t out[CHUNK];
    rst_autorun names = {0};
    rst_layer *child = rst_layer_open(s, RST_HINT_FILE, name, &l->place, false);
    bool more = !s->halted;
    size_t size = 0;
    for (size_t at = 1; more && (size = chunk_octets(data + at, n - at)) > 0; at += size) {
        size_t got = unfold(data + at, size, out);
        rst_spend(s, size);
        rst_autorun_look(&names, out, got);
        more = rst_expand(s, l, child, out, got);
    }
    rst_autorun_end(&names);
    if (child != NULL) {
        rst_layer_close(s, child);
    }
    if (names.found) {
        rst_office_raise(s, l, RST_TYPE_OFFICE_AUTORUN);
    }
    return more;
}

// The list names streams in UTF-16 and in the project's code page (2.3.4.2.3.2.3), of which only
// ASCII is compared. Case does not count where streams are looked up.
static bool same_name(const rst_cfb *c, uint32_t entry, const uint8_t *name, size_t n,
                      size_t step) {
    size_t units = rst_cfb_name_n(c, entry);
    const uint8_t *own = rst_cfb_entry(c, entry);
    bool same = n == step * units;
    for (size_t i = 0; same && i < units; i++) {
        unsigned a = rst_le16(own + 2 * i);
        unsigned b = step == 2 ? rst_le16(name + 2 * i) : name[i];
        same = a == b || (a < 0x80 && b < 0x80 && rst_lower((uint8_t)a) == rst_lower((uint8_t)b));
    }
    return same;
}

// Where the source begins in the stream of a module; SIZE_MAX if the list does not say.
static size_t offset_of(const rst_cfb *c, uint32_t entry, const uint8_t *list, size_t n) {
    bool here = false;
    for (size_t at = 0; n - at >= 6;) {
        unsigned id = rst_le16(list + at);
        size_t size = id == VERSION ? 6 : rst_le32(list + at + 2);
        at += 6;
        if (size > n - at) {
            break;
        }
        if (id == NARROW_NAME) {
            here = same_name(c, entry, list + at, size, 1);
        } else if (id == STREAM_NAME) {
            here = here || same_name(c, entry, list + at, size, 2);
        } else if (id == TEXT_OFFSET && here && size >= 4) {
            return rst_le32(list + at);
        }
        at += size;
    }
    return SIZE_MAX;
}

// Source begins with "Attribute", which folds to plain letters after a flag octet.
static size_t search(const uint8_t *data, size_t n) {
    static const char mark[] = "\0Attribut";
    for (size_t at = 3; n - at >= sizeof mark - 1 && at < n; at++) {
        const uint8_t *zero = memchr(data + at, 0, n - at);
        if (zero == NULL) {
            break;
        }
        at = (size_t)(zero - data);
        if (n - at >= sizeof mark - 1 && memcmp(zero, mark, sizeof mark - 1) == 0 &&
            is_container(data, n, at - 3)) {
            return at - 3;
        }
    }
    return SIZE_MAX;
}

// One stream of the project. The list of modules may lie: what looks like source is read as well.
static bool module(rst_scanner *s, rst_layer *l, rst_cfb *c, uint32_t entry, const uint8_t *list,
                   size_t list_n) {
    size_t n;
    const uint8_t *data = rst_cfb_stream(c, entry, &n);
    if (data == NULL) {
        return !s->halted;
    }
    // Names stay in the compiled code where the source was taken out.
    rst_autorun names = {0};
    rst_autorun_look(&names, data, n);
    rst_autorun_end(&names);
    rst_spend(s, n + list_n);
    if (names.found) {
        rst_office_raise(s, l, RST_TYPE_OFFICE_AUTORUN);
    }
    char name[RST_MAX_NAME];
    rst_cfb_path(c, entry, name, sizeof name - 4);
    memcpy(name + strlen(name), ".bas", sizeof ".bas");
    size_t told = list != NULL ? offset_of(c, entry, list, list_n) : SIZE_MAX;
    bool more = true;
    if (is_container(data, n, told)) {
        more = emit(s, l, name, data + told, n - told);
    }
    size_t seen = search(data, n);
    if (more && seen != told && seen != SIZE_MAX) {
        more = emit(s, l, name, data + seen, n - seen);
    }
    if (told != SIZE_MAX && seen == SIZE_MAX && !is_container(data, n, told) && !s->halted) {
        rst_found(s, RST_MALFORMED, "source of macros is missing", l, &l->place, name);
    }
    return more && rst_budget_left(s);
}

bool rst_vba_project(rst_scanner *s, rst_layer *l, rst_cfb *c, uint32_t dir) {
    uint64_t begin = s->scratch_n;
    size_t n;
    const uint8_t *packed = rst_cfb_stream(c, dir, &n);
    size_t list_n = 0;
    const uint8_t *list = NULL;
    if (packed != NULL && is_container(packed, n, 0)) {
        list = unfold_whole(s, l, packed, n, &list_n);
    }
    rst_spend(s, c->dir_n);
    bool more = rst_budget_left(s);
    for (uint32_t i = 1; more && i < c->dir_n; i++) {
        if (i == dir || c->parent[i] != c->parent[dir] || rst_cfb_type(c, i) != RST_CFB_STREAM) {
            continue;
        }
        uint64_t mark = s->scratch_n;
        more = module(s, l, c, i, list, list_n);
        s->scratch_n = mark;
    }
    s->scratch_n = begin;
    return more;
}
