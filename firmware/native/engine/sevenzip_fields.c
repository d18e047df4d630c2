// The header of a 7z archive: numbers, rows of sizes and check values, folders. It reads no data.
// Rows are not unpacked into tables: each has a reader of its own, and the readers go in step.
#include <string.h>

#include "sevenzip.h"
#include "zip.h"

enum {
    ID_END = 0,
    ID_PACK = 6,
    ID_UNPACK = 7,
    ID_SUBSTREAMS = 8,
    ID_SIZE = 9,
    ID_CRC = 10,
    ID_FOLDER = 11,
    ID_CODERS_SIZES = 12,
    ID_COUNTS = 13,
    ID_EMPTY_STREAM = 14,
    ID_NAMES = 17,
    CODER_ID = 15, // bits of a coder's first octet: octets of its id, and what it has
    CODER_COMPLEX = 16,
    CODER_PROPS = 32,
    CODER_RESERVED = 0xc0,
};

uint8_t rst_7z_octet(rst_7z_reader *r) {
    if (r->at == r->end) {
        r->bad = true;
        return 0;
    }
    return *r->at++;
}

static void skip(rst_7z_reader *r, uint64_t n) {
    if (n > (uint64_t)(r->end - r->at)) {
        r->bad = true;
        r->at = r->end;
    } else {
        r->at += n;
    }
}

// The first octet's leading ones say how many octets follow; its other bits are the highest.
uint64_t rst_7z_number(rst_7z_reader *r) {
    uint8_t first = rst_7z_octet(r);
    uint64_t value = 0;
    uint8_t mask = 0x80;
    for (unsigned i = 0; i < 8; i++) {
        if ((first & mask) == 0) {
            return value | (uint64_t)(first & (mask - 1)) << (8 * i);
        }
        value |= (uint64_t)rst_7z_octet(r) << (8 * i);
        mask >>= 1;
    }
    return value;
}

bool rst_7z_bit(const uint8_t *bits, uint64_t index) {
    return (bits[index / 8] & 0x80 >> (index % 8)) != 0;
}

static void digests(rst_7z_reader *r, rst_7z_digests *d, uint64_t n) {
    *d = (rst_7z_digests){.left = n, .all = rst_7z_octet(r) != 0};
    uint64_t has = n;
    if (n > (uint64_t)(r->end - r->at) * 8) {
        r->bad = true;
        d->left = 0;
        return;
    }
    if (!d->all) {
        d->bits = r->at;
        has = 0;
        skip(r, (n + 7) / 8);
        for (uint64_t i = 0; i < n && !r->bad; i++) {
            has += rst_7z_bit(d->bits, i);
        }
    }
    d->values = *r;
    skip(r, has * 4);
    if (r->bad) {
        d->left = 0;
    }
}

bool rst_7z_digest(rst_7z_digests *d, uint32_t *crc) {
    if (d->left == 0) {
        return false;
    }
    d->left--;
    bool has = d->all || (d->bits != NULL && rst_7z_bit(d->bits, d->index));
    d->index++;
    if (has) {
        *crc = rst_le32(d->values.at); // digests() has seen that they are there
        skip(&d->values, 4);
    }
    return has;
}

static void numbers(rst_7z_reader *r, uint64_t n) {
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        rst_7z_number(r);
    }
}

static void expect(rst_7z_reader *r, uint64_t id) {
    if (rst_7z_number(r) != id) {
        r->bad = true;
    }
}

static void read_pack(rst_7z_reader *r, rst_7z_streams *st) {
    st->pack_at = rst_7z_number(r);
    uint64_t n = rst_7z_number(r);
    rst_7z_digests none;
    for (uint64_t id = rst_7z_number(r); id != ID_END && !r->bad; id = rst_7z_number(r)) {
        if (id == ID_SIZE) {
            st->pack_sizes = *r;
            numbers(r, n);
        } else if (id == ID_CRC) {
            digests(r, &none, n);
        } else {
            r->bad = true;
        }
    }
}

static void read_coder(rst_7z_reader *r, rst_7z_coder *c) {
    uint8_t flags = rst_7z_octet(r);
    r->bad = r->bad || (flags & CODER_RESERVED) != 0 || (flags & CODER_ID) > 8;
    c->id = 0;
    for (int i = 0; i < (flags & CODER_ID) && !r->bad; i++) {
        c->id = c->id << 8 | rst_7z_octet(r);
    }
    c->ins = 1;
    if ((flags & CODER_COMPLEX) != 0) {
        uint64_t ins = rst_7z_number(r);
        uint64_t outs = rst_7z_number(r);
        r->bad = r->bad || ins == 0 || ins > RST_7Z_CODERS || outs != 1;
        c->ins = (uint8_t)(r->bad ? 1 : ins);
    }
    c->props_n = (flags & CODER_PROPS) != 0 ? (size_t)rst_7z_number(r) : 0;
    c->props = r->at;
    skip(r, c->props_n);
}

static bool bound_out(const rst_7z_folder *f, uint64_t out) {
    for (size_t i = 0; i + 1 < f->coders_n; i++) {
        if (f->binds[i].out == out) {
            return true;
        }
    }
    return false;
}

static void read_folder(rst_7z_reader *r, rst_7z_folder *f) {
    uint64_t n = rst_7z_number(r);
    if (n == 0 || n > RST_7Z_CODERS) {
        r->bad = true;
        return;
    }
    f->coders_n = (size_t)n;
    size_t ins = 0;
    for (size_t i = 0; i < f->coders_n && !r->bad; i++) {
        read_coder(r, &f->coders[i]);
        ins += f->coders[i].ins;
    }
    for (size_t i = 0; i + 1 < f->coders_n && !r->bad; i++) {
        f->binds[i].in = rst_7z_number(r);
        f->binds[i].out = rst_7z_number(r);
        r->bad = r->bad || f->binds[i].in >= ins || f->binds[i].out >= f->coders_n;
    }
    if (r->bad || ins + 1 < f->coders_n + 1 || ins > RST_7Z_INS) {
        r->bad = true;
        return;
    }
    f->packed_n = ins - (f->coders_n - 1);
    for (size_t i = 0; f->packed_n > 1 && i < f->packed_n; i++) {
        f->packed_ins[i] = rst_7z_number(r);
    }
    f->main = 0;
    while (f->main < f->coders_n && bound_out(f, f->main)) {
        f->main++;
    }
    r->bad = r->bad || f->main == f->coders_n;
}

static void read_unpack(rst_7z_reader *r, rst_7z_streams *st) {
    expect(r, ID_FOLDER);
    st->folders = rst_7z_number(r);
    if (rst_7z_octet(r) != 0) {
        r->bad = true; // rows that stand elsewhere: no program writes such
        return;
    }
    st->folder = *r;
    uint64_t coders = 0;
    for (uint64_t i = 0; i < st->folders && !r->bad; i++) {
        rst_7z_folder f;
        read_folder(r, &f);
        coders += r->bad ? 0 : f.coders_n;
    }
    expect(r, ID_CODERS_SIZES);
    st->unpack_sizes = *r;
    numbers(r, coders);
    uint64_t id = rst_7z_number(r);
    if (id == ID_CRC) {
        digests(r, &st->folder_digests, st->folders);
        id = rst_7z_number(r);
    }
    r->bad = r->bad || id != ID_END;
}

// Files whose check values stand in their own row: all, but those that are alone in a folder that
// has one.
static uint64_t unchecked(const rst_7z_streams *st, rst_7z_reader *r, bool sizes) {
    rst_7z_reader counts = st->counts;
    rst_7z_digests folders = st->folder_digests;
    uint64_t n = 0;
    for (uint64_t i = 0; i < st->folders && !r->bad; i++) {
        uint64_t files = st->counted ? rst_7z_number(&counts) : 1;
        uint32_t crc;
        bool checked = rst_7z_digest(&folders, &crc);
        if (sizes) {
            numbers(r, files > 0 ? files - 1 : 0);
        } else if (files != 1 || !checked) {
            n += files;
        }
    }
    return n;
}

static void read_substreams(rst_7z_reader *r, rst_7z_streams *st) {
    uint64_t id = rst_7z_number(r);
    if (id == ID_COUNTS) {
        st->counts = *r;
        st->counted = true;
        numbers(r, st->folders);
        id = rst_7z_number(r);
    }
    if (id == ID_SIZE) {
        st->file_sizes = *r;
        unchecked(st, r, true);
        id = rst_7z_number(r);
    }
    if (id == ID_CRC) {
        digests(r, &st->file_digests, unchecked(st, r, false));
        id = rst_7z_number(r);
    }
    r->bad = r->bad || id != ID_END;
}

void rst_7z_read_streams(rst_7z_reader *r, rst_7z_streams *st) {
    memset(st, 0, sizeof *st);
    for (uint64_t id = rst_7z_number(r); id != ID_END && !r->bad; id = rst_7z_number(r)) {
        if (id == ID_PACK) {
            read_pack(r, st);
        } else if (id == ID_UNPACK) {
            read_unpack(r, st);
        } else if (id == ID_SUBSTREAMS) {
            read_substreams(r, st);
        } else {
            r->bad = true;
        }
    }
}

bool rst_7z_next_folder(rst_7z_streams *st, rst_7z_folder *f) {
    memset(f, 0, sizeof *f);
    read_folder(&st->folder, f);
    if (st->folder.bad) {
        return false;
    }
    for (size_t i = 0; i < f->coders_n; i++) {
        f->sizes[i] = rst_7z_number(&st->unpack_sizes);
    }
    for (size_t i = 0; i < f->packed_n; i++) {
        uint64_t n = rst_7z_number(&st->pack_sizes);
        if (n > UINT64_MAX - f->packed) {
            return false;
        }
        f->packed += n;
        f->packed_sizes[i] = n;
    }
    f->checked = rst_7z_digest(&st->folder_digests, &f->crc);
    f->files = st->counted ? rst_7z_number(&st->counts) : 1;
    return !st->unpack_sizes.bad && !st->pack_sizes.bad && !st->counts.bad;
}

void rst_7z_read_files(rst_7z_reader *r, rst_7z_files *files) {
    memset(files, 0, sizeof *files);
    files->files = rst_7z_number(r);
    for (uint64_t id = rst_7z_number(r); id != ID_END && !r->bad; id = rst_7z_number(r)) {
        uint64_t n = rst_7z_number(r);
        rst_7z_reader row = *r;
        skip(r, n);
        if (r->bad) {
            return;
        }
        row.end = r->at;
        if (id == ID_EMPTY_STREAM) {
            r->bad = files->files > n * 8;
            files->empty = row.at;
        } else if (id == ID_NAMES) {
            r->bad = rst_7z_octet(&row) != 0;
            files->names = row;
        }
    }
}
