// One object against the signatures: owns the window, knows nothing of patterns or digests.
// Rule: an anchor position is looked at exactly once, when RST_SPAN_MAX octets behind it are in
// the window or the object has ended; therefore the cuts of the input cannot matter.
#include "match.h"

#include <string.h>

#include "match_state.h"
#include "rules.h"

void rst_match_init(rst_match *m, const rst_db *db, rst_object_kind kind) {
    memset(m, 0, offsetof(struct rst_match, program)); // what follows is filled before it is read
    m->program.sections = 0;
    m->db = db;
    m->kind = kind;
    m->best = RST_NO_SIGNATURE;
    m->best_piece = RST_NO_SIGNATURE;
    m->pardoned = RST_NO_SIGNATURE;
    m->budget = UINT64_MAX;
    rst_digest_init(m);
}

void rst_match_budget(rst_match *m, uint64_t units) {
    m->budget = units;
}

void rst_match_allow(rst_match *m, const struct rst_rules *rules) {
    m->rules = rules;
}

void rst_match_exclude(rst_match *m) {
    m->excluded = true;
}

void rst_match_keep_sum(rst_match *m) {
    rst_digest_keep(m);
}

const uint8_t *rst_match_sum(const rst_match *m) {
    return m->summed && m->ended ? m->sum : NULL;
}

bool rst_match_pardons(rst_match *m, uint32_t id) {
    if (m->rules == NULL || id == m->pardoned) {
        return m->rules != NULL;
    }
    const char *name = rst_db_signature_name(m->db, id);
    size_t n;
    m->work += m->rules->n;
    bool pardons = rst_rules_pattern(m->rules, RST_RULE_ALLOW_SIGNATURE, name, strlen(name), &n);
    if (pardons) {
        m->pardoned = id;
    }
    return pardons;
}

static bool needs_window(const rst_match *m) {
    return !m->excluded && m->db != NULL &&
           (m->db->section[RST_SECTION_ENTRIES].size > 0 ||
            m->db->section[RST_SECTION_PIECE_SET].size > 0);
}

static void slide(rst_match *m) {
    if (m->next <= RST_SPAN_MAX) {
        return;
    }
    size_t gone = m->next - RST_SPAN_MAX;
    memmove(m->window, m->window + gone, m->fill - gone);
    m->base += gone;
    m->fill -= gone;
    m->next -= gone;
}

// Work is counted as octets enter the window, and the window fills up at the same places however
// the object is cut; so the budget ends the search at the same place too.
static void count(rst_match *m, size_t octets) {
    m->work += octets;
    rst_match_keep_to_budget(m);
}

static void search(rst_match *m, const uint8_t *data, size_t n) {
    while (n > 0 && !rst_match_stopped(m)) {
        size_t room = RST_WINDOW - m->fill;
        size_t take = n < room ? n : room;
        memcpy(m->window + m->fill, data, take);
        if (m->far.looking) {
            rst_program_look(m, data, take, m->base + m->fill);
        }
        if (m->pieces) {
            rst_program_update(m, data, take, m->base + m->fill);
        }
        m->fill += take;
        data += take;
        n -= take;
        count(m, take);
        if (m->fill == RST_WINDOW && !rst_match_stopped(m)) {
            rst_match_scan(m, RST_WINDOW - RST_SPAN_MAX, false);
            slide(m);
        }
    }
}

void rst_match_update(rst_match *m, const uint8_t *data, size_t n) {
    uint64_t room = UINT32_MAX - 1 - m->total; // positions are kept in 32 bits
    if (m->ended || n == 0) {
        return;
    }
    size_t take = n < room ? n : (size_t)room;
    m->total += take;
    rst_digest_update(m, data, take);
    if (needs_window(m)) {
        search(m, data, take);
    } else {
        count(m, take);
    }
    if (take < n) {
        m->flags |= RST_STOP_TOO_LARGE;
    }
}

uint32_t rst_match_final(rst_match *m) {
    if (m->ended) {
        return m->best;
    }
    m->ended = true;
    if (needs_window(m) && !rst_match_stopped(m)) {
        // What is loaded past the end is always the same, so that the work count is too.
        memset(m->window + m->fill, 0, RST_WINDOW_PAD);
        rst_match_scan(m, m->fill, true);
    }
    if (!m->excluded) {
        m->best = rst_logic_final(m);
        rst_program_final(m);
    }
    uint32_t hash = rst_digest_final(m);
    if (hash < m->best) {
        m->best = hash;
    }
    // Where a search that was ended found the last section depends on the cuts of the input.
    if (m->best_piece < m->best && !rst_match_stopped(m)) {
        m->best = m->best_piece;
    }
    if (m->allowed) {
        m->best = RST_NO_SIGNATURE;
        m->flags &= RST_STOP_CORRUPT | RST_STOP_DIGEST;
    }
    return m->best;
}

bool rst_match_overflow(const rst_match *m) {
    return m->flags != 0;
}

uint64_t rst_match_work(const rst_match *m) {
    return m->work;
}
