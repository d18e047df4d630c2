// Programs for Windows (PE): where their sections lie, for offsets that count from there and for
// hashes of single sections. Rule: the headers are read once, from the first RST_WINDOW octets; a
// program whose headers reach further is matched as a whole only, and that is said if there are
// signatures which need them. Only sections of a size that
// the signatures name are hashed, as their octets pass.
#include <string.h>

#include "match_state.h"

enum {
    DOS_HEADER = 64,
    DOS_NEW_HEADER = 60, // u32: where "PE" lies
    COFF_SECTIONS = 6,   // u16, from "PE" on
    COFF_OPTIONAL = 20,  // u16: size of the optional header
    COFF_SIZE = 24,
    OPTIONAL_ENTRY = 16,     // u32: address where it begins to run
    OPTIONAL_ALIGNMENT = 36, // u32: of sections in the file
    OPTIONAL_HEADERS = 60,   // u32: octets of all headers, which lie at the address 0
    OPTIONAL_LEAST = 64,
    RECORD = 40, // of a section
    RECORD_ADDRESS = 12,
    RECORD_SIZE = 16,
    RECORD_RAW = 20,
    ALIGNMENT = 512, // what the loader takes where the header's does not fit
};

static const uint8_t mark[4] = {'P', 'E', 0, 0};

void rst_program_look(rst_match *m, const uint8_t *data, size_t n, uint64_t at) {
    rst_far_program *f = &m->far;
    while (f->looking && f->at + f->seen >= at && f->at + f->seen - at < n) {
        f->looking = data[f->at + f->seen - at] == mark[f->seen];
        f->seen++;
        if (f->looking && f->seen == sizeof mark) {
            f->looking = false;
            f->sure = true;
        }
    }
}

static void look_further(rst_match *m, uint32_t at) {
    m->far = (rst_far_program){.looking = true, .at = at, .reaches = (uint64_t)at + COFF_SIZE};
    rst_program_look(m, m->window, m->fill, 0);
}

static bool link_needs_headers(const uint8_t *link) {
    return link[RST_LINK_OFFSET_KIND] >= RST_OFFSET_ENTRY;
}

void rst_program_final(rst_match *m) {
    if (!m->far.sure || m->total < m->far.reaches || rst_match_stopped(m)) {
        return;
    }
    const rst_db_section *links = &m->db->section[RST_SECTION_LINKS];
    size_t n = links->size / RST_LINK_SIZE;
    m->far.anchored = m->db->section[RST_SECTION_PIECE_SET].size > 0;
    for (size_t i = 0; i < n && !m->far.anchored; i++) {
        m->far.anchored = link_needs_headers(links->data + i * RST_LINK_SIZE);
    }
    m->work += n / 8;
    rst_match_keep_to_budget(m);
}

bool rst_match_program_far(const rst_match *m) {
    return m->far.anchored && !m->allowed;
}

// The table of sections, or NULL; *optional is the optional header.
static const uint8_t *find_table(rst_match *m, uint32_t *count, const uint8_t **optional) {
    size_t fill = m->fill;
    if (fill < DOS_HEADER || !(m->targets >> RST_TARGET_PE & 1)) {
        return NULL;
    }
    uint32_t at = rst_load32(m->window + DOS_NEW_HEADER);
    if (at > fill || fill - at < COFF_SIZE) {
        look_further(m, at);
        return NULL;
    }
    if (memcmp(m->window + at, mark, sizeof mark) != 0) {
        return NULL;
    }
    *count = rst_load16(m->window + at + COFF_SECTIONS);
    size_t optional_size = rst_load16(m->window + at + COFF_OPTIONAL);
    size_t rest = fill - at - COFF_SIZE;
    if (*count == 0 || *count > RST_PROGRAM_SECTIONS || optional_size < OPTIONAL_LEAST) {
        return NULL;
    }
    if (optional_size > rest || (size_t)*count * RECORD > rest - optional_size) {
        look_further(m, at);
        m->far.reaches += optional_size + (size_t)*count * RECORD;
        return NULL;
    }
    *optional = m->window + at + COFF_SIZE;
    return *optional + optional_size;
}

static uint32_t alignment_of(const uint8_t *table, uint32_t count, uint32_t asked) {
    if (asked == 0) {
        return ALIGNMENT;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t raw = rst_load32(table + (size_t)i * RECORD + RECORD_RAW);
        if (rst_load32(table + (size_t)i * RECORD + RECORD_SIZE) != 0 && raw % asked != 0 &&
            raw % ALIGNMENT == 0) {
            return ALIGNMENT;
        }
    }
    return asked;
}

// Where the address at which the program begins to run lies in the file.
static void find_entry(rst_program *p, const uint8_t *table, const uint8_t *optional) {
    uint32_t address = rst_load32(optional + OPTIONAL_ENTRY);
    if (address < rst_load32(optional + OPTIONAL_HEADERS)) {
        p->has_entry = true;
        p->entry = address;
        return;
    }
    for (uint32_t i = p->sections; i-- > 0;) {
        uint32_t start = rst_load32(table + (size_t)i * RECORD + RECORD_ADDRESS);
        if (address >= start && address - start < p->size[i] &&
            (uint64_t)p->raw[i] + (address - start) <= UINT32_MAX) {
            p->has_entry = true;
            p->entry = p->raw[i] + (address - start);
            return;
        }
    }
}

// Low and high of the link are signed here.
static bool around(uint64_t base, const uint8_t *link, uint64_t *low, uint64_t *high) {
    int64_t first = (int64_t)base + (int32_t)rst_load32(link + RST_LINK_OFFSET_LOW);
    int64_t final = (int64_t)base + (int32_t)rst_load32(link + RST_LINK_OFFSET_HIGH);
    *low = first < 0 ? 0 : (uint64_t)first;
    *high = final < 0 ? 0 : (uint64_t) final;
    return final >= 0;
}

bool rst_program_starts(const rst_match *m, const uint8_t *link, uint64_t *low, uint64_t *high) {
    const rst_program *p = &m->program;
    uint8_t kind = link[RST_LINK_OFFSET_KIND];
    if (p->sections == 0) {
        return false;
    }
    if (kind == RST_OFFSET_ENTRY) {
        return p->has_entry && around(p->entry, link, low, high);
    }
    if (kind == RST_OFFSET_LAST) {
        return around(p->raw[p->sections - 1], link, low, high);
    }
    uint32_t number = kind >= RST_OFFSET_INSIDE    ? kind - RST_OFFSET_INSIDE
                      : kind >= RST_OFFSET_SECTION ? kind - RST_OFFSET_SECTION
                                                   : p->sections;
    if (number >= p->sections) {
        return false;
    }
    if (kind < RST_OFFSET_INSIDE) {
        return around(p->raw[number], link, low, high);
    }
    *low = p->raw[number];
    *high = (uint64_t)p->raw[number] + p->size[number] - 1;
    return p->size[number] > 0;
}

static bool size_is_named(rst_match *m, uint32_t size) {
    size_t low = 0;
    size_t high = m->db->section[RST_SECTION_PIECE_SET].size / 4;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t one = rst_load32(m->db->section[RST_SECTION_PIECE_SET].data + 4 * middle);
        m->work++;
        if (one == size) {
            return true;
        }
        if (one < size) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

static uint32_t kinds_of(const rst_db *db) {
    uint32_t kinds = 0;
    for (int kind = 0; kind < RST_DIGEST_KINDS; kind++) {
        kinds |= db->pieces[kind] > 0 ? 1u << kind : 0;
    }
    return kinds;
}

static void look_up(rst_match *m, rst_piece *piece) {
    const rst_db *db = m->db;
    uint32_t base = db->patterns + db->hashes[0] + db->hashes[1] + db->hashes[2];
    for (int kind = 0; kind < RST_DIGEST_KINDS; kind++) {
        rst_digest_column column = {RST_SECTION_PIECE_DIGESTS + kind, db->pieces[kind]};
        if (column.count > 0) {
            uint8_t digest[RST_DIGEST_LONGEST];
            rst_hashes_finish(m, &piece->hashes, kind, digest);
            for (uint32_t i = rst_digest_search(m, &column, digest); i < column.count; i++) {
                const uint8_t *kept = rst_db_record(db, column.section, i, RST_DIGEST_KEPT);
                const uint8_t *size = rst_db_record(db, RST_SECTION_PIECE_SIZES + kind, i, 4);
                m->work++;
                if (kept == NULL || size == NULL || memcmp(kept, digest, RST_DIGEST_KEPT) != 0) {
                    break;
                }
                if (rst_load32(size) == piece->size && base + i < m->best_piece &&
                    !rst_match_pardons(m, base + i)) {
                    m->best_piece = base + i;
                }
            }
        }
        base += column.count;
    }
}

static void take(rst_match *m, rst_piece *piece, const uint8_t *data, size_t n) {
    size_t mine = piece->left < n ? piece->left : n;
    rst_hashes_update(m, &piece->hashes, kinds_of(m->db), data, mine);
    piece->left -= (uint32_t)mine;
    m->work += mine;
    if (piece->left == 0) {
        look_up(m, piece);
    }
}

static bool seen_before(const rst_program *p, uint32_t i) {
    for (uint32_t k = 0; k < i; k++) {
        if (p->raw[k] == p->raw[i] && p->size[k] == p->size[i]) {
            return true;
        }
    }
    return false;
}

// Section i begins within what passes now: it is hashed from there on.
static void open_piece(rst_match *m, uint32_t i, const uint8_t *data, size_t n, uint64_t at) {
    const rst_program *p = &m->program;
    for (size_t slot = 0; slot <= RST_PIECES_MAX; slot++) {
        rst_piece *piece = &m->piece[slot];
        if (piece->left == 0) {
            size_t skip = (size_t)(p->raw[i] - at);
            piece->size = p->size[i];
            piece->left = p->size[i];
            rst_hashes_start(m, &piece->hashes, kinds_of(m->db));
            take(m, piece, data + skip, n - skip);
            return;
        }
    }
}

// How many sections that are to be hashed lie over the first octet of section i.
static uint32_t sections_over(const rst_program *p, uint32_t i) {
    uint32_t n = 0;
    for (uint32_t k = 0; k < p->sections; k++) {
        n += p->hashed[k] && p->raw[k] <= p->raw[i] && p->raw[i] - p->raw[k] < p->size[k];
    }
    return n;
}

// Chooses the sections whose size is named. Whether there is room for all is decided here, by
// where they lie, not as they pass: that would depend on the cuts.
static void choose_pieces(rst_match *m) {
    rst_program *p = &m->program;
    for (uint32_t i = 0; i < p->sections; i++) {
        p->hashed[i] = p->size[i] > 0 && size_is_named(m, p->size[i]) && !seen_before(p, i);
        m->pieces = m->pieces || p->hashed[i];
    }
    for (uint32_t i = 0; m->pieces && i < p->sections; i++) {
        m->work++;
        if (p->hashed[i] && sections_over(p, i) > RST_PIECES_MAX) {
            m->flags |= RST_STOP_OPEN_FULL; // as no linker lays them
            m->pieces = false;
        }
    }
    if (m->pieces) {
        rst_program_update(m, m->window, m->fill, 0);
    }
}

void rst_program_update(rst_match *m, const uint8_t *data, size_t n, uint64_t at) {
    const rst_program *p = &m->program;
    for (size_t slot = 0; slot <= RST_PIECES_MAX; slot++) {
        if (m->piece[slot].left > 0) {
            take(m, &m->piece[slot], data, n);
        }
    }
    for (uint32_t i = 0; i < p->sections; i++) {
        if (p->hashed[i] && p->raw[i] >= at && p->raw[i] - at < n) {
            open_piece(m, i, data, n, at);
        }
    }
}

void rst_program_begin(rst_match *m) {
    rst_program *p = &m->program;
    uint32_t count;
    const uint8_t *optional;
    const uint8_t *table = find_table(m, &count, &optional);
    p->sections = 0;
    p->has_entry = false;
    if (table == NULL) {
        return;
    }
    uint32_t alignment = alignment_of(table, count, rst_load32(optional + OPTIONAL_ALIGNMENT));
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *record = table + (size_t)i * RECORD;
        uint32_t raw = rst_load32(record + RECORD_RAW);
        uint64_t size = rst_load32(record + RECORD_SIZE);
        size = (size + alignment - 1) / alignment * alignment;
        p->raw[i] = raw - raw % alignment;
        p->size[i] = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
    }
    p->sections = (uint16_t)count;
    m->work += count;
    find_entry(p, table, optional);
    if (m->db->section[RST_SECTION_PIECE_SET].size > 0) {
        choose_pieces(m);
    }
}
