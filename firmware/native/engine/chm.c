// Reads compiled HTML help. A directory of names stands in chunks of one size; each name has a
// place in section 0, which is plain, or in section 1, which is one stream of LZX and is unpacked
// whole. The chunks that hold names are read as an array, so that a chain that leaves some out, or
// goes in a circle, hides nothing.
#include "chm.h"

#include <string.h>

#include "lz.h"
#include "print.h"
#include "report.h"
#include "scanner.h"

enum {
    HEADER = 0x58,       // of version 2
    HEADER_3 = 0x60,     // with the place of section 0
    DIRECTORY = 0x54,    // its header, before the chunks
    CHUNK = 20,          // header of a chunk with names
    LEAST_CHUNK = 64,    // smaller than any that is written, and room for its header
    CONTROL = 24,        // octets of ControlData that are read
    RESETS = 0x20,       // of the reset table
    NO_CHUNK = -1,       // end of the chain
    MOST_FRAMES = 65536, // in a reset interval
};

typedef struct {
    const uint8_t *at;
    size_t n;
} stretch;

typedef struct {
    const uint8_t *name;
    size_t name_n;
    uint64_t section, from, n;
} entry;

typedef struct {
    rst_scanner *s;
    rst_layer *l;
    const uint8_t *data;
    size_t n;
    size_t plain; // where section 0 begins
    size_t chunks_at, chunk_size;
    uint32_t chunks, first;
    bool told, over;
    bool limited; // section 1 was not unpacked to its end
    // Section 1.
    bool packed_files; // there are files in it
    stretch content, control, resets;
    size_t taken; // of the content
    const uint8_t *unpacked;
    uint64_t unpacked_n;
    rst_lz lz;
} chm;

static void malformed(chm *c, const char *why) {
    if (!c->told) {
        c->told = true;
        rst_found(c->s, RST_MALFORMED, why, c->l, &c->l->place, NULL);
    }
}

static bool within(const chm *c, uint64_t at, uint64_t n) {
    return at <= c->n && n <= c->n - at;
}

// ITSF, and ITSP, the header of the directory. False: nothing can be read.
static bool read_headers(chm *c) {
    const uint8_t *h = c->data;
    if (c->n < HEADER_3) {
        return false;
    }
    uint64_t at = rst_le64(h + 0x48);
    uint64_t length = rst_le64(h + 0x50);
    if (!within(c, at, DIRECTORY) || memcmp(h + at, "ITSP", 4) != 0) {
        return false;
    }
    const uint8_t *d = h + at;
    uint64_t head = rst_le32(d + 8);
    uint64_t plain = rst_le32(h + 4) < 3 ? at + length : rst_le64(h + HEADER);
    c->chunk_size = rst_le32(d + 16);
    c->first = rst_le32(d + 32);
    c->chunks = rst_le32(d + 44);
    if (head < DIRECTORY || !within(c, at, length) || head > length || plain > c->n) {
        return false;
    }
    c->plain = (size_t)plain;
    c->chunks_at = (size_t)(at + head);
    return c->chunk_size >= LEAST_CHUNK && (uint64_t)c->chunks * c->chunk_size <= length - head;
}

static const uint8_t *chunk_of(const chm *c, uint32_t number) {
    return c->data + c->chunks_at + number * c->chunk_size;
}

static bool holds_names(const uint8_t *chunk) {
    return memcmp(chunk, "PMGL", 4) == 0;
}

// A number in groups of 7 bits, the first one highest. False: it does not end, or is too large.
static bool number(const uint8_t **p, const uint8_t *end, uint64_t *v) {
    *v = 0;
    for (int i = 0; i < 9 && *p < end; i++) {
        uint8_t c = *(*p)++;
        *v = *v << 7 | (c & 0x7f);
        if ((c & 0x80) == 0) {
            return true;
        }
    }
    return false;
}

static bool next_entry(const uint8_t **p, const uint8_t *end, entry *e) {
    uint64_t n;
    if (!number(p, end, &n) || n > (uint64_t)(end - *p)) {
        return false;
    }
    e->name = *p;
    e->name_n = (size_t)n;
    *p += n;
    return number(p, end, &e->section) && number(p, end, &e->from) && number(p, end, &e->n);
}

static bool named(const entry *e, const char *name) {
    return e->name_n == strlen(name) && memcmp(e->name, name, e->name_n) == 0;
}

// Where the stream of section 1 and its settings lie: these are files of section 0.
static stretch *of_section_1(chm *c, const entry *e) {
    if (e->section != 0 || e->name_n < 2 || e->name[0] != ':') {
        return NULL;
    }
    if (named(e, "::DataSpace/Storage/MSCompressed/Content")) {
        return &c->content;
    }
    if (named(e, "::DataSpace/Storage/MSCompressed/ControlData")) {
        return &c->control;
    }
    if (named(e, "::DataSpace/Storage/MSCompressed/Transform/"
                 "{7FC28940-9D31-11D0-9B27-00A0C91E9C7C}/InstanceData/ResetTable")) {
        return &c->resets;
    }
    return NULL;
}

static bool plain_octets(const chm *c, const entry *e, stretch *out) {
    if (e->from > c->n - c->plain || e->n > c->n - c->plain - e->from) {
        return false;
    }
    *out = (stretch){c->data + c->plain + e->from, (size_t)e->n};
    return true;
}

static void note_entry(chm *c, const entry *e) {
    stretch *known = of_section_1(c, e);
    if (known != NULL && !plain_octets(c, e, known)) {
        malformed(c, "chm file lies outside");
    }
    c->packed_files = c->packed_files || (e->section == 1 && e->n > 0);
}

static void print_name(const entry *e, char *out) {
    rst_print p;
    rst_print_init(&p, out, RST_MAX_NAME);
    size_t skip = e->name_n > 1 && e->name[0] == '/' ? 1 : 0;
    rst_print_octets(&p, RST_CHARSET_UTF8, e->name + skip, e->name_n - skip);
    rst_print_end(&p);
}

static void open_entry(chm *c, const entry *e) {
    if (e->n == 0 || of_section_1(c, e) != NULL) {
        return;
    }
    char name[RST_MAX_NAME];
    print_name(e, name);
    stretch octets = {NULL, 0};
    if (e->section == 0) {
        if (!plain_octets(c, e, &octets)) {
            malformed(c, "chm file lies outside");
        }
    } else if (e->section == 1) {
        // What could not be unpacked is told by whoever unpacked it.
        uint64_t left = e->from < c->unpacked_n ? c->unpacked_n - e->from : 0;
        octets = (stretch){left > 0 ? c->unpacked + e->from : NULL,
                           (size_t)(e->n < left ? e->n : left)};
        if (octets.n < e->n && !c->limited) {
            malformed(c, "chm file lies outside");
        }
    } else {
        rst_found(c->s, RST_UNSCANNABLE, "chm section that is not known", c->l, &c->l->place,
                  name);
    }
    c->over = !rst_expand_whole(c->s, c->l, name, octets.at, octets.n);
    if (e->section == 1 && octets.n < e->n && c->limited && !c->over) {
        c->over = true;
        rst_found(c->s, RST_TOO_LARGE, "expands to more octets than the limit", c->l, &c->l->place,
                  name);
    }
}

static void walk_chunk(chm *c, const uint8_t *chunk, void (*act)(chm *, const entry *)) {
    size_t unused = rst_le32(chunk + 4);
    if (unused > c->chunk_size - CHUNK) {
        malformed(c, "chm directory is broken");
        return;
    }
    const uint8_t *p = chunk + CHUNK;
    const uint8_t *end = chunk + c->chunk_size - unused;
    entry e;
    while (p < end && !c->over) {
        if (!next_entry(&p, end, &e)) {
            malformed(c, "chm directory is broken");
            return;
        }
        act(c, &e);
    }
}

static void walk(chm *c, void (*act)(chm *, const entry *)) {
    for (uint32_t i = 0; i < c->chunks && !c->over && rst_budget_left(c->s); i++) {
        rst_spend(c->s, c->chunk_size / 16);
        if (holds_names(chunk_of(c, i))) {
            walk_chunk(c, chunk_of(c, i), act);
        }
    }
}

// The chain that other readers follow leads through chunks with names, and to an end.
static void follow_chain(chm *c) {
    uint32_t at = c->first;
    uint32_t steps = 0;
    while (at != (uint32_t)NO_CHUNK) {
        if (at >= c->chunks || steps++ == c->chunks || !holds_names(chunk_of(c, at))) {
            malformed(c, "chm directory goes in a circle or to nowhere");
            return;
        }
        at = rst_le32(chunk_of(c, at) + 16);
    }
    rst_spend(c->s, steps);
}

static int read_content(void *user, uint8_t *to, size_t n) {
    chm *c = user;
    size_t left = c->content.n - c->taken;
    size_t take = left < n ? left : n;
    memcpy(to, c->content.at + c->taken, take);
    c->taken += take;
    return (int)take;
}

// LZXC: the window and how often the stream begins anew. False, and a finding, if that cannot be.
static bool read_control(chm *c, unsigned *bits, uint32_t *frames) {
    if (c->control.n < CONTROL || memcmp(c->control.at + 4, "LZXC", 4) != 0) {
        rst_found(c->s, RST_UNSCANNABLE, "chm without settings of LZX", c->l, &c->l->place, NULL);
        return false;
    }
    uint32_t version = rst_le32(c->control.at + 8);
    uint64_t unit = version == 2 ? RST_LZ_FRAME : 1;
    uint64_t interval = rst_le32(c->control.at + 12) * unit;
    uint64_t window = rst_le32(c->control.at + 16) * unit;
    if (version != 1 && version != 2) {
        rst_found(c->s, RST_UNSCANNABLE, "chm, unknown version of LZX", c->l, &c->l->place, NULL);
        return false;
    }
    *bits = RST_LZX_LEAST;
    while (*bits < RST_LZ_MOST && (uint64_t)1 << *bits != window) {
        ++*bits;
    }
    *frames = (uint32_t)(interval / RST_LZ_FRAME);
    if ((uint64_t)1 << *bits != window || interval % RST_LZ_FRAME != 0 || interval == 0 ||
        interval / RST_LZ_FRAME > MOST_FRAMES) {
        malformed(c, "chm settings of LZX that cannot be");
        return false;
    }
    return true;
}

// Frame by frame into the scratch, which grows with what comes out, not with what is promised.
static void unpack(chm *c, uint64_t length) {
    uint64_t most = c->s->limits.expanded - c->s->report.expanded;
    while (c->unpacked_n < length && rst_budget_left(c->s)) {
        if (c->unpacked_n > most) {
            c->limited = true;
            return;
        }
        uint8_t *frame = rst_scratch_take(c->s, c->l, RST_LZ_FRAME);
        if (frame == NULL) {
            c->told = true; // too large: that files are missing follows from it
            return;
        }
        c->unpacked = c->unpacked != NULL ? c->unpacked : frame;
        size_t got = rst_lz_run(&c->lz, frame, RST_LZ_FRAME);
        rst_spend(c->s, got + RST_LZ_FRAME / 8);
        c->unpacked_n += got;
        if (got < RST_LZ_FRAME && c->unpacked_n < length) {
            malformed(c, "chm data is broken");
            return;
        }
        if (!rst_expand_ratio(c->s, c->l, NULL, c->taken, c->unpacked_n)) {
            c->told = true;
            return;
        }
    }
}

static void unpack_section_1(chm *c) {
    unsigned bits;
    uint32_t frames;
    if (!c->packed_files || !read_control(c, &bits, &frames)) {
        c->told = c->told || c->packed_files;
        return;
    }
    if (c->resets.n < RESETS || c->content.at == NULL) {
        malformed(c, "chm without a reset table");
        return;
    }
    uint64_t length = rst_le64(c->resets.at + 16);
    // The stream is padded to where it would begin anew: no frame is short.
    uint64_t interval = (uint64_t)frames * RST_LZ_FRAME;
    uint64_t padded =
        length > UINT64_MAX - interval ? length : (length + interval - 1) / interval * interval;
    if (rst_lz_begin(c->s, c->l, &c->lz, RST_LZ_LZX, bits, frames, padded, read_content, c)) {
        unpack(c, length);
    } else {
        c->told = true;
    }
}

void rst_chm_end(rst_scanner *s, rst_layer *l) {
    chm c = {.s = s, .l = l};
    rst_lz_clear(&c.lz);
    c.data = rst_store_whole(s, l, &c.n);
    if (c.data == NULL) {
        return;
    }
    if (!read_headers(&c)) {
        malformed(&c, "chm header is broken or cut off");
        return;
    }
    follow_chain(&c);
    walk(&c, note_entry);
    unpack_section_1(&c);
    walk(&c, open_entry);
}
