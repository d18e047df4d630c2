// See rules.h. Knows no layers and no report.
#include "rules.h"

#include <string.h>

#include "ascii.h"

enum { HASH = 32 }; // octets of SHA-256

// The rule at *at, which is moved behind it. False at the end.
static bool next(const rst_rules *r, size_t *at, uint8_t *kind, const uint8_t **data, size_t *n) {
    if (r == NULL || *at >= r->n) {
        return false;
    }
    *kind = r->data[*at];
    *n = r->data[*at + 1];
    *data = r->data + *at + 2;
    *at += 2 + *n;
    return true;
}

static bool well_formed(uint8_t kind, const uint8_t *data, size_t n) {
    switch (kind) {
    case RST_RULE_VERIFY:
        return n == 0;
    case RST_RULE_ALLOW_HASH:
        return n == HASH;
    default:
        return kind >= RST_RULE_FORBID_TYPE && kind < RST_RULE_KINDS && n > 0 &&
               memchr(data, 0, n) == NULL;
    }
}

bool rst_rules_check(const rst_rules *rules) {
    if (rules == NULL) {
        return true;
    }
    if (rules->n > RST_MAX_RULES || (rules->n > 0 && rules->data == NULL)) {
        return false;
    }
    for (size_t at = 0; at < rules->n;) {
        size_t left = rules->n - at;
        if (left < 2 || rules->data[at + 1] > left - 2) {
            return false;
        }
        size_t n = rules->data[at + 1];
        if (!well_formed(rules->data[at], rules->data + at + 2, n)) {
            return false;
        }
        at += 2 + n;
    }
    return true;
}

uint32_t rst_rules_kinds(const rst_rules *rules) {
    uint32_t kinds = 0;
    uint8_t kind;
    const uint8_t *data;
    size_t n;
    for (size_t at = 0; next(rules, &at, &kind, &data, &n);) {
        kinds |= 1u << kind;
    }
    return kinds;
}

const uint8_t *rst_rules_type(const rst_rules *rules, rst_rule_kind kind, rst_type type,
                              size_t *n) {
    const char *name = rst_types[type].name;
    const char *family = rst_family_names[rst_family_of(type)];
    uint8_t found;
    const uint8_t *data;
    for (size_t at = 0; next(rules, &at, &found, &data, n);) {
        if (found == kind && (rst_is(data, *n, name) || rst_is(data, *n, family))) {
            return data;
        }
    }
    return NULL;
}

const uint8_t *rst_rules_pattern(const rst_rules *rules, rst_rule_kind kind, const char *text,
                                 size_t text_n, size_t *n) {
    uint8_t found;
    const uint8_t *data;
    for (size_t at = 0; next(rules, &at, &found, &data, n);) {
        if (found == kind && rst_glob(data, *n, text, text_n)) {
            return data;
        }
    }
    return NULL;
}

bool rst_rules_hash(const rst_rules *rules, const uint8_t digest[32]) {
    uint8_t found;
    const uint8_t *data;
    size_t n;
    for (size_t at = 0; next(rules, &at, &found, &data, &n);) {
        if (found == RST_RULE_ALLOW_HASH && memcmp(data, digest, HASH) == 0) {
            return true;
        }
    }
    return false;
}

static size_t character(const uint8_t *text, size_t n) {
    size_t size = 1;
    while (size < n && (text[size] & 0xc0) == 0x80) {
        size++;
    }
    return size;
}

bool rst_glob(const uint8_t *pattern, size_t pattern_n, const char *text, size_t n) {
    const uint8_t *t = (const uint8_t *)text;
    size_t p = 0;
    size_t i = 0;
    size_t star = SIZE_MAX; // behind the last `*` of the pattern, and where it was tried to end
    size_t tried = 0;
    while (i < n) {
        if (p < pattern_n && pattern[p] == '*') {
            star = ++p;
            tried = i;
        } else if (p < pattern_n && pattern[p] == '?') {
            p++;
            i += character(t + i, n - i);
        } else if (p < pattern_n && rst_lower(pattern[p]) == rst_lower(t[i])) {
            p++;
            i++;
        } else if (star != SIZE_MAX) {
            p = star;
            i = ++tried;
        } else {
            return false;
        }
    }
    while (p < pattern_n && pattern[p] == '*') {
        p++;
    }
    return p == pattern_n;
}
