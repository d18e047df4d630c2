// Opens a signature file: checks its header and section table, once. Rule: constant time, no copy.
// What the sections hold is not checked here but where it is read (sigfile.h).
#include <string.h>

#include "match.h"
#include "sigfile.h"

static bool table_is_sound(rst_db *db, const uint8_t *head) {
    uint32_t head_size = rst_load32(head + RST_HEAD_SIZE);
    if (head_size > db->size || rst_load32(head + RST_HEAD_SECTIONS) != RST_SECTIONS ||
        head_size < RST_HEAD_TABLE + RST_SECTIONS * RST_HEAD_TABLE_ENTRY) {
        return false;
    }
    for (size_t i = 0; i < RST_SECTIONS; i++) {
        const uint8_t *entry = head + RST_HEAD_TABLE + i * RST_HEAD_TABLE_ENTRY;
        uint64_t offset = rst_load64(entry);
        uint64_t size = rst_load64(entry + 8);
        if (offset < head_size || offset > db->size || size > db->size - offset) {
            return false;
        }
        db->section[i].data = db->base + offset;
        db->section[i].size = (size_t)size;
    }
    return true;
}

static bool names_are_sound(const rst_db *db) {
    const rst_db_section *names = &db->section[RST_SECTION_NAMES];
    return names->size > 0 && names->data[names->size - 1] == 0 && db->name < names->size &&
           db->section[RST_SECTION_NAME_OFFSETS].size / 4 == db->ids;
}

static bool patterns_are_sound(const rst_db *db) {
    const rst_db_section *entries = &db->section[RST_SECTION_ENTRIES];
    if (db->patterns > db->ids) {
        return false;
    }
    if (entries->size == 0) {
        return db->patterns == 0;
    }
    return db->bitmap_bits >= RST_BITMAP_BITS_MIN && db->bitmap_bits <= RST_BITMAP_BITS_MAX &&
           db->section[RST_SECTION_BITMAP].size == (size_t)1 << (db->bitmap_bits - 3) &&
           db->bucket_bits >= RST_BUCKET_BITS_MIN && db->bucket_bits <= RST_BUCKET_BITS_MAX &&
           db->section[RST_SECTION_BUCKETS].size == (((size_t)1 << db->bucket_bits) + 1) * 4;
}

// Digests of one kind and their sizes; gives how many.
static bool columns_are_sound(const rst_db *db, int digests, int sizes, uint32_t *count) {
    size_t n = db->section[digests].size / RST_DIGEST_KEPT;
    *count = (uint32_t)n;
    return n < UINT32_MAX && db->section[sizes].size / 4 == n;
}

static bool hashes_are_sound(rst_db *db) {
    uint64_t ids = db->patterns;
    for (int kind = 0; kind < RST_DIGEST_KINDS; kind++) {
        if (!columns_are_sound(db, RST_SECTION_DIGESTS + kind, RST_SECTION_SIZES + kind,
                               &db->hashes[kind]) ||
            (db->hashes[kind] > 0 &&
             db->section[RST_SECTION_FILTERS + kind].size < RST_FILTER_BLOCK)) {
            return false;
        }
        ids += db->hashes[kind];
    }
    for (int kind = 0; kind < RST_DIGEST_KINDS; kind++) {
        if (!columns_are_sound(db, RST_SECTION_PIECE_DIGESTS + kind,
                               RST_SECTION_PIECE_SIZES + kind, &db->pieces[kind])) {
            return false;
        }
        ids += db->pieces[kind];
    }
    db->rules = (uint32_t)(db->section[RST_SECTION_RULES].size / RST_RULE_SIZE);
    return ids + db->rules == db->ids;
}

static rst_db_status check(rst_db *db, const void *map, size_t size) {
    const uint8_t *head = map;
    if (map == NULL || size < RST_HEAD_TABLE) {
        return RST_DB_SHORT;
    }
    if (memcmp(head, RST_SIG_MAGIC, RST_SIG_MAGIC_SIZE) != 0) {
        return RST_DB_MAGIC;
    }
    if (rst_load32(head + RST_HEAD_VERSION) != RST_SIG_VERSION) {
        return RST_DB_VERSION;
    }
    if (rst_load64(head + RST_HEAD_TOTAL) > size) {
        return RST_DB_SHORT;
    }
    db->base = head;
    db->size = (size_t)rst_load64(head + RST_HEAD_TOTAL);
    db->built = rst_load64(head + RST_HEAD_BUILT);
    db->patterns = rst_load32(head + RST_HEAD_PATTERNS);
    db->ids = rst_load32(head + RST_HEAD_IDS);
    db->name = rst_load32(head + RST_HEAD_NAME);
    db->bitmap_bits = rst_load32(head + RST_HEAD_BITMAP_BITS);
    db->bucket_bits = rst_load32(head + RST_HEAD_BUCKET_BITS);
    for (size_t kind = 0; kind < RST_DIGEST_KINDS; kind++) {
        db->hash_max[kind] = rst_load32(head + RST_HEAD_HASH_MAX + 4 * kind);
    }
    if (!table_is_sound(db, head) || !names_are_sound(db) || !patterns_are_sound(db) ||
        !hashes_are_sound(db)) {
        return RST_DB_LAYOUT;
    }
    return RST_DB_OK;
}

rst_db_status rst_db_open(rst_db *db, const void *map, size_t size) {
    memset(db, 0, sizeof *db);
    rst_db_status status = check(db, map, size);
    if (status != RST_DB_OK) {
        memset(db, 0, sizeof *db);
    }
    return status;
}

const char *rst_db_status_text(rst_db_status status) {
    switch (status) {
    case RST_DB_OK:
        return "ok";
    case RST_DB_SHORT:
        return "the signature file is cut off";
    case RST_DB_MAGIC:
        return "not a signature file";
    case RST_DB_VERSION:
        return "the signature file has another version of the layout";
    case RST_DB_LAYOUT:
        return "the signature file contradicts itself";
    }
    return "?";
}

static const char *name_at(const rst_db *db, uint32_t offset) {
    const uint8_t *name = rst_db_octets(db, RST_SECTION_NAMES, offset, 1);
    return name == NULL ? "?" : (const char *)name;
}

void rst_db_describe(const rst_db *db, rst_db_info *info) {
    info->name = name_at(db, db->name);
    info->built = db->built;
    info->patterns = db->patterns;
    info->hashes = db->ids - db->patterns - db->rules;
}

const char *rst_db_signature_name(const rst_db *db, uint32_t id) {
    const uint8_t *offset = rst_db_record(db, RST_SECTION_NAME_OFFSETS, id, 4);
    return offset == NULL ? "?" : name_at(db, rst_load32(offset));
}
