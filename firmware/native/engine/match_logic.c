// Logical signatures: decides, when the object has ended, which hold for the hits that the table
// of open links has kept. Only signatures that a hit names as worth a look are evaluated.
//
// Programs have no negation: the compiler turns it into terms with an upper bound. So where hits
// may be missing (a full table, a search that was ended), only such terms are in doubt; they then
// do not hold, and the object is in doubt as a whole (rst_match_overflow).
#include "match_state.h"

#define FIRST_OF_ITS_SUBSIGNATURE 0x80000000u

static uint32_t hits_of(const rst_match *m, uint32_t link) {
    uint32_t slot = (link * RST_SIG_GRAM_FACTOR) >> (32 - RST_OPEN_BITS);
    while (m->open[slot].link_plus_1 != 0) {
        if (m->open[slot].link_plus_1 == link + 1) {
            return m->open[slot].hits;
        }
        slot = (slot + 1) % RST_OPEN_SLOTS;
    }
    return 0;
}

static uint32_t word(const rst_match *m, uint64_t index) {
    const uint8_t *p = rst_db_record(m->db, RST_SECTION_PROGRAMS, index, 4);
    return p == NULL ? 0 : rst_load32(p);
}

// `at` is behind the operator's word: least, most, subsignatures at least, then n links.
static bool term_holds(rst_match *m, uint64_t at, uint32_t n) {
    uint64_t sum = 0;
    uint32_t different = 0;
    bool counted = true; // the subsignature at hand is among the different ones
    for (uint32_t i = 0; i < n; i++) {
        uint32_t link = word(m, at + 3 + i);
        if ((link & FIRST_OF_ITS_SUBSIGNATURE) != 0) {
            counted = false;
        }
        uint32_t hits = hits_of(m, link & ~FIRST_OF_ITS_SUBSIGNATURE);
        sum += hits;
        if (hits > 0 && !counted) {
            counted = true;
            different++;
        }
    }
    m->work += n;
    uint32_t most = word(m, at + 1);
    bool in_doubt = most != UINT32_MAX && m->flags != 0;
    return !in_doubt && sum >= word(m, at) && sum <= most && different >= word(m, at + 2);
}

static bool corrupt(rst_match *m) {
    m->flags |= RST_STOP_CORRUPT;
    return false;
}

static bool program_holds(rst_match *m, uint64_t at, uint32_t words) {
    uint64_t operands = 0; // one bit each, the latest lowest
    uint32_t waiting = 0;
    uint64_t end = at + words;
    if (end > m->db->section[RST_SECTION_PROGRAMS].size / 4) {
        return corrupt(m);
    }
    while (at < end) {
        uint32_t op = word(m, at) & 0xFF;
        uint32_t n = word(m, at) >> 8;
        at++;
        if (op == RST_OP_TERM) {
            if (waiting == RST_PROGRAM_DEPTH || end - at < 3 || n > end - at - 3) {
                return corrupt(m);
            }
            operands = operands << 1 | term_holds(m, at, n);
            at += 3 + (uint64_t)n;
            waiting++;
            continue;
        }
        if (n == 0 || n >= RST_PROGRAM_DEPTH || n > waiting || op > RST_OP_ANY) {
            return corrupt(m);
        }
        uint64_t mine = ((uint64_t)1 << n) - 1;
        bool holds = op == RST_OP_ALL ? (operands & mine) == mine : (operands & mine) != 0;
        operands = (operands >> n) << 1 | holds;
        waiting -= n - 1;
        m->work++;
    }
    return waiting == 1 ? (operands & 1) != 0 : corrupt(m);
}

static void consider(rst_match *m, uint32_t index, uint32_t *best) {
    const uint8_t *logic = rst_db_record(m->db, RST_SECTION_LOGIC, index, RST_LOGIC_SIZE);
    m->work++;
    if (logic == NULL) {
        corrupt(m);
        return;
    }
    uint32_t id = rst_load32(logic + RST_LOGIC_SIGNATURE);
    if (id < *best && m->total >= rst_load32(logic + RST_LOGIC_SIZE_LOW) &&
        m->total <= rst_load32(logic + RST_LOGIC_SIZE_HIGH) &&
        program_holds(m, rst_load32(logic + RST_LOGIC_PROGRAM),
                      rst_load32(logic + RST_LOGIC_WORDS)) &&
        !rst_match_pardons(m, id)) {
        *best = id;
    }
}

uint32_t rst_logic_final(rst_match *m) {
    uint32_t best = m->best;
    if (m->db == NULL || m->db->section[RST_SECTION_LOGIC].size == 0) {
        return best;
    }
    for (size_t slot = 0; slot < RST_OPEN_SLOTS; slot++) {
        if (m->open[slot].hits == 0) {
            continue;
        }
        uint64_t link = m->open[slot].link_plus_1 - 1;
        const uint8_t *first = rst_db_record(m->db, RST_SECTION_LINK_TRIGGERS, link, 4);
        const uint8_t *end = rst_db_record(m->db, RST_SECTION_LINK_TRIGGERS, link + 1, 4);
        if (first == NULL || end == NULL) {
            corrupt(m);
            return best;
        }
        for (uint32_t i = rst_load32(first); i < rst_load32(end); i++) {
            const uint8_t *index = rst_db_record(m->db, RST_SECTION_TRIGGERS, i, 4);
            if (index == NULL) {
                corrupt(m);
                return best;
            }
            consider(m, rst_load32(index), &best);
            rst_match_keep_to_budget(m);
            if (rst_match_stopped(m)) {
                return best;
            }
        }
    }
    return best;
}
