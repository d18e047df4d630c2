// Finds anchors: a bitmap over hashed 4-octet grams decides at nearly every position, without
// leaving the first-level cache; only where its bit is set the bucket is looked up.
#include "match_state.h"

// What the object is, from its first octets. Known from the first scan on: either the window has
// RST_SPAN_MAX octets, or the object has ended.
static uint16_t types_of(const rst_match *m) {
    static const struct {
        rst_sig_target target;
        uint8_t size;
        uint8_t octets[8];
    } magics[] = {
        {RST_TARGET_PE, 2, {'M', 'Z'}},
        {RST_TARGET_OLE2, 8, {0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}},
        {RST_TARGET_ELF, 4, {0x7F, 'E', 'L', 'F'}},
        {RST_TARGET_PDF, 5, {'%', 'P', 'D', 'F', '-'}},
    };
    unsigned types = 1u << RST_TARGET_ANY;
    if (m->kind != RST_OBJECT_FILE) {
        types |= 1u << RST_TARGET_MAIL;
    }
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        size_t same = 0;
        while (same < magics[i].size && same < m->fill &&
               m->window[same] == magics[i].octets[same]) {
            same++;
        }
        if (same == magics[i].size) {
            types |= 1u << magics[i].target;
        }
    }
    return (uint16_t)types;
}

// The bucket's word says which kinds of grams it has: most grams that are no anchors end there,
// before the cache has to be left for the entries.
static void look_up(rst_match *m, uint64_t hash, size_t at, bool last) {
    const rst_db *db = m->db;
    uint32_t bucket = (uint32_t)hash >> (32 - db->bucket_bits);
    const uint8_t *bounds = db->section[RST_SECTION_BUCKETS].data + 4 * (size_t)bucket;
    uint32_t word = rst_load32(bounds);
    if (!(word >> (RST_BUCKET_KINDS_SHIFT + (hash >> RST_GRAM_KIND_SHIFT & 7)) & 1)) {
        return;
    }
    uint32_t from = word & RST_BUCKET_FROM;
    uint32_t to = rst_load32(bounds + 4) & RST_BUCKET_FROM;
    if (from >= to) {
        return;
    }
    const rst_db_section *entries = &db->section[RST_SECTION_ENTRIES];
    if (to > entries->size / RST_ENTRY_SIZE) {
        m->flags |= RST_STOP_CORRUPT;
        return;
    }
    uint32_t gram = rst_load32(m->window + at);
    uint32_t next = rst_load32(m->window + at + 4);
    const uint8_t *entry = entries->data + (size_t)from * RST_ENTRY_SIZE;
    for (uint32_t i = from; i < to && !rst_match_stopped(m); i++, entry += RST_ENTRY_SIZE) {
        if (rst_load32(entry + RST_ENTRY_GRAM) == gram &&
            ((rst_load32(entry + RST_ENTRY_NEXT) ^ next) & rst_load32(entry + RST_ENTRY_MASK)) ==
                0) {
            rst_match_verify(m, rst_load32(entry + RST_ENTRY_LINK), at, last);
        }
        m->work++;
        rst_match_keep_to_budget(m);
    }
}

// The bits of each code, so that one test tells whether all of them are 0.
#define CODES_4(c)                                                                                \
    RST_BITMAP_BITS(c), RST_BITMAP_BITS((c) + 1), RST_BITMAP_BITS((c) + 2),                       \
        RST_BITMAP_BITS((c) + 3)
#define CODES_16(c) CODES_4(c), CODES_4((c) + 4), CODES_4((c) + 8), CODES_4((c) + 12)
#define CODES_64(c) CODES_16(c), CODES_16((c) + 16), CODES_16((c) + 32), CODES_16((c) + 48)
static const uint32_t bits_of[RST_BITMAP_CODES] = {
    CODES_64(0),   CODES_64(64),  CODES_64(128), CODES_64(192),
    CODES_64(256), CODES_64(320), CODES_64(384), CODES_64(448),
};

static inline bool may_be_anchor(const rst_db_section *bitmap, const uint8_t *at) {
    uint64_t hash = rst_gram_hash(at);
    uint32_t places = (uint32_t)bitmap->size - 4;
    uint32_t place = (uint32_t)hash >> (RST_BITMAP_WORD_SHIFT - 2) & places;
    uint32_t bits = bits_of[hash >> 32 & (RST_BITMAP_CODES - 1)];
    return (rst_load32(bitmap->data + place) & bits) == 0;
}

// The first position from `at` on whose gram may be an anchor, or `end`. Most of the time that
// matching takes is spent here, so four positions go in one round.
static const uint8_t *candidate(const rst_db_section *bitmap, const uint8_t *at,
                                const uint8_t *end) {
    const rst_db_section b = *bitmap;
    for (; end - at >= 4; at += 4) {
        if (may_be_anchor(&b, at)) {
            return at;
        }
        if (may_be_anchor(&b, at + 1)) {
            return at + 1;
        }
        if (may_be_anchor(&b, at + 2)) {
            return at + 2;
        }
        if (may_be_anchor(&b, at + 3)) {
            return at + 3;
        }
    }
    while (at < end && !may_be_anchor(&b, at)) {
        at++;
    }
    return at;
}

void rst_match_scan(rst_match *m, size_t to, bool last) {
    if (!m->typed) {
        m->targets = types_of(m);
        m->typed = true;
        rst_program_begin(m);
    }
    if (m->db->section[RST_SECTION_ENTRIES].size == 0) {
        m->next = to;
        return;
    }
    // A gram must lie in the object as a whole.
    size_t end = last && m->fill >= 4 ? m->fill - 3 : last ? 0 : to;
    const rst_db_section *bitmap = &m->db->section[RST_SECTION_BITMAP];
    for (size_t at = m->next; at < end; at++) {
        at = (size_t)(candidate(bitmap, m->window + at, m->window + end) - m->window);
        if (at < end) {
            look_up(m, rst_gram_hash(m->window + at), at, last);
            if (rst_match_stopped(m)) {
                return;
            }
        }
    }
    m->next = to;
}
