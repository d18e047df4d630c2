// Reads 7z: finds and unpacks the header, then gives the files of folder after folder.
#include "sevenzip.h"

#include <string.h>

#include "judge.h"
#include "print.h"
#include "report.h"
#include "scanner.h"

enum {
    START = 32, // octets of the start header
    HEADER = 1, // ids of what may stand at the end
    PACKED_HEADER = 23,
    PACKED_DEPTH = 4, // a header packed in a packed header: real ones are packed once
    ID_ARCHIVE = 2,
    ID_STREAMS = 4,
    ID_FILES = 5,
};

// Files of an archive while their octets come out.
typedef struct {
    rst_7z_streams streams;
    rst_7z_files files;
    uint64_t file;  // index of the next one
    uint64_t to_go; // files of this folder that are to come, the open one included
    uint64_t total; // octets of this folder that no file has been given yet
    uint64_t left;  // octets of the open file to come
    bool open, checked, alone, told;
    bool over; // nothing more is read
    uint32_t crc, want;
    const rst_7z_folder *folder;
    rst_layer *child;
    char name[RST_MAX_NAME];
} archive;

static void malformed(rst_scanner *s, rst_layer *l, archive *a, const char *why) {
    if (!a->told) {
        a->told = true;
        rst_found(s, RST_MALFORMED, why, l, &l->place, NULL);
    }
}

static void print_code(rst_print *p, uint32_t c) {
    if (c >= 0x10000) {
        rst_print_octet(p, RST_CHARSET_UTF8, (uint8_t)(0xf0 | c >> 18));
        rst_print_octet(p, RST_CHARSET_UTF8, (uint8_t)(0x80 | (c >> 12 & 63)));
    } else if (c >= 0x800) {
        rst_print_octet(p, RST_CHARSET_UTF8, (uint8_t)(0xe0 | c >> 12));
    }
    if (c >= 0x800) {
        rst_print_octet(p, RST_CHARSET_UTF8, (uint8_t)(0x80 | (c >> 6 & 63)));
    } else if (c >= 0x80) {
        rst_print_octet(p, RST_CHARSET_UTF8, (uint8_t)(0xc0 | c >> 6));
    }
    rst_print_octet(p, RST_CHARSET_UTF8, (uint8_t)(c < 0x80 ? c : 0x80 | (c & 63)));
}

// The next name: UTF-16, ended by a zero.
static void next_name(archive *a) {
    rst_print p;
    rst_print_init(&p, a->name, sizeof a->name);
    uint32_t high = 0;
    for (;;) {
        uint32_t c = rst_7z_octet(&a->files.names);
        c |= (uint32_t)rst_7z_octet(&a->files.names) << 8;
        if (c == 0 || a->files.names.bad) {
            break;
        }
        if (c >= 0xd800 && c < 0xdc00) {
            high = c;
            continue;
        }
        bool pair = high != 0 && c >= 0xdc00 && c < 0xe000;
        print_code(&p, pair ? 0x10000 + ((high & 0x3ff) << 10 | (c & 0x3ff)) : c);
        high = 0;
    }
    rst_print_end(&p);
    if (a->name[0] == 0) {
        memcpy(a->name, "contents", 9);
    }
}

// The next file that has octets; those before it that have none are counted. False: there is none,
// or there are too many.
static bool next_file(rst_scanner *s, rst_layer *l, archive *a) {
    while (a->file < a->files.files && !a->over) {
        bool empty = a->files.empty != NULL && rst_7z_bit(a->files.empty, a->file);
        a->file++;
        next_name(a);
        if (!rst_count_entry(s, l)) {
            a->over = true;
        } else if (!empty) {
            return true;
        }
    }
    return false;
}

static void close_file(rst_scanner *s, rst_layer *l, archive *a) {
    if (a->child != NULL) {
        rst_layer_close(s, a->child);
        a->child = NULL;
    }
    a->open = false;
    if (a->checked && a->left == 0 && a->crc != a->want) {
        malformed(s, l, a, "7z check value is wrong");
    }
}

// The size and check value of the next file of this folder.
static bool open_file(rst_scanner *s, rst_layer *l, archive *a) {
    rst_7z_streams *st = &a->streams;
    a->left = a->total;
    if (a->to_go > 1) {
        a->left = rst_7z_number(&st->file_sizes);
    }
    if (st->file_sizes.bad || a->left > a->total) {
        malformed(s, l, a, "7z sizes differ");
        a->over = true;
        return false;
    }
    if (a->alone && a->folder->checked) {
        a->checked = true;
        a->want = a->folder->crc;
    } else {
        a->checked = rst_7z_digest(&st->file_digests, &a->want);
    }
    a->total -= a->left;
    a->crc = 0;
    a->to_go--;
    if (!next_file(s, l, a)) {
        if (!a->over) {
            malformed(s, l, a, "7z has more streams than files");
            memcpy(a->name, "contents", 9);
        }
        if (a->over || !rst_count_entry(s, l)) {
            a->over = true;
            return false;
        }
    }
    a->open = true;
    return true;
}

static bool file_octets(rst_scanner *s, rst_layer *l, void *user, const uint8_t *data, size_t n) {
    archive *a = user;
    while (n > 0) {
        if (!a->open) {
            if (a->to_go == 0 || !open_file(s, l, a)) {
                return false;
            }
            a->child = rst_layer_open(s, RST_HINT_FILE, a->name, &l->place, false);
        }
        size_t take = n < a->left ? n : (size_t)a->left;
        a->crc = (uint32_t)crc32(a->crc, data, (uInt)take);
        a->left -= take;
        if (take > 0 && !rst_expand(s, l, a->child, data, take)) {
            a->over = true;
            return false;
        }
        data += take;
        n -= take;
        if (a->left == 0) {
            close_file(s, l, a);
        }
    }
    return true;
}

// Files of a folder that nothing came out of: they are counted, their names are judged,
// and their rows passed over.
static void pass_over(rst_scanner *s, rst_layer *l, archive *a) {
    while (a->to_go > 0 && !a->over && open_file(s, l, a)) {
        rst_judge_name(s, l, a->name);
        a->checked = false;
        a->open = false;
    }
}

// The name of the next file that has octets, without going on to it.
static void first_name(archive *a) {
    rst_7z_reader names = a->files.names;
    next_name(a);
    for (uint64_t file = a->file;
         a->files.empty != NULL && file < a->files.files && rst_7z_bit(a->files.empty, file);
         file++) {
        next_name(a);
    }
    a->files.names = names;
}

static void read_folder(rst_scanner *s, rst_layer *l, archive *a, const rst_7z_folder *f,
                        const uint8_t *data) {
    a->folder = f;
    a->to_go = f->files;
    a->alone = f->files == 1;
    a->total = f->sizes[f->main];
    if (f->files == 0) {
        return;
    }
    first_name(a);
    if (rst_7z_closed(s, l, f, a->name)) {
        pass_over(s, l, a);
        return;
    }
    uint64_t mark = s->scratch_n;
    if (!rst_7z_unpack(s, l, f, data, file_octets, a)) {
        malformed(s, l, a, "7z data is broken");
    }
    if (a->open) {
        a->checked = false;
        close_file(s, l, a);
    }
    s->scratch_n = mark;
    pass_over(s, l, a);
}

static void read_archive(rst_scanner *s, rst_layer *l, archive *a, const uint8_t *data, size_t n) {
    uint64_t at = a->streams.pack_at;
    for (uint64_t i = 0; i < a->streams.folders && !a->over && rst_budget_left(s); i++) {
        rst_7z_folder f;
        rst_spend(s, sizeof f / 8);
        if (!rst_7z_next_folder(&a->streams, &f) || at > n || f.packed > n - at) {
            malformed(s, l, a, "7z folder lies outside");
            return;
        }
        read_folder(s, l, a, &f, data + at);
        at += f.packed;
    }
    if (!a->over && !s->halted && next_file(s, l, a)) {
        malformed(s, l, a, "7z has fewer streams than files");
    }
}

// The octets of a packed header, and how many are there.
typedef struct {
    uint8_t *base;
    uint64_t n;
} unpacked;

static bool header_octets(rst_scanner *s, rst_layer *l, void *user, const uint8_t *data,
                          size_t n) {
    unpacked *u = user;
    memcpy(u->base + u->n, data, n);
    u->n += n;
    return rst_expand(s, l, NULL, data, n);
}

// Unpacks a packed header: `r` becomes a reader of it. False: it cannot be read, the finding is
// made.
static bool unpack_header(rst_scanner *s, rst_layer *l, archive *a, rst_7z_reader *r,
                          const uint8_t *data, size_t n) {
    rst_7z_folder f;
    rst_7z_read_streams(r, &a->streams);
    uint64_t at = a->streams.pack_at;
    if (r->bad || a->streams.folders != 1 || !rst_7z_next_folder(&a->streams, &f) || at > n ||
        f.packed > n - at) {
        malformed(s, l, a, "7z header");
        return false;
    }
    if (rst_7z_closed(s, l, &f, NULL)) {
        return false;
    }
    uint64_t size = f.sizes[f.main];
    unpacked u = {.base = rst_scratch_take(s, l, size), .n = 0};
    if (u.base == NULL) {
        return false;
    }
    uint64_t mark = s->scratch_n;
    bool good = rst_7z_unpack(s, l, &f, data + at, header_octets, &u);
    s->scratch_n = mark;
    if (!good || (u.n == size && f.checked && crc32(0, u.base, (uInt)size) != f.crc)) {
        malformed(s, l, a, "7z header is broken");
        return false;
    }
    *r = (rst_7z_reader){.at = u.base, .end = u.base + u.n};
    return u.n == size; // else a limit was hit
}

static void skip_properties(rst_7z_reader *r) {
    while (!r->bad && rst_7z_number(r) != 0) {
        for (uint64_t n = rst_7z_number(r); n > 0 && !r->bad; n--) {
            rst_7z_octet(r);
        }
    }
}

static void read_header(rst_scanner *s, rst_layer *l, archive *a, rst_7z_reader r,
                        const uint8_t *data, size_t n) {
    uint64_t id = rst_7z_number(&r);
    for (int depth = 0; id == PACKED_HEADER && depth < PACKED_DEPTH; depth++) {
        if (!unpack_header(s, l, a, &r, data, n)) {
            return;
        }
        id = rst_7z_number(&r);
    }
    if (id != HEADER) {
        malformed(s, l, a, "7z header");
        return;
    }
    memset(&a->streams, 0, sizeof a->streams);
    for (id = rst_7z_number(&r); id != 0 && !r.bad; id = rst_7z_number(&r)) {
        if (id == ID_ARCHIVE) {
            skip_properties(&r);
        } else if (id == ID_STREAMS) {
            rst_7z_read_streams(&r, &a->streams);
        } else if (id == ID_FILES) {
            rst_7z_read_files(&r, &a->files);
        } else {
            r.bad = true; // additional streams (3): no program writes such
        }
    }
    if (r.bad) {
        malformed(s, l, a, "7z header");
        return;
    }
    read_archive(s, l, a, data, n);
}

void rst_sevenzip_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *data = rst_store_whole(s, l, &n);
    archive *a = data != NULL ? rst_scratch_take(s, l, sizeof *a) : NULL;
    if (a == NULL) {
        return;
    }
    memset(a, 0, sizeof *a);
    if (n < START || crc32(0, data + 12, 20) != rst_le32(data + 8)) {
        malformed(s, l, a, "7z start header");
        return;
    }
    uint64_t at = rst_le64(data + 12);
    uint64_t size = rst_le64(data + 20);
    n -= START;
    if (size == 0) {
        return; // an archive of no files
    }
    if (at > n || size > n - at) {
        malformed(s, l, a, "7z is cut off");
        return;
    }
    const uint8_t *header = data + START + at;
    if (size > UINT32_MAX || crc32(0, header, (uInt)size) != rst_le32(data + 28)) {
        malformed(s, l, a, "7z header's check value is wrong");
        return;
    }
    rst_7z_reader r = {.at = header, .end = header + size};
    read_header(s, l, a, r, data + START, n);
}
