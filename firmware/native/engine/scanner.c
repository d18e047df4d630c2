// The way in and out: regroups the feeds into blocks, undoes dot-stuffing, hands the octets to
// layer 0, which is the message, and keeps the account of work.
#include "scanner.h"

#include <string.h>

#include "report.h"

static const rst_place whole = {RST_EDIT_WHOLE, 0, 0, false};

size_t rst_scanner_size(void) {
    return sizeof(struct rst_scanner);
}

void rst_scanner_init(rst_scanner *s, const rst_db *db, const rst_limits *limits,
                      const rst_rules *rules, const rst_scratch *scratch) {
    static const rst_scratch none = {NULL, 0, NULL, NULL};
    s->db = db;
    s->limits = *limits;
    s->rules = rules != NULL ? *rules : (rst_rules){NULL, 0};
    s->rule_kinds = rst_rules_kinds(rules);
    s->scratch = scratch != NULL ? *scratch : none;
    s->scratch_n = 0;
    s->scratch_granted = 0;
    if (s->limits.depth > RST_MAX_DEPTH) {
        s->limits.depth = RST_MAX_DEPTH;
    }
    s->watch = (rst_watch){0};
    s->halted = false;
    s->too_many = false;
    s->units = 0;
    s->serial = 0;
    s->layer_n = 0;
    s->level_n = 0;
    s->block = RST_BLOCK;
    s->block_n = 0;
    memset(&s->report, 0, sizeof s->report);
    rst_unstuff_init(&s->unstuff);
    s->layers[0].name[0] = 0;
    rst_layer_open(s, RST_HINT_MAIL, "", &whole, true);
}

uint64_t rst_spent(const rst_scanner *s) {
    uint64_t units = s->units;
    for (size_t i = 0; i < s->layer_n; i++) {
        units += rst_match_work(&s->layers[i].match);
    }
    return units;
}

void rst_spend(rst_scanner *s, uint64_t units) {
    s->units += units;
}

bool rst_budget_left(rst_scanner *s) {
    if (!s->halted && rst_spent(s) > s->limits.work) {
        s->halted = true;
        rst_found(s, RST_OVER_BUDGET, "more work than the limit", &s->layers[0], &whole, NULL);
    }
    return !s->halted;
}

static void scan_block(rst_scanner *s, const uint8_t *data, size_t n) {
    while (n > 0 && s->layer_n > 0 && rst_budget_left(s)) {
        const uint8_t *run;
        size_t run_n;
        uint64_t wire;
        size_t used = rst_unstuff_take(&s->unstuff, data, n, &run, &run_n, &wire);
        rst_layer_write(s, &s->layers[0], run, run_n, wire);
        data += used;
        n -= used;
    }
}

void rst_scanner_feed(rst_scanner *s, const uint8_t *data, size_t n) {
    while (n > 0) {
        size_t room = s->block - s->block_n;
        size_t take = n < room ? n : room;
        if (take == s->block) {
            scan_block(s, data, take); // a whole block: no need to copy it
        } else {
            memcpy(s->input + s->block_n, data, take);
            s->block_n += (uint32_t)take;
            if (s->block_n == s->block) {
                scan_block(s, s->input, s->block_n);
                s->block_n = 0;
            }
        }
        data += take;
        n -= take;
    }
}

const rst_report *rst_scanner_end(rst_scanner *s) {
    scan_block(s, s->input, s->block_n);
    s->block_n = 0;
    rst_budget_left(s);
    if (s->layer_n > 0) {
        rst_layer_close(s, &s->layers[0]);
    }
    s->report.work = s->units;
    return &s->report;
}
