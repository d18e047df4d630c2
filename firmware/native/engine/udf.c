// UDF (ECMA-167 and OSTA UDF 1.02 to 2.01), as on bridge discs beside ISO 9660 and alone.
// Partitions that are virtual, sparable or described by metadata files are not opened.
#include <string.h>

#include "image.h"
#include "report.h"
#include "scanner.h"

enum {
    // Descriptor tags (ECMA-167 3/7.2, 4/7.2).
    TAG_ANCHOR = 2,
    TAG_POINTER = 3,
    TAG_PARTITION = 5,
    TAG_LOGICAL = 6,
    TAG_TERMINATOR = 8,
    TAG_FILE_SET = 256,
    TAG_FILE_ID = 257,
    TAG_EXTENT = 258,
    TAG_FILE_ENTRY = 261,
    TAG_EXTENDED_ENTRY = 266,
    MAX_PARTITIONS = 8,
    MAX_DESCRIPTORS = 256, // of a volume sequence; real ones have about eight
    FILE_ID = 38,          // octets before the name
    ID_FOLDER = 0x02,
    ID_DELETED = 0x04,
    ID_PARENT = 0x08,
    ENTRY_FOLDER = 4,
    LENGTH_BITS = 30, // the two above say how an extent is recorded
    RECORDED = 0,
    CONTINUED = 3,
};

typedef struct {
    uint16_t number;
    uint64_t at, n; // octets of the image
} partition;

typedef struct {
    const uint8_t *ids; // file identifiers, in the image or in the scratch
    uint64_t n, pos;
    uint64_t icb;
    size_t path_n;
} folder;

typedef struct {
    rst_image *m;
    uint32_t block;
    size_t partition_n, map_n;
    partition partitions[MAX_PARTITIONS];
    uint16_t maps[MAX_PARTITIONS]; // partition numbers by reference
    uint8_t file_set[16];          // long_ad
    bool has_logical;
    size_t depth;
    rst_image_path path;
    folder folders[RST_IMAGE_DEPTH];
} volume;

// A file entry, and the walk over its allocation descriptors.
typedef struct {
    uint64_t size;
    uint8_t kind;
    uint8_t form; // 0 short, 1 long, 2 extended, 3 embedded
    uint16_t ref; // partition of the entry itself
    const uint8_t *ads;
    uint64_t ads_n;
    uint64_t links; // extents of descriptors so far
} entry;

// The descriptor at octet `at`, if it has this tag; its checksum is over the tag alone.
static const uint8_t *tagged(const volume *v, uint64_t at, int tag) {
    const rst_image *m = v->m;
    if (!rst_image_has(m, at, v->block)) {
        return NULL;
    }
    const uint8_t *d = m->data + at;
    uint8_t sum = 0;
    for (size_t i = 0; i < 16; i++) {
        sum = (uint8_t)(sum + (i == 4 ? 0 : d[i]));
    }
    return sum == d[4] && (tag < 0 || rst_le16(d) == tag) ? d : NULL;
}

// Octet of a block in the partition with this reference; false, and a finding, if there is none.
static bool place(volume *v, uint32_t block, uint16_t ref, uint64_t *at) {
    for (size_t i = 0; ref < v->map_n && i < v->partition_n; i++) {
        const partition *p = &v->partitions[i];
        if (p->number == v->maps[ref]) {
            *at = p->at + (uint64_t)block * v->block;
            return true;
        }
    }
    rst_image_malformed(v->m, "udf partition that is not there");
    return false;
}

static void take_partition(volume *v, const uint8_t *d) {
    partition p = {.number = rst_le16(d + 22),
                   .at = (uint64_t)rst_le32(d + 188) * v->block,
                   .n = (uint64_t)rst_le32(d + 192) * v->block};
    for (size_t i = 0; i < v->partition_n; i++) {
        if (v->partitions[i].number == p.number) {
            v->partitions[i] = p;
            return;
        }
    }
    if (v->partition_n < MAX_PARTITIONS) {
        v->partitions[v->partition_n++] = p;
    }
}

static void take_logical(volume *v, const uint8_t *d) {
    v->has_logical = true;
    memcpy(v->file_set, d + 248, sizeof v->file_set);
    v->map_n = 0;
    if (rst_le32(d + 212) != v->block) {
        rst_image_malformed(v->m, "udf block size");
    }
    size_t end = 440 + (size_t)(rst_le32(d + 264) < v->block ? rst_le32(d + 264) : v->block);
    end = end < v->block ? end : v->block;
    for (size_t at = 440; at + 6 <= end && v->map_n < MAX_PARTITIONS; at += d[at + 1]) {
        if (d[at] == 1 && d[at + 1] == 6) {
            v->maps[v->map_n++] = rst_le16(d + at + 4);
        } else {
            // Type 2: a virtual, sparable or metadata partition.
            rst_image_say(v->m, RST_UNSCANNABLE, "udf, virtual or metadata partition");
            v->has_logical = false;
            return;
        }
    }
}

// The volume descriptor sequence in n octets from `at` on.
static void sequence(volume *v, uint64_t at, uint64_t n) {
    bool over = false;
    for (size_t i = 0; i < MAX_DESCRIPTORS && !over && n >= v->block; i++) {
        const uint8_t *d = tagged(v, at, -1);
        at += v->block;
        n -= v->block;
        over = d == NULL || rst_le16(d) == TAG_TERMINATOR || rst_le16(d) == 0;
        if (!over && rst_le16(d) == TAG_PARTITION) {
            take_partition(v, d);
        } else if (!over && rst_le16(d) == TAG_LOGICAL) {
            take_logical(v, d);
        } else if (!over && rst_le16(d) == TAG_POINTER) {
            n = rst_le32(d + 20);
            at = (uint64_t)rst_le32(d + 24) * v->block;
        }
    }
}

// The file entry at `at`. False, and a finding, if there is none that can be read.
static bool read_entry(volume *v, uint64_t at, uint16_t ref, entry *e) {
    const uint8_t *d = tagged(v, at, -1);
    uint16_t tag = d != NULL ? rst_le16(d) : 0;
    if (tag != TAG_FILE_ENTRY && tag != TAG_EXTENDED_ENTRY) {
        rst_image_malformed(v->m, "udf file entry");
        return false;
    }
    if (rst_le16(d + 20) != 4) {
        rst_image_say(v->m, RST_UNSCANNABLE, "udf, ICB strategy other than 4");
        return false;
    }
    uint64_t head = tag == TAG_FILE_ENTRY ? 176 : 216;
    uint64_t attributes = rst_le32(d + head - 8);
    uint64_t ads_n = rst_le32(d + head - 4);
    if (head + attributes + ads_n > v->block) {
        rst_image_malformed(v->m, "udf file entry");
        return false;
    }
    *e = (entry){.size = rst_le64(d + 56),
                 .kind = d[27],
                 .form = d[34] & 7,
                 .ref = ref,
                 .ads = d + head + attributes,
                 .ads_n = ads_n};
    if (e->form == 2 || e->form > 3) {
        rst_image_say(v->m, RST_UNSCANNABLE, "udf, extended allocation descriptors");
        return false;
    }
    return true;
}

// One allocation descriptor: takes it off `e`. False at the end.
static bool next_extent(volume *v, entry *e, int *kind, uint64_t *at, uint64_t *n) {
    for (;;) {
        size_t size = e->form == 0 ? 8 : 16;
        if (e->ads_n < size || !rst_image_spend(v->m, 16)) {
            return false;
        }
        const uint8_t *ad = e->ads;
        e->ads += size;
        e->ads_n -= size;
        *n = rst_le32(ad) & ((1u << LENGTH_BITS) - 1);
        *kind = (int)(rst_le32(ad) >> LENGTH_BITS);
        *at = 0;
        if (*n == 0) {
            return false; // ECMA-167 4/12: a length of zero ends the list
        }
        uint16_t ref = e->form == 0 ? e->ref : rst_le16(ad + 8);
        if ((*kind == RECORDED || *kind == CONTINUED) && !place(v, rst_le32(ad + 4), ref, at)) {
            return false;
        }
        if (*kind != CONTINUED) {
            return true;
        }
        const uint8_t *d = tagged(v, *at, TAG_EXTENT);
        if (d == NULL || rst_le32(d + 20) > v->block - 24) {
            rst_image_malformed(v->m, "udf allocation extent");
            return false;
        }
        if (++e->links > v->m->n / v->block) {
            rst_image_malformed(v->m, "udf allocation extents in a circle");
            return false;
        }
        e->ads = d + 24;
        e->ads_n = rst_le32(d + 20);
    }
}

static void extents(volume *v, entry *e) {
    rst_image *m = v->m;
    uint64_t left = e->size;
    int kind;
    uint64_t at, n;
    while (left > 0 && !m->over && next_extent(v, e, &kind, &at, &n)) {
        n = n < left ? n : left;
        if (kind == RECORDED) {
            rst_image_piece(m, at, n);
        } else {
            rst_image_zeros(m, n);
        }
        left -= n;
    }
    if (left > 0 && !m->over) {
        rst_image_malformed(m, "udf file shorter than its size");
    }
}

// The only extent of a file, so that trees of the image that share it are known.
static bool single_extent(volume *v, entry e, uint64_t *at) {
    int kind;
    uint64_t n;
    return e.form != 3 && next_extent(v, &e, &kind, at, &n) && kind == RECORDED && n >= e.size;
}

static void file(volume *v, entry *e) {
    rst_image *m = v->m;
    uint64_t at;
    if (e->size == 0 || (single_extent(v, *e, &at) && !rst_image_fresh(m, at, e->size, false))) {
        return;
    }
    if (!rst_image_open(m, v->path.text)) {
        return;
    }
    if (e->form == 3) {
        if (e->size > e->ads_n) {
            rst_image_malformed(m, "udf file shorter than its size");
        }
        rst_image_piece(m, (uint64_t)(e->ads - m->data), e->size < e->ads_n ? e->size : e->ads_n);
    } else {
        extents(v, e);
    }
    rst_image_close(m);
}

// The octets of a folder in one piece: as they lie, or put together in the scratch.
static const uint8_t *folder_ids(volume *v, entry *e) {
    rst_image *m = v->m;
    uint64_t at;
    if (e->form == 3) {
        e->size = e->size < e->ads_n ? e->size : e->ads_n;
        return e->ads;
    }
    if (single_extent(v, *e, &at) && rst_image_has(m, at, e->size)) {
        return m->data + at;
    }
    uint8_t *ids = e->size <= m->n ? rst_scratch_take(m->s, m->l, e->size) : NULL;
    uint64_t got = 0;
    int kind;
    uint64_t n;
    while (ids != NULL && got < e->size && next_extent(v, e, &kind, &at, &n)) {
        n = n < e->size - got ? n : e->size - got;
        if (kind != RECORDED || !rst_image_has(m, at, n) || !rst_image_spend(m, n)) {
            break;
        }
        memcpy(ids + got, m->data + at, n);
        got += n;
    }
    if (got < e->size) {
        rst_image_malformed(m, "udf folder shorter than its size");
        e->size = got;
    }
    return ids;
}

static void enter(volume *v, uint64_t icb, entry *e, size_t path_n) {
    rst_image *m = v->m;
    for (size_t i = 0; i < v->depth; i++) {
        if (v->folders[i].icb == icb) {
            rst_image_malformed(m, "udf folder that contains itself");
            return;
        }
    }
    if (!rst_image_fresh(m, icb, 1, true)) {
        return;
    }
    if (v->depth == RST_IMAGE_DEPTH) {
        rst_image_say(m, RST_TOO_DEEP, "folders nested deeper than the limit");
        return;
    }
    const uint8_t *ids = folder_ids(v, e);
    if (ids != NULL && !m->over) {
        v->folders[v->depth++] = (folder){ids, e->size, 0, icb, path_n};
    }
}

// OSTA compressed unicode: the first octet says how many bits a character has.
static size_t join_name(volume *v, size_t at, const uint8_t *name, size_t n) {
    if (n > 0 && name[0] == 16) {
        return rst_image_join16(&v->path, at, name + 1, n - 1, true);
    }
    return rst_image_join(&v->path, at, name + (n > 0), n - (n > 0), RST_CHARSET_LATIN1);
}

// One file identifier of the innermost folder.
static void step(volume *v) {
    rst_image *m = v->m;
    folder *f = &v->folders[v->depth - 1];
    uint64_t left = f->n - f->pos;
    if (left < FILE_ID) {
        v->depth--;
        return;
    }
    const uint8_t *d = f->ids + f->pos;
    size_t use_n = rst_le16(d + 36);
    size_t whole = (FILE_ID + use_n + d[19] + 3u) & ~(size_t)3;
    if (rst_le16(d) != TAG_FILE_ID || FILE_ID + use_n + d[19] > left) {
        rst_image_malformed(m, "udf file identifier");
        v->depth--;
        return;
    }
    f->pos += whole < left ? whole : left;
    uint64_t icb;
    entry e;
    uint16_t ref = rst_le16(d + 28);
    if ((d[18] & (ID_DELETED | ID_PARENT)) != 0 || !place(v, rst_le32(d + 24), ref, &icb) ||
        !read_entry(v, icb, ref, &e)) {
        return;
    }
    size_t path_n = join_name(v, f->path_n, d + FILE_ID + use_n, d[19]);
    if ((d[18] & ID_FOLDER) != 0 || e.kind == ENTRY_FOLDER) {
        enter(v, icb, &e, path_n);
    } else {
        file(v, &e);
    }
}

static void walk(volume *v) {
    uint64_t at;
    uint64_t icb;
    entry e;
    if (!place(v, rst_le32(v->file_set + 4), rst_le16(v->file_set + 8), &at)) {
        return;
    }
    const uint8_t *d = tagged(v, at, TAG_FILE_SET);
    if (d == NULL) {
        rst_image_malformed(v->m, "udf file set");
        return;
    }
    uint16_t ref = rst_le16(d + 408);
    if (place(v, rst_le32(d + 404), ref, &icb) && read_entry(v, icb, ref, &e)) {
        enter(v, icb, &e, 0);
    }
    while (v->depth > 0 && rst_image_spend(v->m, 16)) {
        step(v);
    }
}

// The anchor: block 256, or the last, or the 256th from the end; blocks of any size.
static const uint8_t *anchor(volume *v) {
    static const uint32_t sizes[] = {2048, 512, 1024, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        v->block = sizes[i];
        uint64_t blocks = v->m->n / v->block;
        const uint64_t places[] = {256, blocks - 1, blocks - 257};
        for (size_t k = 0; k < 3; k++) {
            const uint8_t *d =
                places[k] < blocks ? tagged(v, places[k] * v->block, TAG_ANCHOR) : NULL;
            if (d != NULL && rst_le32(d + 12) == places[k]) {
                return d;
            }
        }
    }
    return NULL;
}

// The volume recognition sequence holds "NSR02" or "NSR03".
static bool recognised(const rst_image *m) {
    for (uint64_t at = 32768; at < 32768 + 32 * 2048 && rst_image_has(m, at, 2048); at += 2048) {
        if (memcmp(m->data + at + 1, "NSR0", 4) == 0) {
            return true;
        }
    }
    return false;
}

bool rst_udf_read(rst_image *m) {
    volume v = {.m = m};
    const uint8_t *d = m->over ? NULL : anchor(&v);
    if (d == NULL) {
        if (!m->over && recognised(m)) {
            rst_image_malformed(m, "udf without its anchor");
        }
        return false;
    }
    sequence(&v, (uint64_t)rst_le32(d + 20) * v.block, rst_le32(d + 16));
    if (v.partition_n == 0 || (!v.has_logical && v.map_n == 0)) {
        sequence(&v, (uint64_t)rst_le32(d + 28) * v.block, rst_le32(d + 24)); // the reserve
    }
    if (v.has_logical) {
        walk(&v);
    } else {
        rst_image_malformed(m, "udf without its logical volume");
    }
    return true;
}
