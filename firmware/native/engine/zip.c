// The records of a zip in the order in which they stand. What stands between records, an end
// that is missing, and a directory that tells another story are findings; reading goes on at the
// next record, so that an entry is scanned whichever record a program may believe.
#include "zip.h"

#include <string.h>

#include "report.h"
#include "scanner.h"

enum {
    MARK_LOCAL = 0x04034b50,
    MARK_CENTRAL = 0x02014b50,
    MARK_END = 0x06054b50,
    MARK_END64 = 0x06064b50,
    MARK_LOCATOR64 = 0x07064b50,
    MARK_SIGNATURE = 0x05054b50,
    MARK_EXTRA = 0x08064b50, // only before an encrypted directory
    MARK_SPLIT = 0x08074b50, // of an archive that was made to be split
    MARK_ONE_DISK = 0x30304b50,
};

void rst_zip_gather(rst_zip *z, rst_zip_state state, size_t want) {
    z->state = state;
    z->small_n = 0;
    z->want = (uint8_t)want;
}

static void search(rst_zip *z) {
    z->state = RST_ZIP_SEARCH;
    z->recent = 0;
}

void rst_zip_begin(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    memset(z, 0, offsetof(rst_zip, inflate));
    rst_zip_gather(z, RST_ZIP_SIGNATURE, 4);
    z->room = s->scratch_n;
    z->soft = l->head_n < 2 || l->head[0] != 'P' || l->head[1] != 'K';
    if (z->soft) {
        search(z);
    }
}

void rst_zip_malformed(rst_scanner *s, rst_layer *l, const char *why) {
    rst_zip *z = &l->u.zip;
    z->partial = true;
    search(z);
    // One contradiction leads to others: the first is told.
    if ((!z->soft || z->good) && !z->told) {
        z->told = true;
        rst_found(s, RST_MALFORMED, why, l, &l->place, NULL);
    }
}

static void record(rst_scanner *s, rst_layer *l, uint32_t mark) {
    rst_zip *z = &l->u.zip;
    if (z->ended && (mark == MARK_LOCAL || mark == MARK_CENTRAL || mark == MARK_END)) {
        rst_zip_malformed(s, l, "zip goes on behind its end record");
        z->ended = false;
    }
    switch (mark) {
    case MARK_LOCAL:
        if (z->central.count > 0) {
            rst_zip_malformed(s, l, "zip entry behind the directory");
        }
        rst_zip_gather(z, RST_ZIP_LOCAL, 26);
        break;
    case MARK_CENTRAL:
        if (z->central.count == 0) {
            z->directory = z->pos - 4;
        }
        rst_zip_gather(z, RST_ZIP_CENTRAL, 42);
        break;
    case MARK_END:
        rst_zip_gather(z, RST_ZIP_END, 18);
        break;
    case MARK_END64:
        rst_zip_gather(z, RST_ZIP_SIZED8, 8);
        break;
    case MARK_LOCATOR64:
        z->state = RST_ZIP_SKIP;
        z->left = 16;
        break;
    case MARK_SIGNATURE:
        rst_zip_gather(z, RST_ZIP_SIZED2, 2);
        break;
    case MARK_EXTRA:
        rst_found(s, RST_ENCRYPTED, "encrypted zip directory", l, &l->place, NULL);
        rst_zip_gather(z, RST_ZIP_SIZED4, 4);
        break;
    case MARK_SPLIT:
    case MARK_ONE_DISK:
        rst_zip_gather(z, RST_ZIP_SIGNATURE, 4);
        break;
    default:
        rst_zip_malformed(s, l, "octets between the records of a zip");
        z->recent = mark;
        break;
    }
}

static void begin_name(rst_zip *z, rst_zip_state state) {
    z->state = state;
    z->name_n = 0;
    z->entry.name_hash = 0xcbf29ce484222325u;
    z->entry.zip64 = false;
    z->extra_n = 0;
    z->wide_n = 0;
    z->left = z->entry.name_n;
}

// A chance hit in the stub of a self-extractor is no local header.
static bool plausible(const rst_zip *z) {
    return rst_le16(z->small) <= 100 && z->entry.method < 100 && z->entry.name_n > 0 &&
           z->entry.name_n <= 1024;
}

static void end_record(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    if (rst_le16(z->small) != 0 && rst_le16(z->small) != UINT16_MAX) {
        rst_found(s, RST_UNSCANNABLE, "split zip", l, &l->place, NULL);
    }
    const char *why = rst_zip_compare(z, z->pos - 22);
    if (why != NULL) {
        rst_zip_malformed(s, l, why);
    }
    z->ended = true;
    search(z); // a comment or what follows may hold another end record
}

static void skip(rst_zip *z, uint64_t n) {
    z->left = n;
    if (n == 0) {
        rst_zip_gather(z, RST_ZIP_SIGNATURE, 4);
    } else {
        z->state = RST_ZIP_SKIP;
    }
}

// What was wanted is in `small`.
static void gathered(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    switch (z->state) {
    case RST_ZIP_SIGNATURE:
        record(s, l, rst_le32(z->small));
        break;
    case RST_ZIP_LOCAL:
        rst_zip_local(z);
        if (z->soft && !z->good && !plausible(z)) {
            search(z);
        } else {
            begin_name(z, RST_ZIP_LOCAL_NAME);
        }
        break;
    case RST_ZIP_CENTRAL:
        rst_zip_central(z);
        begin_name(z, RST_ZIP_CENTRAL_NAME);
        break;
    case RST_ZIP_DESCRIPTOR:
        rst_zip_entry_descriptor(s, l);
        break;
    case RST_ZIP_SIZED8:
        skip(z, rst_le64(z->small));
        break;
    case RST_ZIP_SIZED4:
        skip(z, rst_le32(z->small));
        break;
    case RST_ZIP_SIZED2:
        skip(z, rst_le16(z->small));
        break;
    default: // RST_ZIP_END
        end_record(s, l);
        break;
    }
}

// A field of `left` octets is complete: the next one that has any.
static void next_field(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    while (z->left == 0) {
        switch (z->state) {
        case RST_ZIP_LOCAL_NAME:
            z->state = RST_ZIP_LOCAL_EXTRA;
            z->left = z->entry.extra_n;
            break;
        case RST_ZIP_CENTRAL_NAME:
            z->state = RST_ZIP_CENTRAL_EXTRA;
            z->left = z->entry.extra_n;
            break;
        case RST_ZIP_LOCAL_EXTRA:
            rst_zip_wide(z);
            rst_zip_entry_begin(s, l);
            return;
        case RST_ZIP_CENTRAL_EXTRA:
            rst_zip_wide(z);
            rst_zip_add(&z->central, &z->entry);
            skip(z, z->comment_n);
            return;
        case RST_ZIP_SKIP:
            rst_zip_gather(z, RST_ZIP_SIGNATURE, 4);
            return;
        default:
            return;
        }
    }
}

static size_t take_field(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_zip *z = &l->u.zip;
    size_t take = z->left < n ? (size_t)z->left : n;
    z->left -= take;
    if (z->state == RST_ZIP_LOCAL_NAME || z->state == RST_ZIP_CENTRAL_NAME) {
        rst_zip_name(z, data, take);
    } else if (z->state != RST_ZIP_SKIP) {
        rst_zip_extra(z, data, take);
    }
    z->pos += take;
    next_field(s, l);
    return take;
}

static size_t take_small(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_zip *z = &l->u.zip;
    size_t room = (size_t)z->want - z->small_n;
    size_t take = room < n ? room : n;
    memcpy(z->small + z->small_n, data, take);
    z->small_n = (uint8_t)(z->small_n + take);
    z->pos += take;
    if (z->small_n == z->want) {
        gathered(s, l);
        next_field(s, l);
    }
    return take;
}

// Behind a program there may be a rar as well. True once octet c completes its mark, of which the
// last octet is 0 or 1; its first does not come again in it.
static bool rar_mark(rst_zip *z, uint8_t c) {
    static const uint8_t mark[] = {'R', 'a', 'r', '!', 0x1a, 7};
    if (z->rar_n == sizeof mark) {
        z->rar_n = 0;
        return c <= 1;
    }
    z->rar_n = c == mark[z->rar_n] ? z->rar_n + 1 : c == mark[0];
    return false;
}

// The rest of the object is a rar: what looks like one by chance comes back from rar.c.
static void begin_rar(rst_scanner *s, rst_layer *l, uint8_t version) {
    rst_zip *z = &l->u.zip;
    const uint8_t mark[] = {'R', 'a', 'r', '!', 0x1a, 7, version};
    z->state = RST_ZIP_OVER;
    if (rst_count_entry(s, l)) {
        z->state = RST_ZIP_RAR;
        z->child = rst_layer_open(s, RST_HINT_FILE, "rar", &l->place, false);
        rst_expand(s, l, z->child, mark, sizeof mark);
    }
}

static void take_rar(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_zip *z = &l->u.zip;
    if (!rst_expand(s, l, z->child, data, n)) {
        if (z->child != NULL) {
            rst_layer_close(s, z->child);
            z->child = NULL;
        }
        z->state = RST_ZIP_OVER;
    }
}

static size_t take_search(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_zip *z = &l->u.zip;
    for (size_t i = 0; i < n; i++) {
        z->recent = z->recent >> 8 | (uint32_t)data[i] << 24;
        bool found =
            z->recent == MARK_LOCAL ||
            ((!z->soft || z->good) && (z->recent == MARK_CENTRAL || z->recent == MARK_END));
        if (z->soft && !z->good && rar_mark(z, data[i])) {
            begin_rar(s, l, data[i]);
            return i + 1;
        }
        if (found) {
            z->pos += i + 1;
            record(s, l, z->recent);
            return i + 1;
        }
    }
    z->pos += n;
    return n;
}

void rst_zip_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire) {
    (void)wire;
    rst_zip *z = &l->u.zip;
    while (n > 0 && z->state != RST_ZIP_OVER && !s->halted) {
        size_t used;
        switch (z->state) {
        case RST_ZIP_DATA:
            used = rst_zip_entry_data(s, l, data, n);
            z->pos += used;
            break;
        case RST_ZIP_SEARCH:
            used = take_search(s, l, data, n);
            break;
        case RST_ZIP_RAR:
            take_rar(s, l, data, n);
            used = n;
            break;
        case RST_ZIP_LOCAL_NAME:
        case RST_ZIP_LOCAL_EXTRA:
        case RST_ZIP_CENTRAL_NAME:
        case RST_ZIP_CENTRAL_EXTRA:
        case RST_ZIP_SKIP:
            used = take_field(s, l, data, n);
            break;
        default:
            used = take_small(s, l, data, n);
            break;
        }
        data += used;
        n -= used;
    }
}

void rst_zip_end(rst_scanner *s, rst_layer *l) {
    rst_zip *z = &l->u.zip;
    if (z->state == RST_ZIP_RAR) {
        if (z->child != NULL) {
            rst_layer_close(s, z->child);
        }
        return;
    }
    bool whole = z->ended || z->state == RST_ZIP_OVER || s->halted;
    rst_zip_entry_cut(s, l);
    if (!whole) {
        rst_zip_malformed(s, l, "zip is cut off");
    }
}
