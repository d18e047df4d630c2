// The records of a zip (APPNOTE 4.3, 4.5): fixed fields, names, zip64 sizes, and the comparison
// of directory and entries. It reads no data.
#include <string.h>

#include "print.h"
#include "zip.h"

void rst_zip_local(rst_zip *z) {
    const uint8_t *p = z->small;
    rst_zip_entry *e = &z->entry;
    e->flags = rst_le16(p + 2);
    e->method = rst_le16(p + 4);
    e->crc = rst_le32(p + 10);
    e->packed = rst_le32(p + 14);
    e->size = rst_le32(p + 18);
    e->name_n = rst_le16(p + 22);
    e->extra_n = rst_le16(p + 24);
    e->at = z->pos - 30;
}

void rst_zip_central(rst_zip *z) {
    const uint8_t *p = z->small;
    rst_zip_entry *e = &z->entry;
    e->flags = rst_le16(p + 4);
    e->method = rst_le16(p + 6);
    e->crc = rst_le32(p + 12);
    e->packed = rst_le32(p + 16);
    e->size = rst_le32(p + 20);
    e->name_n = rst_le16(p + 24);
    e->extra_n = rst_le16(p + 26);
    e->at = rst_le32(p + 38);
    z->comment_n = rst_le16(p + 28);
}

void rst_zip_name(rst_zip *z, const uint8_t *data, size_t n) {
    uint64_t hash = z->entry.name_hash;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = data[i] == '\\' ? '/' : data[i];
        hash = (hash ^ c) * 0x100000001b3u; // FNV-1a
        rst_keep_ends(z->name, &z->name_n, sizeof z->name, data[i]);
    }
    z->entry.name_hash = hash;
}

void rst_zip_extra(rst_zip *z, const uint8_t *data, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (z->extra_n < 4) {
            z->extra[z->extra_n++] = data[i];
            if (z->extra_n == 4) {
                z->extra_left = rst_le16(z->extra + 2);
            }
        } else {
            if (rst_le16(z->extra) == 1 && z->wide_n < sizeof z->wide) {
                z->wide[z->wide_n++] = data[i];
            }
            z->extra_left--;
        }
        if (z->extra_n == 4 && z->extra_left == 0) {
            z->entry.zip64 = z->entry.zip64 || rst_le16(z->extra) == 1;
            z->extra_n = 0;
        }
    }
}

// The zip64 field holds, in this order, only those values that are all ones in the header.
void rst_zip_wide(rst_zip *z) {
    rst_zip_entry *e = &z->entry;
    uint64_t *values[] = {&e->size, &e->packed, &e->at};
    size_t at = 0;
    for (size_t i = 0; i < 3 && e->zip64; i++) {
        bool wide = *values[i] == UINT32_MAX;
        if (wide && at + 8 <= z->wide_n) {
            *values[i] = rst_le64(z->wide + at);
            at += 8;
        }
    }
}

void rst_zip_add(rst_zip_sums *sums, const rst_zip_entry *entry) {
    const uint64_t fields[] = {entry->name_hash, entry->crc, entry->packed, entry->size,
                               entry->method};
    uint64_t h = 0;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        h ^= fields[i];
        h *= 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
        h *= 0xbf58476d1ce4e5b9u;
        h ^= h >> 29;
    }
    sums->count++;
    sums->sum += h;
    sums->places += h * entry->at;
}

const char *rst_zip_compare(const rst_zip *z, uint64_t end_at) {
    const uint8_t *p = z->small;
    uint16_t count = rst_le16(p + 6);
    uint32_t offset = rst_le32(p + 12);
    if (count != UINT16_MAX && count != (uint16_t)z->central.count) {
        return "zip end record and directory differ";
    }
    if (z->partial) {
        return NULL;
    }
    if (z->central.count != z->local.count || z->central.sum != z->local.sum) {
        return "zip directory and entries differ";
    }
    // Octets before the zip shift all places alike.
    uint64_t directory = z->central.count > 0 ? z->directory : end_at;
    uint64_t shift = offset == UINT32_MAX ? 0 : directory - offset;
    if (z->central.places + shift * z->central.sum != z->local.places) {
        return "zip directory points elsewhere";
    }
    return NULL;
}
