// See image.h. The marks of ISO 9660 and UDF lie at octet 32769, far behind the head by which
// formats are told, and the first 32 KiB may hold anything. So what may be an image is stored and
// judged at its end: by name (.iso, .img, .vhd, ...), by a boot sector's mark (hybrid images,
// disks), by a first sector of zeros, by the sync pattern of a raw sector. Missed is an image with
// other first octets under another name: no system mounts that by a click; it is still matched
// as it is.
#include "image.h"

#include <string.h>

#include "ascii.h"
#include "magic.h"
#include "report.h"
#include "scanner.h"

enum { RAW_SECTOR = 2352, DATA_SECTOR = 2048 };

static const uint8_t raw_sync[12] = {0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0};

static const char *const extensions[] = {".iso", ".img", ".ima", ".vhd", ".udf", ".vfd",
                                         ".flp", ".dsk", ".dd",  ".raw", ".mdf"};

// Where the extension of an image begins in the name, or 0.
static size_t extension_at(const char *name) {
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        size_t m = strlen(extensions[i]);
        if (n > m && rst_is((const uint8_t *)name + n - m, m, extensions[i])) {
            return n - m;
        }
    }
    return 0;
}

static bool all_zero(const uint8_t *data, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (data[i] != 0) {
            return false;
        }
    }
    return n > 0;
}

bool rst_image_candidate(const uint8_t *head, size_t n, const char *name) {
    if (extension_at(name) > 0) {
        return true;
    }
    if (n < RST_HEAD || !rst_magic_quiet(rst_magic(head, n))) {
        return false;
    }
    return (head[510] == 0x55 && head[511] == 0xaa) || all_zero(head, n) ||
           memcmp(head, raw_sync, sizeof raw_sync) == 0 || memcmp(head, "conectix", 8) == 0;
}

void rst_image_say(rst_image *m, rst_verdict verdict, const char *why) {
    if (!m->s->halted) {
        rst_found(m->s, verdict, why, m->l, &m->l->place, NULL);
    }
}

void rst_image_malformed(rst_image *m, const char *why) {
    rst_image_say(m, RST_MALFORMED, why);
}

bool rst_image_spend(rst_image *m, uint64_t units) {
    rst_spend(m->s, units);
    if (!rst_budget_left(m->s)) {
        m->over = true;
    }
    return !m->over;
}

bool rst_image_fresh(rst_image *m, uint64_t at, uint64_t n, bool folder) {
    if (at % RST_IMAGE_SECTOR != 0 || at >= m->n) {
        return true;
    }
    uint32_t *seen = &m->seen[at / RST_IMAGE_SECTOR * 2 + folder];
    uint32_t length = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
    if (*seen >= length) {
        return false;
    }
    *seen = length;
    return true;
}

bool rst_image_open(rst_image *m, const char *name) {
    if (m->over) {
        return false;
    }
    if (!rst_count_entry(m->s, m->l)) {
        m->over = true;
        return false;
    }
    m->child = rst_layer_open(m->s, RST_HINT_FILE, name, &m->l->place, false);
    m->over = m->s->halted;
    return true;
}

static void hand_on(rst_image *m, const uint8_t *data, uint64_t n) {
    while (n > 0 && !m->over) {
        size_t take = n < RST_BLOCK ? (size_t)n : RST_BLOCK;
        m->over = !rst_expand(m->s, m->l, m->child, data, take);
        data += take;
        n -= take;
    }
}

void rst_image_piece(rst_image *m, uint64_t at, uint64_t n) {
    if (!rst_image_has(m, at, n)) {
        rst_image_malformed(m, "file beyond the end of the image");
        n = at < m->n ? m->n - at : 0;
    }
    if (n > 0) {
        hand_on(m, m->data + at, n);
    }
}

void rst_image_zeros(rst_image *m, uint64_t n) {
    static const uint8_t zeros[DATA_SECTOR];
    while (n > 0 && !m->over) {
        uint64_t take = n < sizeof zeros ? n : sizeof zeros;
        hand_on(m, zeros, take);
        n -= take;
    }
}

void rst_image_close(rst_image *m) {
    if (m->child != NULL) {
        rst_layer_close(m->s, m->child);
        m->child = NULL;
    }
    m->over = m->over || m->s->halted;
}

// Half of the room is a name's own: of a longer path the end is cut off, so that the name's is
// not.
static size_t begin_name(rst_print *p, rst_image_path *path, size_t at) {
    while (at > RST_IMAGE_PATH / 2 - 1 || (at > 0 && ((uint8_t)path->text[at] & 0xc0) == 0x80)) {
        at--;
    }
    rst_print_init(p, path->text + at, sizeof path->text - at);
    if (at > 0) {
        rst_print_octet(p, RST_CHARSET_UTF8, '/');
    }
    return at;
}

size_t rst_image_join(rst_image_path *path, size_t at, const uint8_t *name, size_t n,
                      rst_charset charset) {
    rst_print p;
    at = begin_name(&p, path, at);
    rst_print_octets(&p, charset, name, n);
    rst_print_end(&p);
    return at + p.n;
}

// One character as the octets of UTF-8; print.c judges it.
static void put_code(rst_print *p, uint32_t code) {
    if (code < 0x80) {
        rst_print_octet(p, RST_CHARSET_UTF8, (uint8_t)code);
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};
    rst_print_octet(p, RST_CHARSET_UTF8, (uint8_t)(first[more] | code >> (6 * more)));
    while (more-- > 0) {
        rst_print_octet(p, RST_CHARSET_UTF8, (uint8_t)(0x80 | (code >> (6 * more) & 0x3f)));
    }
}

size_t rst_image_join16(rst_image_path *path, size_t at, const uint8_t *name, size_t n,
                        bool big_endian) {
    rst_print p;
    at = begin_name(&p, path, at);
    uint32_t high = 0; // first half of a pair
    for (size_t i = 0; i + 1 < n; i += 2) {
        uint32_t unit = big_endian ? rst_image_be16(name + i) : rst_le16(name + i);
        if (high != 0 && unit >= 0xdc00 && unit < 0xe000) {
            put_code(&p, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
            high = 0;
            continue;
        }
        high = unit >= 0xd800 && unit < 0xdc00 ? unit : 0;
        if (high == 0) {
            put_code(&p, unit);
        }
    }
    rst_print_end(&p);
    return at + p.n;
}

// Sectors of 2352 octets (ECMA-130): sync, address, mode, then 2048 octets at 16 in mode 1 and
// at 24 in mode 2 form 1. The data alone are put together in the scratch.
static bool strip_raw(rst_image *m) {
    size_t sectors = m->n / RAW_SECTOR;
    if (sectors < 17 || memcmp(m->data, raw_sync, sizeof raw_sync) != 0 || m->data[15] < 1 ||
        m->data[15] > 2) {
        return false;
    }
    uint8_t *out = rst_scratch_take(m->s, m->l, (uint64_t)sectors * DATA_SECTOR);
    if (out == NULL) {
        m->over = true;
        return false;
    }
    for (size_t i = 0; i < sectors && rst_image_spend(m, DATA_SECTOR / 8); i++) {
        const uint8_t *raw = m->data + i * RAW_SECTOR;
        memcpy(out + i * DATA_SECTOR, raw + (raw[15] == 2 ? 24 : 16), DATA_SECTOR);
    }
    m->data = out;
    m->n = sectors * DATA_SECTOR;
    return true;
}

static bool begin_seen(rst_image *m) {
    size_t sectors = 2 * (m->n / RST_IMAGE_SECTOR + 1);
    m->seen = rst_scratch_take(m->s, m->l, (uint64_t)sectors * sizeof *m->seen);
    if (m->seen == NULL) {
        return false;
    }
    memset(m->seen, 0, sectors * sizeof *m->seen);
    return true;
}

// What has an image's name and is none, or begins like another format as well, is opened as that:
// under the name without the extension, so that it does not come here again.
static void open_as_other(rst_image *m, const uint8_t *data, size_t n) {
    rst_layer *l = m->l;
    char name[RST_MAX_NAME];
    memcpy(name, l->name, sizeof name);
    for (size_t end; (end = extension_at(name)) > 0;) {
        name[end] = 0;
    }
    if (!rst_image_spend(m, 1) || !rst_count_entry(m->s, l)) {
        return;
    }
    m->child = rst_layer_open(m->s, l->hint, name, &l->place, false);
    hand_on(m, data, n);
    rst_image_close(m);
}

void rst_image_end(rst_scanner *s, rst_layer *l) {
    rst_image m = {.s = s, .l = l};
    size_t whole_n;
    const uint8_t *whole = rst_store_whole(s, l, &whole_n);
    if (whole == NULL) {
        return;
    }
    m.data = whole;
    m.n = whole_n;
    strip_raw(&m);
    bool vhd = !m.over && rst_vhd_read(&m);
    if (m.over || !begin_seen(&m)) {
        return;
    }
    bool iso = rst_iso_read(&m);
    bool udf = rst_udf_read(&m);
    bool disk = rst_disk_read(&m, iso || udf);
    if (vhd || udf || iso || disk) {
        rst_layer_refine(l, vhd   ? RST_TYPE_VHD
                            : udf ? RST_TYPE_UDF
                            : iso ? RST_TYPE_ISO
                                  : RST_TYPE_DISK);
    }
    size_t head = whole_n < RST_HEAD ? whole_n : RST_HEAD;
    bool text = l->hint == RST_HINT_TEXT && !vhd && !udf && !iso && !disk;
    rst_type other = rst_magic(whole, head);
    bool opened = !rst_magic_quiet(other) && rst_types[other].format != RST_FORMAT_IMAGE;
    if (!m.over && (text || opened)) {
        open_as_other(&m, whole, whole_n);
    }
}
