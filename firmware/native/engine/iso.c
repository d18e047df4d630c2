// ISO 9660 (ECMA-119) with Joliet and Rock Ridge names. Systems differ in which tree they show,
// so all are walked and each file is opened once. Of numbers that stand in both orders the
// little-endian ones count, as in the readers of today. Only the first session is read.
#include <string.h>

#include "image.h"
#include "report.h"
#include "scanner.h"

enum {
    SECTOR = 2048,
    FIRST_DESCRIPTOR = 16,
    PRIMARY = 1,
    SUPPLEMENTARY = 2,
    TERMINATOR = 255,
    RECORD = 33, // a directory record up to its name
    FLAG_FOLDER = 0x02,
    FLAG_MULTI_EXTENT = 0x80,
};

typedef struct {
    uint64_t at, n; // the folder's extent
    uint64_t pos;
    size_t path_n;
} folder;

typedef struct {
    rst_image *m;
    uint32_t block;
    bool joliet;
    bool in_file; // a file of several extents is open
    size_t depth;
    rst_image_path path;
    folder folders[RST_IMAGE_DEPTH];
} tree;

static bool descriptor(const rst_image *m, size_t i, const uint8_t **d) {
    uint64_t at = (uint64_t)(FIRST_DESCRIPTOR + i) * SECTOR;
    if (!rst_image_has(m, at, SECTOR)) {
        return false;
    }
    *d = m->data + at;
    return memcmp(*d + 1, "CD001", 5) == 0;
}

static void enter(tree *t, uint64_t at, uint64_t n, size_t path_n) {
    rst_image *m = t->m;
    for (size_t i = 0; i < t->depth; i++) {
        if (t->folders[i].at == at) {
            rst_image_malformed(m, "iso folder that contains itself");
            return;
        }
    }
    if (n == 0 || !rst_image_fresh(m, at, n, true)) {
        return;
    }
    if (!rst_image_has(m, at, n)) {
        rst_image_malformed(m, "iso folder beyond the end of the image");
        if (at >= m->n) {
            return;
        }
        n = m->n - at;
    }
    if (t->depth == RST_IMAGE_DEPTH) {
        rst_image_say(m, RST_TOO_DEEP, "folders nested deeper than the limit");
        return;
    }
    t->folders[t->depth++] = (folder){.at = at, .n = n, .pos = 0, .path_n = path_n};
}

// The Rock Ridge name in the system use entries (SUSP) of a record, or NULL.
static const uint8_t *rock_ridge_name(const uint8_t *r, size_t name_n, size_t *n) {
    size_t at = RECORD + name_n + ((name_n & 1) == 0 ? 1 : 0);
    while (at + 5 <= r[0] && r[at + 2] >= 5 && r[at + 2] <= r[0] - at) {
        if (r[at] == 'N' && r[at + 1] == 'M' && r[at + 4] == 0) {
            *n = r[at + 2] - 5u;
            return r + at + 5;
        }
        at += r[at + 2];
    }
    return NULL;
}

static size_t join_name(tree *t, size_t at, const uint8_t *r) {
    const uint8_t *name = r + RECORD;
    size_t n = r[32];
    size_t rock_n;
    const uint8_t *rock = t->joliet ? NULL : rock_ridge_name(r, n, &rock_n);
    if (rock != NULL && rock_n > 0) {
        return rst_image_join(&t->path, at, rock, rock_n, RST_CHARSET_UTF8);
    }
    size_t wide = t->joliet ? 2 : 1;
    if (n > 2 * wide && name[n - 1] == '1' && name[n - wide - 1] == ';') {
        n -= 2 * wide; // ";1", the version
    }
    if (t->joliet) {
        return rst_image_join16(&t->path, at, name, n, true);
    }
    return rst_image_join(&t->path, at, name, n, RST_CHARSET_LATIN1);
}

static void file(tree *t, const uint8_t *r, uint64_t at, uint64_t n) {
    rst_image *m = t->m;
    bool more = (r[25] & FLAG_MULTI_EXTENT) != 0;
    if (r[26] != 0 || r[27] != 0) {
        rst_image_say(m, RST_UNSCANNABLE, "iso, interleaved file");
        return;
    }
    if (!t->in_file) {
        if (!more && (n == 0 || !rst_image_fresh(m, at, n, false))) {
            return;
        }
        join_name(t, t->folders[t->depth - 1].path_n, r);
        if (!rst_image_open(m, t->path.text)) {
            return;
        }
    }
    rst_image_piece(m, at, n);
    t->in_file = more;
    if (!more) {
        rst_image_close(m);
    }
}

static void end_file(tree *t) {
    if (t->in_file) {
        t->in_file = false;
        rst_image_malformed(t->m, "iso file without its last extent");
        rst_image_close(t->m);
    }
}

// One record of the innermost folder.
static void step(tree *t) {
    rst_image *m = t->m;
    folder *f = &t->folders[t->depth - 1];
    if (f->pos >= f->n) {
        end_file(t);
        t->depth--;
        return;
    }
    const uint8_t *r = m->data + f->at + f->pos;
    uint64_t left = f->n - f->pos;
    if (r[0] == 0) { // records do not cross sectors: the rest of this one is empty
        f->pos += SECTOR - f->pos % SECTOR;
        return;
    }
    if (r[0] < RECORD + 1 || r[0] > left || r[32] > r[0] - RECORD) {
        rst_image_malformed(m, "iso directory record");
        f->pos = f->n;
        return;
    }
    f->pos += r[0];
    uint64_t at = ((uint64_t)rst_le32(r + 2) + r[1]) * t->block;
    uint64_t n = rst_le32(r + 10);
    if (r[32] == 1 && r[RECORD] <= 1) {
        return; // the folder itself, and the one above
    }
    if ((r[25] & FLAG_FOLDER) != 0) {
        end_file(t);
        size_t path_n = join_name(t, f->path_n, r);
        enter(t, at, n, path_n);
    } else {
        file(t, r, at, n);
    }
}

static void walk(rst_image *m, const uint8_t *d) {
    tree t = {.m = m, .block = rst_le16(d + 128)};
    // Joliet: UCS-2, announced by an escape sequence.
    t.joliet = d[0] == SUPPLEMENTARY && d[88] == '%' && d[89] == '/' &&
               (d[90] == '@' || d[90] == 'C' || d[90] == 'E');
    if (t.block != 512 && t.block != 1024 && t.block != SECTOR) {
        rst_image_malformed(m, "iso block size");
        t.block = SECTOR;
    }
    const uint8_t *root = d + 156;
    enter(&t, ((uint64_t)rst_le32(root + 2) + root[1]) * t.block, rst_le32(root + 10), 0);
    while (t.depth > 0 && rst_image_spend(m, 16)) {
        step(&t);
    }
    rst_image_close(m);
}

bool rst_iso_read(rst_image *m) {
    const uint8_t *d;
    bool found = false;
    bool ended = false;
    for (size_t i = 0; !m->over && !ended && descriptor(m, i, &d); i++) {
        found = found || d[0] == PRIMARY || d[0] == SUPPLEMENTARY;
        ended = d[0] == TERMINATOR;
        if (d[0] == PRIMARY || d[0] == SUPPLEMENTARY) {
            walk(m, d);
        }
    }
    if (found && !ended && !m->over) {
        rst_image_malformed(m, "iso volume descriptors without an end");
    }
    return found;
}
