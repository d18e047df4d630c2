// What the settings say about types, names and signatures, as the gate sends it with a message: a
// blob of { u8 kind, u8 length, octets }. It is read where it lies, by walking it; a few KiB.
#ifndef RST_RULES_H
#define RST_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "type.h"

enum { RST_MAX_RULES = 8192 }; // octets of a blob

// Numbers never change; new ones are appended. restante/screening/rules.py has the same.
typedef enum {
    RST_RULE_VERIFY = 1,          // no octets: content against name and declared type
    RST_RULE_FORBID_TYPE = 2,     // name of a type or a family
    RST_RULE_FORBID_NAME = 3,     // pattern
    RST_RULE_ONLY_TYPE = 4,       // if there is an "only" of either kind, other files are
    RST_RULE_ONLY_NAME = 5,       // forbidden
    RST_RULE_EXCLUDE_TYPE = 6,    // not matched against signatures; still opened
    RST_RULE_ALLOW_HASH = 7,      // SHA-256 of an object of which nothing is reported
    RST_RULE_ALLOW_SIGNATURE = 8, // pattern; a signature that never counts
    RST_RULE_KINDS = 9
} rst_rule_kind;

typedef struct rst_rules {
    const uint8_t *data;
    size_t n;
} rst_rules;

// True if the blob is well formed. The other functions take only what this one took, or NULL.
bool rst_rules_check(const rst_rules *rules);
// One bit per kind that occurs: 1 << RST_RULE_VERIFY and so on.
uint32_t rst_rules_kinds(const rst_rules *rules);

// The first rule of this kind that names the type or its family, with its length in *n, or NULL.
const uint8_t *rst_rules_type(const rst_rules *rules, rst_rule_kind kind, rst_type type,
                              size_t *n);
// The first rule of this kind whose pattern fits text[0..text_n).
const uint8_t *rst_rules_pattern(const rst_rules *rules, rst_rule_kind kind, const char *text,
                                 size_t text_n, size_t *n);
bool rst_rules_hash(const rst_rules *rules, const uint8_t digest[32]);

// `*`: any octets; `?`: one character of UTF-8; letters of ASCII in any case. At most
// pattern_n * n steps.
bool rst_glob(const uint8_t *pattern, size_t pattern_n, const char *text, size_t n);

#endif
