// See cfb.h. Every chain ends: one whose length is known is followed for that length, any other
// until it meets a sector for the second time.
#include "cfb.h"

#include <string.h>

#include "report.h"
#include "scanner.h"

enum {
    HEADER = 512,
    HEADER_FAT = 109, // FAT sectors named in the header
    CUTOFF = 4096,    // smaller streams lie in the mini stream
    MINI_SHIFT = 6,
};

#define LAST_SECTOR 0xfffffffau // greater ones are marks, not sectors

static void fault(rst_cfb *c, const char *why) {
    if (c->fault == NULL) {
        c->fault = why;
    }
}

// Notes that a sector belongs to a chain. False if it already did.
static bool claim(const rst_cfb_space *f, uint32_t sector) {
    uint8_t bit = (uint8_t)(1u << (sector & 7));
    bool fresh = (f->used[sector >> 3] & bit) == 0;
    f->used[sector >> 3] |= bit;
    return fresh;
}

static size_t sector_octets(const rst_cfb_space *f, uint32_t sector) {
    size_t left = f->n - ((size_t)sector << f->shift);
    size_t whole = (size_t)1 << f->shift;
    return left < whole ? left : whole;
}

static uint32_t next_of(const rst_cfb_space *f, uint32_t sector) {
    return sector < f->table_n ? rst_le32(f->table + 4 * (size_t)sector) : RST_CFB_NONE;
}

static bool space_init(rst_cfb *c, rst_cfb_space *f, const uint8_t *base, size_t n,
                       unsigned shift) {
    f->base = base;
    f->n = n;
    f->shift = shift;
    f->count = (uint32_t)((n >> shift) + ((n & (((size_t)1 << shift) - 1)) != 0));
    f->table = NULL;
    f->table_n = 0;
    size_t octets = f->count / 8 + 1;
    f->used = rst_scratch_take(c->s, c->l, octets);
    if (f->used == NULL) {
        return false;
    }
    memset(f->used, 0, octets);
    return true;
}

typedef struct {
    uint32_t first, sectors;
    bool straight; // each sector follows on the one before
} chain;

// Follows a chain for `most` sectors, or, with `open`, to its end. `judge`: it must be sound.
static chain follow(rst_cfb *c, const rst_cfb_space *f, uint32_t first, uint32_t most, bool open,
                    bool judge) {
    chain h = {first, 0, true};
    const char *why = NULL;
    uint32_t sector = first;
    uint32_t before = first - 1;
    while (h.sectors < most && sector <= LAST_SECTOR) {
        if (sector >= f->count) {
            why = "compound file points outside of itself";
            break;
        }
        if (judge && !claim(f, sector)) {
            why = "compound file uses a sector twice";
            if (open) {
                break;
            }
        }
        h.straight = h.straight && sector == before + 1;
        h.sectors++;
        before = sector;
        sector = next_of(f, sector);
    }
    if (!open && h.sectors < most && why == NULL) {
        why = "compound file is cut off";
    }
    if (judge && why != NULL) {
        fault(c, why);
    }
    rst_spend(c->s, h.sectors);
    return h;
}

// The octets of a chain in one piece: where they lie, or copied together.
static const uint8_t *collect(rst_cfb *c, const rst_cfb_space *f, chain h, size_t *n) {
    *n = 0;
    if (h.sectors == 0) {
        return NULL;
    }
    if (h.straight) {
        *n = (((size_t)h.sectors - 1) << f->shift) + sector_octets(f, h.first + h.sectors - 1);
        return f->base + ((size_t)h.first << f->shift);
    }
    uint8_t *to = rst_scratch_take(c->s, c->l, (uint64_t)h.sectors << f->shift);
    if (to == NULL) {
        return NULL;
    }
    uint32_t sector = h.first;
    for (uint32_t i = 0; i < h.sectors; i++) {
        size_t take = sector_octets(f, sector);
        memcpy(to + *n, f->base + ((size_t)sector << f->shift), take);
        *n += take;
        sector = next_of(f, sector);
    }
    rst_spend(c->s, *n);
    return to;
}

static const uint8_t *read_open(rst_cfb *c, const rst_cfb_space *f, uint32_t first, size_t *n) {
    return collect(c, f, follow(c, f, first, f->count, true, true), n);
}

static const uint8_t *read_sized(rst_cfb *c, const rst_cfb_space *f, uint32_t first, uint64_t size,
                                 bool judge, size_t *n) {
    uint64_t most = (size >> f->shift) + ((size & (((uint64_t)1 << f->shift) - 1)) != 0);
    if (most > f->count) {
        most = f->count;
        if (judge) {
            fault(c, "compound file has a stream larger than itself");
        }
    }
    chain h = follow(c, f, first, (uint32_t)most, false, judge);
    const uint8_t *data = collect(c, f, h, n);
    if (*n > size) {
        *n = (size_t)size;
    } else if (*n < size && data != NULL && judge) {
        fault(c, "compound file is cut off");
    }
    return data;
}

// One sector of the FAT, to its place in the table. False: the table ends before it.
static bool add_fat(rst_cfb *c, uint32_t sector, uint8_t *table) {
    rst_cfb_space *f = &c->file;
    size_t whole = (size_t)1 << f->shift;
    if (sector >= f->count || sector_octets(f, sector) < whole) {
        fault(c, "compound file is cut off");
        return false;
    }
    if (!claim(f, sector)) {
        fault(c, "compound file uses a sector twice");
        return false;
    }
    if (f->table_n >= f->count) {
        return false; // the rest is about sectors that are not there
    }
    memcpy(table + 4 * (size_t)f->table_n, f->base + ((size_t)sector << f->shift), whole);
    f->table_n += (uint32_t)(whole / 4);
    return true;
}

static bool add_fats(rst_cfb *c, const uint8_t *list, size_t n, uint8_t *table) {
    bool more = true;
    for (size_t i = 0; more && i < n; i++) {
        uint32_t sector = rst_le32(list + 4 * i);
        more = sector > LAST_SECTOR || add_fat(c, sector, table);
    }
    return more;
}

// The first sector of a chain, with the number of its sectors behind it. Some writers give sector
// 0 for none.
static uint32_t none_is_zero(const uint8_t *field) {
    uint32_t first = rst_le32(field);
    return first == 0 && rst_le32(field + 4) == 0 ? RST_CFB_NONE : first;
}

// The FAT's sectors are listed in the header and in a chain of sectors of their own (2.5).
static bool read_fat(rst_cfb *c, const uint8_t *header) {
    rst_cfb_space *f = &c->file;
    // Room for an entry for each sector that is there, rounded up to whole sectors.
    uint8_t *table =
        rst_scratch_take(c->s, c->l, (uint64_t)f->count * 4 + ((uint64_t)1 << f->shift));
    if (table == NULL) {
        return false;
    }
    size_t last = ((size_t)1 << f->shift) / 4 - 1;
    bool more = add_fats(c, header + 76, HEADER_FAT, table);
    uint32_t sector = none_is_zero(header + 68);
    while (more && sector <= LAST_SECTOR) {
        if (sector >= f->count || sector_octets(f, sector) < (last + 1) * 4) {
            fault(c, "compound file is cut off");
            break;
        }
        if (!claim(f, sector)) {
            fault(c, "compound file uses a sector twice");
            break;
        }
        const uint8_t *list = f->base + ((size_t)sector << f->shift);
        more = add_fats(c, list, last, table);
        sector = rst_le32(list + 4 * last);
    }
    f->table = table;
    rst_spend(c->s, (uint64_t)f->table_n * 4);
    return true;
}

static uint32_t link_of(const rst_cfb *c, uint32_t entry, size_t at) {
    return rst_le32(rst_cfb_entry(c, entry) + at);
}

// Puts an entry, if there is one, on the list of those to visit.
static void visit(rst_cfb *c, uint32_t entry, uint32_t parent, uint32_t *list, uint32_t *list_n) {
    if (entry == RST_CFB_NONE) {
        return;
    }
    if (entry >= c->dir_n) {
        fault(c, "compound file's directory points outside of itself");
    } else if (entry == 0 || c->parent[entry] != RST_CFB_NONE) {
        fault(c, "compound file's directory goes round in a circle");
    } else {
        c->parent[entry] = parent;
        list[(*list_n)++] = entry;
    }
}

// Finds out in which storage each entry lies. Order and colour in the tree of siblings are not
// looked at: what a reader may not find by its name is still read.
static bool walk_tree(rst_cfb *c) {
    c->parent = rst_scratch_take(c->s, c->l, (uint64_t)c->dir_n * sizeof c->parent[0]);
    c->judged = rst_scratch_take(c->s, c->l, c->dir_n / 8 + 1);
    uint64_t mark = c->s->scratch_n;
    uint32_t *list = rst_scratch_take(c->s, c->l, (uint64_t)c->dir_n * sizeof list[0]);
    if (c->parent == NULL || c->judged == NULL || list == NULL) {
        return false;
    }
    memset(c->judged, 0, c->dir_n / 8 + 1);
    for (uint32_t i = 0; i < c->dir_n; i++) {
        c->parent[i] = RST_CFB_NONE;
    }
    uint32_t list_n = 0;
    visit(c, link_of(c, 0, 76), 0, list, &list_n);
    while (list_n > 0) {
        uint32_t entry = list[--list_n];
        visit(c, link_of(c, entry, 68), c->parent[entry], list, &list_n);
        visit(c, link_of(c, entry, 72), c->parent[entry], list, &list_n);
        if (rst_cfb_type(c, entry) == RST_CFB_STORAGE) {
            visit(c, link_of(c, entry, 76), entry, list, &list_n);
        }
    }
    rst_spend(c->s, c->dir_n);
    c->s->scratch_n = mark;
    return true;
}

static uint64_t size_of(const rst_cfb *c, uint32_t entry) {
    const uint8_t *e = rst_cfb_entry(c, entry) + 120;
    return c->version == 3 ? rst_le32(e) : rst_le64(e); // 2.6.1: the high half may be garbage
}

static bool read_mini(rst_cfb *c, const uint8_t *header) {
    size_t n = 0;
    const uint8_t *base = NULL;
    if (size_of(c, 0) > 0) {
        base = read_sized(c, &c->file, link_of(c, 0, 116), size_of(c, 0), true, &n);
    }
    if (!space_init(c, &c->mini, base, base != NULL ? n : 0, MINI_SHIFT)) {
        return false;
    }
    size_t table_n;
    c->mini.table = read_open(c, &c->file, none_is_zero(header + 60), &table_n);
    c->mini.table_n = c->mini.table != NULL ? (uint32_t)(table_n / 4) : 0;
    return true;
}

static bool read_header(rst_cfb *c, const uint8_t *data, size_t n) {
    if (n < HEADER) {
        fault(c, "compound file is cut off");
        return false;
    }
    c->version = rst_le16(data + 26);
    unsigned shift = rst_le16(data + 30);
    bool known = (c->version == 3 && shift == 9) || (c->version == 4 && shift == 12);
    if (!known || rst_le16(data + 28) != 0xfffe || rst_le16(data + 32) != MINI_SHIFT ||
        rst_le32(data + 56) != CUTOFF) {
        fault(c, "compound file's header");
    }
    shift = shift >= 7 && shift <= 16 ? shift : 9;
    size_t begin = (size_t)1 << shift;
    begin = begin < HEADER ? HEADER : begin;
    if (n <= begin) {
        fault(c, "compound file is cut off");
        return false;
    }
    return space_init(c, &c->file, data + begin, n - begin, shift);
}

bool rst_cfb_open(rst_cfb *c, rst_scanner *s, const rst_layer *l, const uint8_t *data, size_t n) {
    *c = (rst_cfb){.s = s, .l = l};
    if (!read_header(c, data, n) || !read_fat(c, data)) {
        return false;
    }
    size_t dir_n;
    c->dir = read_open(c, &c->file, rst_le32(data + 48), &dir_n);
    c->dir_n = c->dir != NULL ? (uint32_t)(dir_n / RST_CFB_ENTRY) : 0;
    if (c->dir_n == 0) {
        fault(c, "compound file without a directory");
        return false;
    }
    if (rst_cfb_type(c, 0) != RST_CFB_ROOT) {
        fault(c, "compound file without a root");
    }
    return walk_tree(c) && read_mini(c, data) && rst_budget_left(s);
}

const uint8_t *rst_cfb_entry(const rst_cfb *c, uint32_t entry) {
    return c->dir + (size_t)entry * RST_CFB_ENTRY;
}

unsigned rst_cfb_type(const rst_cfb *c, uint32_t entry) {
    return rst_cfb_entry(c, entry)[66];
}

const uint8_t *rst_cfb_stream(rst_cfb *c, uint32_t entry, size_t *n) {
    uint64_t size = size_of(c, entry);
    uint32_t first = link_of(c, entry, 116);
    uint8_t bit = (uint8_t)(1u << (entry & 7));
    // Left-over entries may say anything, and to read a stream again is no contradiction.
    bool judge = c->parent[entry] != RST_CFB_NONE && (c->judged[entry >> 3] & bit) == 0;
    c->judged[entry >> 3] |= bit;
    *n = 0;
    if (size == 0) {
        return NULL;
    }
    return read_sized(c, size < CUTOFF ? &c->mini : &c->file, first, size, judge, n);
}
