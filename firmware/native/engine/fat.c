// FAT12, FAT16 and FAT32 with long names (Microsoft's FAT specification 1.03). Deleted entries
// and free clusters are not files; they are matched with the image as a whole.
#include <string.h>

#include "image.h"
#include "report.h"
#include "scanner.h"

enum {
    ENTRY = 32,
    LONG_UNITS = 13, // characters of a long name in one entry
    MAX_LONG = 20,   // entries of one long name
    ATTRIBUTE_LABEL = 0x08,
    ATTRIBUTE_FOLDER = 0x10,
    ATTRIBUTE_LONG = 0x0f,
    DELETED = 0xe5,
    LAST_LONG = 0x40,
    LEAST_FAT16 = 4085, // clusters; the count alone says which kind it is
    LEAST_FAT32 = 65525,
};

typedef struct {
    uint32_t first;   // cluster; 0 is the root folder of FAT12 and FAT16
    uint32_t cluster; // being read
    uint32_t pos;     // in it
    uint32_t steps;   // clusters so far
    size_t path_n;
} folder;

typedef struct {
    rst_image *m;
    uint64_t at, n; // the volume
    int bits;
    uint64_t fat, fat_n; // the table
    uint64_t data;       // of cluster 2
    uint32_t cluster_n;  // octets of a cluster
    uint32_t clusters;
    uint64_t root; // of FAT12 and FAT16
    uint32_t root_n;
    size_t depth;
    uint8_t long_left; // entries of a long name still to come
    size_t long_n;     // octets of it, 0: none
    uint8_t long_name[MAX_LONG * LONG_UNITS * 2];
    rst_image_path path;
    folder folders[RST_IMAGE_DEPTH];
} volume;

static bool power_of_two(uint32_t v) {
    return v != 0 && (v & (v - 1)) == 0;
}

// Fills in the layout from the boot sector. False: this is no FAT volume.
static bool layout(volume *v) {
    const rst_image *m = v->m;
    if (v->n < 512 || !rst_image_has(m, v->at, 512)) {
        return false;
    }
    const uint8_t *b = m->data + v->at;
    uint32_t sector = rst_le16(b + 11);
    uint32_t reserved = rst_le16(b + 14);
    uint32_t root = rst_le16(b + 17);
    uint32_t table = rst_le16(b + 22);
    uint64_t total = rst_le16(b + 19) != 0 ? rst_le16(b + 19) : rst_le32(b + 32);
    // No mark at its end is asked for: systems mount without.
    if ((b[0] != 0xeb && b[0] != 0xe9) || sector < 512 || sector > 4096 || !power_of_two(sector) ||
        !power_of_two(b[13]) || reserved == 0 || b[16] == 0 || b[16] > 4 || b[21] < 0xf0 ||
        total == 0) {
        return false;
    }
    v->bits = table == 0 ? 32 : 16;
    uint64_t table_n = (uint64_t)(table != 0 ? table : rst_le32(b + 36)) * sector;
    v->root_n = root * ENTRY;
    v->root = (uint64_t)reserved * sector + b[16] * table_n;
    v->data = v->root + ((uint64_t)v->root_n + sector - 1) / sector * sector;
    v->cluster_n = b[13] * sector;
    if (table_n == 0 || v->data > total * sector) {
        return false;
    }
    uint64_t clusters = (total * sector - v->data) / v->cluster_n;
    if (v->bits == 16 && clusters < LEAST_FAT16) {
        v->bits = 12;
    }
    v->fat = v->at + (uint64_t)reserved * sector;
    if (v->bits == 32 && (b[40] & 0x80) != 0 && (b[40] & 0x0f) < b[16]) {
        v->fat += (b[40] & 0x0f) * table_n; // not mirrored: this copy is the one that counts
    }
    v->root += v->at;
    v->data += v->at;
    v->fat_n = table_n;
    // A table that has no place for all clusters bounds them.
    uint64_t most = table_n * 8 / (uint64_t)v->bits;
    clusters = clusters + 2 < most ? clusters + 2 : most;
    v->clusters = clusters < 0x0ffffff7 ? (uint32_t)clusters : 0x0ffffff7;
    return true;
}

static bool is_cluster(const volume *v, uint32_t c) {
    return c >= 2 && c < v->clusters;
}

// The cluster behind c, or 0 at the end of the chain or of the image.
static uint32_t next_cluster(volume *v, uint32_t c) {
    rst_image *m = v->m;
    uint64_t at = v->fat + (uint64_t)c * (uint64_t)v->bits / 8;
    if (!rst_image_has(m, at, v->bits == 32 ? 4 : 2)) {
        rst_image_malformed(m, "fat table beyond the end of the image");
        return 0;
    }
    const uint8_t *p = m->data + at;
    uint32_t value = v->bits == 32 ? rst_le32(p) & 0x0fffffff : rst_le16(p);
    uint32_t end = v->bits == 32 ? 0x0ffffff8 : 0xfff8;
    if (v->bits == 12) {
        value = (c & 1) != 0 ? value >> 4 : value & 0xfff;
        end = 0xff8;
    }
    if (value >= end) {
        return 0;
    }
    if (!is_cluster(v, value)) {
        rst_image_malformed(m, "fat chain leads nowhere");
        return 0;
    }
    return value;
}

static uint64_t cluster_at(const volume *v, uint32_t c) {
    return v->data + (uint64_t)(c - 2) * v->cluster_n;
}

static void file(volume *v, uint32_t c, uint64_t left) {
    rst_image *m = v->m;
    if (left == 0 || !rst_image_open(m, v->path.text)) {
        return;
    }
    uint32_t steps = 0;
    while (left > 0 && is_cluster(v, c) && steps++ < v->clusters && rst_image_spend(m, 4)) {
        uint64_t n = left < v->cluster_n ? left : v->cluster_n;
        uint64_t at = cluster_at(v, c);
        if (!rst_image_has(m, at, n)) {
            rst_image_piece(m, at, n); // says so
            left = 0;
            break;
        }
        rst_image_piece(m, at, n);
        left -= n;
        c = left > 0 ? next_cluster(v, c) : 0;
    }
    if (left > 0 && !m->over) {
        rst_image_malformed(m, "fat chain is shorter than its file");
    }
    rst_image_close(m);
}

static void enter(volume *v, uint32_t first, size_t path_n) {
    rst_image *m = v->m;
    uint64_t at = first == 0 ? v->root : cluster_at(v, first);
    for (size_t i = 0; i < v->depth; i++) {
        if (v->folders[i].first == first) {
            rst_image_malformed(m, "fat folder that contains itself");
            return;
        }
    }
    if (first != 0 && !is_cluster(v, first)) {
        rst_image_malformed(m, "fat folder that is not there");
        return;
    }
    if (!rst_image_fresh(m, at, 1, true)) {
        return;
    }
    if (v->depth == RST_IMAGE_DEPTH) {
        rst_image_say(m, RST_TOO_DEEP, "folders nested deeper than the limit");
        return;
    }
    v->folders[v->depth++] = (folder){.first = first, .cluster = first, .path_n = path_n};
    v->long_left = 0;
    v->long_n = 0;
}

// The next 32 octets of the innermost folder; NULL at its end.
static const uint8_t *next_entry(volume *v) {
    rst_image *m = v->m;
    folder *f = &v->folders[v->depth - 1];
    uint32_t end = f->first == 0 ? v->root_n : v->cluster_n;
    if (f->pos + ENTRY > end) {
        f->cluster = f->first == 0 ? 0 : next_cluster(v, f->cluster);
        f->pos = 0;
        if (f->cluster == 0) {
            return NULL;
        }
        if (++f->steps >= v->clusters) {
            rst_image_malformed(m, "fat chain in a circle");
            return NULL;
        }
    }
    uint64_t at = (f->first == 0 ? v->root : cluster_at(v, f->cluster)) + f->pos;
    f->pos += ENTRY;
    if (!rst_image_has(m, at, ENTRY)) {
        rst_image_malformed(m, "fat folder beyond the end of the image");
        return NULL;
    }
    return m->data + at;
}

// Long names stand before their entry, last piece first.
static void long_piece(volume *v, const uint8_t *e) {
    uint8_t number = e[0] & 0x1f;
    if ((e[0] & LAST_LONG) != 0 && number >= 1 && number <= MAX_LONG) {
        v->long_left = number;
        v->long_n = (size_t)number * LONG_UNITS * 2;
    } else if (v->long_n == 0 || number == 0 || number != v->long_left) {
        v->long_n = 0;
        v->long_left = 0;
        return;
    }
    uint8_t *out = v->long_name + (size_t)(number - 1) * LONG_UNITS * 2;
    memcpy(out, e + 1, 10);
    memcpy(out + 10, e + 14, 12);
    memcpy(out + 22, e + 28, 4);
    v->long_left = (uint8_t)(number - 1);
    for (size_t i = 0; (e[0] & LAST_LONG) != 0 && i < (size_t)LONG_UNITS * 2; i += 2) {
        if (out[i] == 0 && out[i + 1] == 0) {
            v->long_n -= (size_t)LONG_UNITS * 2 - i;
            break;
        }
    }
}

static size_t join_name(volume *v, size_t at, const uint8_t *e) {
    bool whole = v->long_n > 0 && v->long_left == 0;
    size_t long_n = v->long_n;
    v->long_n = 0;
    v->long_left = 0;
    if (whole) {
        return rst_image_join16(&v->path, at, v->long_name, long_n, false);
    }
    uint8_t name[12];
    size_t n = 0;
    for (size_t i = 0; i < 11; i++) {
        if (i == 8 && e[8] != ' ') {
            name[n++] = '.';
        }
        if (e[i] != ' ') {
            name[n++] = i == 0 && e[i] == 0x05 ? DELETED : e[i];
        }
    }
    return rst_image_join(&v->path, at, name, n, RST_CHARSET_OTHER);
}

static void step(volume *v) {
    const uint8_t *e = next_entry(v);
    if (e == NULL || e[0] == 0) {
        v->depth--;
        return;
    }
    uint8_t attributes = e[11] & 0x3f;
    if (e[0] == DELETED) {
        v->long_n = 0;
        return;
    }
    if (attributes == ATTRIBUTE_LONG) {
        long_piece(v, e);
        return;
    }
    if ((attributes & ATTRIBUTE_LABEL) != 0 || e[0] == '.') {
        v->long_n = 0; // the label; "." and ".."
        return;
    }
    uint32_t first = rst_le16(e + 26);
    if (v->bits == 32) {
        first |= (uint32_t)(rst_le16(e + 20) & 0x0fff) << 16;
    }
    size_t path_n = join_name(v, v->folders[v->depth - 1].path_n, e);
    if ((attributes & ATTRIBUTE_FOLDER) != 0) {
        if (first == 0) {
            rst_image_malformed(v->m, "fat folder that is not there");
        } else {
            enter(v, first, path_n);
        }
    } else {
        file(v, first, rst_le32(e + 28));
    }
}

bool rst_fat_read(rst_image *m, uint64_t at, uint64_t n) {
    volume v = {.m = m, .at = at, .n = n};
    if (!layout(&v)) {
        return false;
    }
    enter(&v, v.bits == 32 ? rst_le32(m->data + at + 44) & 0x0fffffff : 0, 0);
    while (v.depth > 0 && rst_image_spend(m, 16)) {
        step(&v);
    }
    return true;
}
