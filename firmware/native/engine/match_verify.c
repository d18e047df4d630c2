// Decides whether the cluster around an anchor is there, and keeps the chains of clusters that
// `*` joins. Rule: everything happens inside the window, in steps that are counted as work.
//
// Why one earliest end per link is enough: behind a `*` only a lower bound holds, so the earliest
// end allows whatever a later one allows. Anchors come in order of their position, and a child's
// anchor lies behind its parent's end, so the parent's earliest end is settled by then.
#include <string.h>

#include "match_state.h"

enum { WORDS = RST_SPAN_MAX / 32 + 1 };

// Distances 0 .. RST_SPAN_MAX from one edge of the anchor's segment, as bits.
typedef struct {
    uint32_t bits[WORDS];
    size_t low, high; // lowest and highest distance in the set
    bool empty;
} reach;

typedef struct {
    const uint8_t *bytes;
    size_t length, gap_min, gap_max;
    unsigned kind;
} segment;

static bool in_reach(const reach *r, size_t distance) {
    return r->bits[distance / 32] >> (distance % 32) & 1;
}

static void add_reach(reach *r, size_t distance) {
    r->bits[distance / 32] |= 1u << (distance % 32);
    if (r->empty || distance < r->low) {
        r->low = distance;
    }
    if (r->empty || distance > r->high) {
        r->high = distance;
    }
    r->empty = false;
}

static void start_reach(reach *r) {
    memset(r, 0, sizeof *r);
    r->empty = true;
}

static bool load_segment(const rst_match *m, uint64_t index, segment *s) {
    const uint8_t *p = rst_db_record(m->db, RST_SECTION_SEGMENTS, index, RST_SEGMENT_SIZE);
    if (p == NULL) {
        return false;
    }
    s->length = rst_load16(p + RST_SEGMENT_LENGTH);
    s->kind = rst_load16(p + RST_SEGMENT_KIND);
    s->gap_min = rst_load16(p + RST_SEGMENT_GAP_MIN);
    s->gap_max = rst_load16(p + RST_SEGMENT_GAP_MAX);
    s->bytes = rst_db_octets(m->db, RST_SECTION_PATTERN_POOL, rst_load32(p + RST_SEGMENT_BYTES),
                             s->kind == RST_RUN_MASKED ? 2 * s->length : s->length);
    return s->bytes != NULL && s->length > 0 && s->gap_min <= s->gap_max;
}

// Are these octets at window[at]? The caller has checked that at + n <= fill. No mask: all count.
static bool same_octets(rst_match *m, const uint8_t *values, const uint8_t *mask, size_t n,
                        size_t at) {
    const uint8_t *data = m->window + at;
    if (mask == NULL) {
        m->work += 1 + n / 16;
        return memcmp(data, values, n) == 0;
    }
    size_t i = 0;
    while (i < n && ((data[i] ^ values[i]) & mask[i]) == 0) {
        i++;
    }
    m->work += 1 + i / 4;
    return i == n;
}

// Is the segment, which is no choice, at window[at]?
static bool same(rst_match *m, const segment *s, size_t at) {
    const uint8_t *mask = s->kind == RST_RUN_MASKED ? s->bytes + s->length : NULL;
    return same_octets(m, s->bytes, mask, s->length, at);
}

typedef struct {
    size_t edge, room; // of the anchor's segment; octets that the window has from there
    bool forward; // distances count up from the anchor segment's end, else down from its start
} side;

static bool fits(const side *way, size_t distance) {
    return distance <= way->room && distance <= RST_SPAN_MAX;
}

static size_t place(const side *way, size_t near, size_t n) {
    return way->forward ? way->edge + near : way->edge - near - n;
}

// Adds the far edge of every alternative that begins at `near`, or, of a negated choice, the one
// edge if none of them does.
static void add_choices(rst_match *m, reach *to, const segment *s, const side *way, size_t near) {
    const uint8_t *at = s->bytes;
    const uint8_t *end = at + s->length;
    bool any = false;
    size_t n = 0;
    while (at < end) {
        n = *at++;
        if (n == 0 || 2 * n > (size_t)(end - at)) {
            m->flags |= RST_STOP_CORRUPT;
            return;
        }
        if (fits(way, near + n) && same_octets(m, at, at + n, n, place(way, near, n))) {
            any = true;
            if (s->kind == RST_RUN_CHOICE) {
                add_reach(to, near + n);
            }
        }
        at += 2 * n;
    }
    if (s->kind == RST_RUN_NEITHER && !any && fits(way, near + n)) {
        add_reach(to, near + n);
    }
}

// One step away from the anchor: from the far edges of one segment over a gap to those of `s`.
static void step(rst_match *m, const reach *from, reach *to, const segment *s, size_t gap_min,
                 size_t gap_max, const side *way) {
    size_t latest = SIZE_MAX; // the largest distance in `from` that is at most near - gap_min
    bool choice = s->kind >= RST_RUN_CHOICE;
    start_reach(to);
    for (size_t near = from->low + gap_min; near <= from->high + gap_max; near++) {
        if (!fits(way, near + (choice ? 1 : s->length))) {
            return;
        }
        if (near - gap_min <= from->high && in_reach(from, near - gap_min)) {
            latest = near - gap_min;
        }
        m->work++;
        if (latest == SIZE_MAX || near - latest > gap_max) {
            continue;
        }
        if (choice) {
            add_choices(m, to, s, way, near);
        } else if (same(m, s, place(way, near, s->length))) {
            add_reach(to, near + s->length);
        }
    }
}

typedef struct {
    const uint8_t *record;
    uint32_t id, signature, parent;
    unsigned flags; // rst_sig_cluster_flag
    bool children;
} link_view;

static const rst_open_link *find_open(const rst_match *m, uint32_t link) {
    uint32_t slot = (link * RST_SIG_GRAM_FACTOR) >> (32 - RST_OPEN_BITS);
    while (m->open[slot].link_plus_1 != 0 && m->open[slot].link_plus_1 != link + 1) {
        slot = (slot + 1) % RST_OPEN_SLOTS;
    }
    return &m->open[slot];
}

static void remember(rst_match *m, const link_view *link, uint32_t end) {
    rst_open_link *slot = &m->open[find_open(m, link->id) - m->open];
    if (slot->link_plus_1 == 0) {
        if (m->open_count == RST_OPEN_MAX) {
            m->flags |= RST_STOP_OPEN_FULL;
            return;
        }
        m->open_count++;
        slot->link_plus_1 = link->id + 1;
        slot->end = end;
    } else if (end < slot->end) {
        slot->end = end;
    }
    if ((link->flags & (RST_CLUSTER_HIT | RST_CLUSTER_COUNTED)) != 0) {
        slot->hits++;
    }
}

// Where the cluster may start, in octets of the object; false if nowhere, as things stand.
static bool allowed_starts(const rst_match *m, const link_view *link, bool last, uint64_t *low,
                           uint64_t *high) {
    *low = 0;
    *high = UINT64_MAX;
    if (link->parent != RST_SIG_NONE) {
        const rst_open_link *parent = find_open(m, link->parent);
        *low = (uint64_t)parent->end + rst_load32(link->record + RST_LINK_GAP);
        return parent->link_plus_1 != 0;
    }
    uint32_t first = rst_load32(link->record + RST_LINK_OFFSET_LOW);
    uint32_t final = rst_load32(link->record + RST_LINK_OFFSET_HIGH);
    switch (link->record[RST_LINK_OFFSET_KIND]) {
    case RST_OFFSET_ANY:
        return true;
    case RST_OFFSET_START:
        *low = first;
        *high = final;
        return true;
    case RST_OFFSET_END:
        // What is this near to the end (RST_EOF_MAX) is only looked at when the end is known.
        if (!last || m->total < final || m->total < first) {
            return false;
        }
        *low = m->total - final;
        *high = m->total - first;
        return true;
    default:
        return rst_program_starts(m, link->record, low, high);
    }
}

// Could a match of this link still change anything?
static bool is_news(const rst_match *m, const link_view *link, uint64_t position) {
    if (link->signature < m->best || (link->flags & RST_CLUSTER_COUNTED) != 0) {
        return true;
    }
    if (!link->children && (link->flags & RST_CLUSTER_HIT) == 0) {
        return false;
    }
    const rst_open_link *open = find_open(m, link->id);
    return open->link_plus_1 == 0 || (link->children && open->end > position);
}

static bool is_alnum(uint8_t c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

// Is there no letter or digit before window[at]? The margin of the span keeps two octets there.
static bool word_starts(const rst_match *m, const link_view *link, size_t at) {
    if ((link->flags & RST_CLUSTER_WORD_START) == 0) {
        return true;
    }
    if ((link->flags & RST_CLUSTER_WIDE) != 0) {
        return at < 2 || m->window[at - 1] != 0 || !is_alnum(m->window[at - 2]);
    }
    return at < 1 || !is_alnum(m->window[at - 1]);
}

static bool word_ends(const rst_match *m, const link_view *link, size_t at) {
    if ((link->flags & RST_CLUSTER_WIDE) != 0) {
        return m->fill - at < 2 || m->window[at + 1] != 0 || !is_alnum(m->window[at]);
    }
    return at == m->fill || !is_alnum(m->window[at]);
}

// Is one of the starts (`before` the anchor segment at `edge`) among the allowed ones?
static bool start_fits(const rst_match *m, const link_view *link, const reach *before, size_t edge,
                       uint64_t low, uint64_t high) {
    for (size_t d = before->low; d <= before->high; d++) {
        uint64_t start = m->base + edge - d;
        if (in_reach(before, d) && start >= low && start <= high &&
            word_starts(m, link, edge - d)) {
            return true;
        }
    }
    return false;
}

// The earliest of the ends (`behind` the anchor segment's end at `edge`) that will do.
static bool end_fits(const rst_match *m, const link_view *link, const reach *behind, size_t edge,
                     size_t *end) {
    for (size_t d = behind->low; d <= behind->high; d++) {
        if (in_reach(behind, d) &&
            ((link->flags & RST_CLUSTER_WORD_END) == 0 || word_ends(m, link, edge + d))) {
            *end = edge + d;
            return true;
        }
    }
    return false;
}

// The cluster's segments around the anchor segment at window[edge]. Gives the earliest end.
static bool cluster_is_there(rst_match *m, const link_view *link, const segment *anchor,
                             size_t edge, uint64_t low, uint64_t high, size_t *end) {
    reach here, there;
    uint64_t first = rst_load32(link->record + RST_LINK_SEGMENT);
    unsigned count = link->record[RST_LINK_SEGMENTS];
    unsigned middle = link->record[RST_LINK_ANCHOR_SEGMENT];
    segment s = *anchor;
    side way = {edge, edge, false};
    start_reach(&here);
    add_reach(&here, 0);
    size_t gap_min = s.gap_min;
    size_t gap_max = s.gap_max;
    for (unsigned i = middle; i-- > 0;) {
        if (!load_segment(m, first + i, &s)) {
            m->flags |= RST_STOP_CORRUPT;
            return false;
        }
        step(m, &here, &there, &s, gap_min, gap_max, &way);
        if (there.empty) {
            return false;
        }
        here = there;
        gap_min = s.gap_min;
        gap_max = s.gap_max;
    }
    if (!start_fits(m, link, &here, edge, low, high)) {
        return false;
    }
    size_t behind = edge + anchor->length;
    way = (side){behind, m->fill - behind, true};
    start_reach(&here);
    add_reach(&here, 0);
    for (unsigned i = middle + 1; i < count; i++) {
        if (!load_segment(m, first + i, &s)) {
            m->flags |= RST_STOP_CORRUPT;
            return false;
        }
        step(m, &here, &there, &s, s.gap_min, s.gap_max, &way);
        if (there.empty) {
            return false;
        }
        here = there;
    }
    return end_fits(m, link, &here, behind, end);
}

static bool load_link(const rst_match *m, uint32_t id, link_view *link) {
    link->record = rst_db_record(m->db, RST_SECTION_LINKS, id, RST_LINK_SIZE);
    if (link->record == NULL) {
        return false;
    }
    link->id = id;
    link->signature = rst_load32(link->record + RST_LINK_SIGNATURE);
    link->parent = rst_load32(link->record + RST_LINK_PARENT);
    link->flags = link->record[RST_LINK_FLAGS];
    link->children = link->record[RST_LINK_CHILDREN] != 0;
    return link->record[RST_LINK_ANCHOR_SEGMENT] < link->record[RST_LINK_SEGMENTS] &&
           link->record[RST_LINK_SEGMENTS] <= RST_SEGMENTS_MAX;
}

void rst_match_verify(rst_match *m, uint32_t id, size_t at, bool last) {
    link_view link;
    segment anchor;
    if (!load_link(m, id, &link) ||
        !load_segment(m,
                      (uint64_t)rst_load32(link.record + RST_LINK_SEGMENT) +
                          link.record[RST_LINK_ANCHOR_SEGMENT],
                      &anchor) ||
        anchor.kind >= RST_RUN_CHOICE) {
        m->flags |= RST_STOP_CORRUPT;
        return;
    }
    m->work++;
    uint64_t low, high;
    if (!(m->targets >> (link.record[RST_LINK_TARGET] & 15) & 1) ||
        !is_news(m, &link, m->base + at) || !allowed_starts(m, &link, last, &low, &high)) {
        return;
    }
    size_t before = rst_load16(link.record + RST_LINK_ANCHOR_OFFSET);
    if (before > at || anchor.length > m->fill - (at - before)) {
        return;
    }
    size_t edge = at - before;
    size_t end;
    if (!same(m, &anchor, edge) || !cluster_is_there(m, &link, &anchor, edge, low, high, &end)) {
        return;
    }
    if (link.signature < m->best && !rst_match_pardons(m, link.signature)) {
        m->best = link.signature;
    }
    if (link.children || (link.flags & (RST_CLUSTER_HIT | RST_CLUSTER_COUNTED)) != 0) {
        remember(m, &link, (uint32_t)(m->base + end));
    }
}
