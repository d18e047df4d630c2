// One entry of a zip: takes its data, finds its end, checks its size and check value.
#include <string.h>

#include "judge.h"
#include "ppmd.h"
#include "print.h"
#include "report.h"
#include "scanner.h"
#include "sigrules.h"

enum {
    FLAG_ENCRYPTED = 1,
    FLAG_LZMA_END = 2, // LZMA ends with a mark
    FLAG_DESCRIPTOR = 8,
    METHOD_STORED = 0,
    METHOD_IMPLODE = 6,
    METHOD_DEFLATE = 8,
    METHOD_DEFLATE64 = 9,
    METHOD_BZIP2 = 12,
    METHOD_LZMA = 14,
    METHOD_XZ = 95,
    METHOD_PPMD = 98,
    METHOD_AES = 99,
    LZMA_HEAD = 9, // version, size of the settings, the settings
    LZMA_SETTINGS = 5,
    PPMD_HEAD = 2,
    DESCRIPTOR = 16, // octets of a descriptor with signature and 32-bit sizes
};

// Methods that are not read, by their names (APPNOTE 4.4.5); xz and PPMd if their end is not
// known.
static const struct {
    uint16_t method;
    const char *name;
} unread[] = {
    {1, "Shrink"}, {6, "Implode"},  {93, "zstd"}, {95, "xz"},
    {96, "JPEG"},  {97, "WavPack"}, {98, "PPMd"},
};

static const uint8_t descriptor_mark[] = {'P', 'K', 7, 8};

static bool size_known(const rst_zip_entry *e) {
    return (e->flags & FLAG_DESCRIPTOR) == 0 || e->packed != 0;
}

static void closed_entry(rst_scanner *s, rst_layer *l, const char *name) {
    rst_judge_name(s, l, name);
    rst_zip *z = &l->u.zip;
    if ((z->entry.flags & FLAG_ENCRYPTED) != 0 || z->entry.method == METHOD_AES) {
        rst_found(s, RST_ENCRYPTED, "encrypted file in a zip", l, &l->place, name);
        return;
    }
    char reason[24];
    rst_print p;
    rst_print_init(&p, reason, sizeof reason);
    rst_print_ascii(&p, "zip method ");
    const char *method = NULL;
    for (size_t i = 0; i < sizeof unread / sizeof unread[0]; i++) {
        method = unread[i].method == z->entry.method ? unread[i].name : method;
    }
    if (method != NULL) {
        rst_print_ascii(&p, method);
    } else {
        rst_print_number(&p, z->entry.method);
    }
    rst_print_end(&p);
    rst_found(s, RST_UNSCANNABLE, reason, l, &l->place, name);
}

// What PPMd and xz give can only be told from its end if the header says where that is; Implode
// does not say where it ends.
static bool can_read(const rst_zip_entry *e) {
    switch (e->method) {
    case METHOD_STORED:
    case METHOD_DEFLATE:
    case METHOD_DEFLATE64:
    case METHOD_BZIP2:
    case METHOD_LZMA:
        return true;
    case METHOD_IMPLODE:
    case METHOD_XZ:
    case METHOD_PPMD:
        return size_known(e);
    default:
        return false;
    }
}

// How a method is read; RST_ZIP_STORED if it is none.
static rst_zip_mode mode_of(uint16_t method) {
    switch (method) {
    case METHOD_DEFLATE:
        return RST_ZIP_DEFLATE;
    case METHOD_BZIP2:
        return RST_ZIP_BZIP2;
    case METHOD_DEFLATE64:
        return RST_ZIP_DEFLATE64;
    case METHOD_IMPLODE:
        return RST_ZIP_IMPLODE;
    case METHOD_LZMA:
        return RST_ZIP_LZMA_HEAD;
    case METHOD_PPMD:
        return RST_ZIP_PPMD_HEAD;
    case METHOD_XZ:
        return RST_ZIP_XZ;
    default:
        return RST_ZIP_STORED;
    }
}

static void print_name(const rst_zip *z, char name[RST_MAX_NAME]) {
    rst_print p;
    rst_print_init(&p, name, RST_MAX_NAME);
    rst_print_octets(&p, RST_CHARSET_UTF8, z->name, z->name_n);
    rst_print_end(&p);
}

// Asks the rules about the entry, when it begins and, if its sizes stand behind it, at its end.
static void ask_rules(rst_scanner *s, const rst_layer *l, const char *name, bool sizes_known) {
    const rst_zip *z = &l->u.zip;
    const rst_zip_entry *e = &z->entry;
    rst_entry entry = {.container = RST_CONTAINER_ZIP,
                       .encrypted = (e->flags & FLAG_ENCRYPTED) != 0 || e->method == METHOD_AES,
                       .position = (uint32_t)z->local.count + 1,
                       .packed = sizes_known ? e->packed : RST_SIZE_UNKNOWN,
                       .size = sizes_known ? e->size : RST_SIZE_UNKNOWN,
                       .name = name};
    rst_sigrules_entry(s, l, &entry);
}

static void choose_mode(rst_scanner *s, rst_layer *l, const char *name) {
    rst_zip *z = &l->u.zip;
    const rst_zip_entry *e = &z->entry;
    bool known = size_known(e);
    bool closed = (e->flags & FLAG_ENCRYPTED) != 0 || !can_read(e);
    z->verify = !closed;
    if (closed) {
        closed_entry(s, l, name);
        z->mode = known ? RST_ZIP_UNREAD : RST_ZIP_HUNT;
        return;
    }
    z->mode = mode_of(e->method);
    if (z->mode == RST_ZIP_STORED && !known) {
        z->mode = RST_ZIP_HUNT;
    }
    z->child = rst_layer_open(s, RST_HINT_FILE, name, &l->place, false);
    if (z->child == NULL && known) {
        z->mode = RST_ZIP_UNREAD;
        z->verify = false;
    }
}

static void close_child(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    if (z->child != NULL) {
        rst_layer_close(s, z->child);
        rst_office_entry_end(s, l, z->child);
        z->child = NULL;
    }
    s->scratch_n = z->room; // of the decoder
}

// Leaves the entry in the middle: goes on behind it if its size is known.
static void give_up(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    close_child(s, l);
    z->partial = true;
    if (!size_known(&z->entry)) {
        z->state = RST_ZIP_SEARCH;
        z->recent = 0;
    } else if (z->left > 0) {
        z->state = RST_ZIP_SKIP;
    } else {
        rst_zip_gather(z, RST_ZIP_SIGNATURE, 4);
    }
}

// The entry is complete and its header true.
static void good_entry(rst_zip *z) {
    z->good = true;
    rst_zip_add(&z->local, &z->entry);
    rst_zip_gather(z, RST_ZIP_SIGNATURE, 4);
}

// The data is complete: checks it, unless a descriptor is still to come.
static void end_data(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    rst_zip_entry *e = &z->entry;
    close_child(s, l);
    if ((e->flags & FLAG_DESCRIPTOR) != 0) {
        rst_zip_gather(z, RST_ZIP_DESCRIPTOR, 4);
        return;
    }
    if (z->verify && (z->inflate.crc != e->crc || z->inflate.out != e->size)) {
        rst_zip_malformed(s, l, "zip entry's check value or size is wrong");
        rst_zip_gather(z, RST_ZIP_SIGNATURE, 4);
        return;
    }
    good_entry(z);
}

// Methods that have no settings in front of their data. False: the finding is made.
static bool begin_decoder(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    switch (z->mode) {
    case RST_ZIP_BZIP2:
        return rst_decode_begin(s, l, &z->decode, RST_DECODE_BZIP2);
    case RST_ZIP_XZ:
        return rst_decode_begin(s, l, &z->decode, RST_DECODE_XZ);
    case RST_ZIP_DEFLATE64:
        return rst_decode_begin(s, l, &z->decode, RST_DECODE_DEFLATE64);
    case RST_ZIP_IMPLODE:
        return rst_decode_begin_implode(s, l, &z->decode, z->entry.flags, z->entry.size);
    default:
        return true;
    }
}

void rst_zip_entry_begin(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    rst_zip_entry *e = &z->entry;
    if (!rst_count_entry(s, l)) {
        z->state = RST_ZIP_OVER;
        return;
    }
    char name[RST_MAX_NAME];
    print_name(z, name);
    rst_office_entry(s, l, name);
    ask_rules(s, l, name, size_known(e));
    bool fits = rst_inflate_begin(&z->inflate);
    choose_mode(s, l, name);
    if (!fits) {
        rst_found(s, RST_UNSCANNABLE, "no memory for deflate", l, &l->place, name);
        z->state = RST_ZIP_OVER;
        return;
    }
    z->state = RST_ZIP_DATA;
    z->left = e->packed;
    z->small_n = 0;
    z->hunt_n = 0;
    bool empty = z->left == 0 && (e->flags & FLAG_DESCRIPTOR) == 0;
    bool ends_itself = z->mode >= RST_ZIP_DEFLATE && z->mode <= RST_ZIP_XZ;
    if (empty && (!ends_itself || e->size == 0)) {
        end_data(s, l);
    } else if (!begin_decoder(s, l)) {
        give_up(s, l);
    }
}

// Settings are complete in `small`. False: the decoder does not begin, the finding is made.
static bool begin_lzma(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    z->mode = RST_ZIP_LZMA;
    if (rst_le16(z->small + 2) != LZMA_SETTINGS) {
        rst_zip_malformed(s, l, "zip entry's data is broken");
        return false;
    }
    bool marked = (z->entry.flags & FLAG_LZMA_END) != 0 || !size_known(&z->entry);
    const rst_filter filter = {LZMA_FILTER_LZMA1EXT, z->small + 4, LZMA_SETTINGS};
    return rst_decode_begin_raw(s, l, &z->decode, &filter, 1, marked ? UINT64_MAX : z->entry.size);
}

static bool begin_ppmd(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    z->mode = RST_ZIP_PPMD;
    rst_ppmd_settings settings;
    if (!rst_ppmd_of_zip(&settings, rst_le16(z->small))) {
        return rst_decode_unknown(s, l);
    }
    if (z->left == 0) {
        rst_zip_malformed(s, l, "zip entry's data is broken");
        return false;
    }
    return rst_decode_begin_ppmd(s, l, &z->decode, &settings, z->entry.size);
}

// The settings in front of LZMA (APPNOTE 5.8.8) and PPMd (5.11.1). Octets of `data` that were
// taken.
static size_t method_head(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_zip *z = &l->u.zip;
    size_t want = z->mode == RST_ZIP_PPMD_HEAD ? PPMD_HEAD : LZMA_HEAD;
    size_t take = want - z->small_n < n ? want - z->small_n : n;
    memcpy(z->small + z->small_n, data, take);
    z->small_n = (uint8_t)(z->small_n + take);
    z->left -= take < z->left ? take : z->left;
    z->inflate.in += take;
    if (z->small_n < want) {
        return take;
    }
    z->small_n = 0;
    if (!(z->mode == RST_ZIP_PPMD_HEAD ? begin_ppmd(s, l) : begin_lzma(s, l))) {
        give_up(s, l);
    }
    return take;
}

// These methods say themselves where they end. What the header says of its size is compared, not
// believed: programs that read by the directory do not look at it.
static size_t packed_data(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_zip *z = &l->u.zip;
    size_t used;
    rst_inflated r =
        z->mode == RST_ZIP_DEFLATE
            ? rst_inflate_write(s, l, &z->inflate, z->child, data, n, &used)
            : rst_decode_write(s, l, &z->decode, &z->inflate, z->child, data, n, false, &used);
    z->left = z->inflate.in < z->entry.packed ? z->entry.packed - z->inflate.in : 0;
    if (r == RST_INFLATE_DONE) {
        if (size_known(&z->entry) && z->inflate.in != z->entry.packed) {
            close_child(s, l);
            rst_zip_malformed(s, l, "zip entry is not as long as it says");
        } else {
            end_data(s, l);
        }
    } else if (r == RST_INFLATE_LIMIT) {
        give_up(s, l);
    } else if (r == RST_INFLATE_BROKEN) {
        rst_zip_malformed(s, l, "zip entry's data is broken");
        give_up(s, l);
    }
    return used;
}

// The header says where these methods end. They may wait for octets, but not behind their last
// one.
static size_t sized_data(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_zip *z = &l->u.zip;
    bool last = n >= z->left;
    n = last ? (size_t)z->left : n;
    size_t used;
    rst_inflated r =
        rst_decode_write(s, l, &z->decode, &z->inflate, z->child, data, n, last, &used);
    z->left -= used;
    if (r == RST_INFLATE_DONE && z->left == 0) {
        end_data(s, l);
    } else if (r == RST_INFLATE_LIMIT) {
        give_up(s, l);
    } else if (r != RST_INFLATE_MORE || last) {
        rst_zip_malformed(s, l, "zip entry's data is broken");
        give_up(s, l);
    }
    return used;
}

static size_t plain_data(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_zip *z = &l->u.zip;
    size_t take = z->left < n ? (size_t)z->left : n;
    z->left -= take;
    z->inflate.in += take;
    if (z->mode == RST_ZIP_STORED && !rst_inflate_emit(s, l, &z->inflate, z->child, data, take)) {
        give_up(s, l);
    } else if (z->left == 0) {
        end_data(s, l);
    }
    return take;
}

static bool hand_on(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    size_t n = z->hunt_n;
    z->hunt_n = 0;
    return !z->verify || rst_inflate_emit(s, l, &z->inflate, z->child, z->inflate.buf, n);
}

// The size stands behind the data: it ends where a descriptor fits what came before it.
static size_t hunt_data(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_zip *z = &l->u.zip;
    for (size_t i = 0; i < n; i++) {
        z->small[z->small_n++] = data[i];
        if (z->small_n < DESCRIPTOR) {
            continue;
        }
        if (memcmp(z->small, descriptor_mark, 4) == 0 &&
            rst_le32(z->small + 8) == (uint32_t)z->inflate.in) {
            if (!hand_on(s, l)) {
                give_up(s, l);
                return i + 1;
            }
            if (!z->verify || rst_le32(z->small + 4) == z->inflate.crc) {
                close_child(s, l);
                z->state = RST_ZIP_DESCRIPTOR;
                z->want = DESCRIPTOR;
                rst_zip_entry_descriptor(s, l);
                return i + 1;
            }
        }
        z->inflate.in++;
        z->inflate.buf[z->hunt_n++] = z->small[0];
        memmove(z->small, z->small + 1, --z->small_n);
        if (z->hunt_n == sizeof z->inflate.buf && !hand_on(s, l)) {
            give_up(s, l);
            return i + 1;
        }
    }
    return n;
}

size_t rst_zip_entry_data(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    switch (l->u.zip.mode) {
    case RST_ZIP_DEFLATE:
    case RST_ZIP_BZIP2:
    case RST_ZIP_DEFLATE64:
    case RST_ZIP_IMPLODE:
    case RST_ZIP_LZMA:
        return packed_data(s, l, data, n);
    case RST_ZIP_PPMD:
    case RST_ZIP_XZ:
        return sized_data(s, l, data, n);
    case RST_ZIP_LZMA_HEAD:
    case RST_ZIP_PPMD_HEAD:
        return method_head(s, l, data, n);
    case RST_ZIP_HUNT:
        return hunt_data(s, l, data, n);
    default:
        return plain_data(s, l, data, n);
    }
}

void rst_zip_entry_descriptor(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    rst_zip_entry *e = &z->entry;
    const rst_inflate *f = &z->inflate;
    size_t at = memcmp(z->small, descriptor_mark, 4) == 0 ? 4 : 0;
    size_t whole = at + (e->zip64 ? 20 : 12);
    if (z->want < whole) {
        z->want = (uint8_t)whole;
        return;
    }
    const uint8_t *p = z->small + at;
    bool wide = z->want - at == 20;
    uint64_t packed = wide ? rst_le64(p + 4) : rst_le32(p + 4);
    uint64_t size = wide ? rst_le64(p + 12) : rst_le32(p + 8);
    uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
    bool fits = packed == (f->in & mask) &&
                (!z->verify || (size == (f->out & mask) && rst_le32(p) == f->crc));
    if (!fits && !wide) {
        z->want = (uint8_t)(at + 20); // some writers use 64 bits without saying so
        return;
    }
    if (!fits) {
        rst_zip_malformed(s, l, "zip entry and its descriptor differ");
        return;
    }
    e->crc = rst_le32(p);
    e->packed = packed;
    e->size = size;
    char name[RST_MAX_NAME];
    print_name(z, name);
    ask_rules(s, l, name, true);
    good_entry(z);
}

void rst_zip_entry_cut(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    bool more = z->state == RST_ZIP_DATA && z->mode == RST_ZIP_HUNT;
    if (more && hand_on(s, l)) {
        memcpy(z->inflate.buf, z->small, z->small_n);
        z->hunt_n = z->small_n;
        hand_on(s, l);
    }
    close_child(s, l);
}
