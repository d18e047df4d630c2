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

static void look_up(rst_match *m, uint32_t hash, size_t at, bool last) {
    const rst_db *db = m->db;
    uint32_t bucket = hash >> (32 - db->bucket_bits);
    const uint8_t *bounds = db->section[RST_SECTION_BUCKETS].data + 4 * (size_t)bucket;
    uint32_t from = rst_load32(bounds);
    uint32_t to = rst_load32(bounds + 4);
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
    const uint8_t *bitmap = m->db->section[RST_SECTION_BITMAP].data;
    unsigned shift = 32 + 5 - m->db->bitmap_bits;
    for (size_t at = m->next; at < end; at++) {
        uint64_t hash = rst_gram_hash(m->window + at);
        // Two bits of one word: a gram that is no anchor passes in one of fifty cases at most.
        uint32_t word = rst_load32(bitmap + 4 * (size_t)((uint32_t)hash >> shift));
        if (word >> (hash >> 32 & 31) & word >> (hash >> 37 & 31) & 1) {
            look_up(m, (uint32_t)hash, at, last);
            if (rst_match_stopped(m)) {
                return;
            }
        }
    }
    m->next = to;
}
