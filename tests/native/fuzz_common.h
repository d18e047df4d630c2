// Shared by the fuzz targets of the engine: screens the same octets in several ways and insists
// that the reports are equal.
#ifndef RST_FUZZ_COMMON_H
#define RST_FUZZ_COMMON_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner.h"

// Rules of every kind, so that names and types are judged too.
static inline const rst_rules *fuzz_rules(void) {
    static const uint8_t blob[] = "\1\0"
                                  "\2\3pdf"
                                  "\3\5*.exe"
                                  "\4\5image"
                                  "\5\3*.?"
                                  "\6\3png"
                                  "\x08\1*";
    static const rst_rules rules = {blob, sizeof blob - 1};
    return rst_rules_check(&rules) ? &rules : NULL;
}

// Screens data[0..n) in feeds of `feed` octets, regrouped into blocks of `block`.
static inline void fuzz_screen(rst_scanner *s, const uint8_t *data, size_t n, size_t feed,
                               size_t block, rst_report *report) {
    rst_limits limits;
    rst_limits_default(&limits);
    // Small, so that an input is done in milliseconds and the limits are met often.
    limits.depth = 8;
    limits.entries = 200;
    limits.expanded = 4 * 1024 * 1024;
    limits.work = 40 * 1000 * 1000;
    static uint8_t room[4 * 1024 * 1024];
    rst_scratch scratch = {.base = room, .size = sizeof room};
    rst_scanner_init(s, NULL, &limits, fuzz_rules(), &scratch);
    s->block = (uint32_t)block;
    for (size_t at = 0; at < n; at += feed) {
        rst_scanner_feed(s, data + at, n - at < feed ? n - at : feed);
    }
    memcpy(report, rst_scanner_end(s), sizeof *report);
    if (s->layer_n != 0 || s->level_n != 0) {
        abort(); // something was left open
    }
}

// True if a limit on expansion or work was met. Where it strikes depends on the size of the
// blocks, which is fixed in the product; on the feeds it never depends.
static inline bool fuzz_limited(const rst_report *r) {
    for (size_t i = 0; i < r->findings_n; i++) {
        rst_verdict v = r->findings[i].verdict;
        if (v == RST_RATIO || v == RST_TOO_LARGE || v == RST_OVER_BUDGET) {
            return true;
        }
    }
    return r->found > r->findings_n;
}

static inline void fuzz_print(const char *title, const rst_report *r) {
    fprintf(stderr, "%s: %u found\n", title, (unsigned)r->found);
    for (size_t i = 0; i < r->findings_n; i++) {
        const rst_finding *f = &r->findings[i];
        fprintf(stderr, "  %d %s, %s, %llu to %llu, edit %d\n", (int)f->verdict, f->signature,
                f->part, (unsigned long long)f->start, (unsigned long long)f->end, (int)f->edit);
    }
}

// Two ways to feed the same octets must not differ in anything.
static inline void fuzz_equal(const rst_report *a, const rst_report *b) {
    if (memcmp(a, b, sizeof *a) != 0) {
        fuzz_print("whole", a);
        fuzz_print("in pieces", b);
        abort();
    }
}

static inline void fuzz_compare(const uint8_t *data, size_t n, size_t cut) {
    static rst_scanner scanner;
    static rst_report whole, other;
    // A copy of its own, so that the address sanitizer sees its end.
    uint8_t *copy = malloc(n > 0 ? n : 1);
    if (copy == NULL) {
        return;
    }
    memcpy(copy, data, n);
    fuzz_screen(&scanner, copy, n, n > 0 ? n : 1, RST_BLOCK, &whole);
    fuzz_screen(&scanner, copy, n, cut, RST_BLOCK, &other);
    fuzz_equal(&whole, &other);
    if (!fuzz_limited(&whole)) {
        fuzz_screen(&scanner, copy, n, n > 0 ? n : 1, cut < RST_BLOCK ? cut : RST_BLOCK, &other);
        fuzz_equal(&whole, &other);
    }
    for (size_t i = 0; i < whole.findings_n; i++) {
        const rst_finding *f = &whole.findings[i];
        if (f->start > f->end || f->end > n) {
            abort(); // a range outside of the message
        }
    }
    free(copy);
}

// A part of this type (header field's body) whose content is the input, behind a u16 that says how
// to cut it. Binary, so that its reader gets it as it is.
static inline int fuzz_part(const char *type, const uint8_t *input, size_t n) {
    enum { MOST = 1 << 18, HEADER_MOST = 256 };
    static uint8_t message[HEADER_MOST + 2 * MOST];
    if (n < 2 || n > MOST) {
        return 0;
    }
    size_t cut = 1 + (size_t)(input[0] | input[1] << 8) % 600;
    int header = snprintf((char *)message, HEADER_MOST,
                          "Content-Type: %s\r\nContent-Transfer-Encoding: binary\r\n\r\n", type);
    size_t at = (size_t)header;
    for (size_t i = 2; i < n; i++) {
        if (input[i] == '.' && message[at - 1] == '\n') {
            message[at++] = '.'; // dot-stuffing
        }
        message[at++] = input[i];
    }
    fuzz_compare(message, at, cut);
    return 0;
}

#endif
