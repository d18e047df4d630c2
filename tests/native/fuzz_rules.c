// Fuzz target of the rules and names: a rules blob and a text, divided by the u16 in front.
// Invariant: what the check takes can be walked without leaving it, and a name is read within its
// text.
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "rules.h"
#include "verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

static void name_of(const char *text) {
    rst_name name;
    rst_name_read(&name, text);
    size_t left = strlen(text) - (size_t)(name.base - text);
    if (name.full_n != left || name.base_n > name.full_n) {
        abort();
    }
    for (int type = 0; type < RST_TYPES; type++) {
        rst_type with_name = rst_name_type(&name, (rst_type)type, type % 2 == 0);
        rst_claims claims = {(rst_type)type, with_name, &name, text, type % 3 == 0};
        rst_verify(&claims);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    if (n < 2) {
        return 0;
    }
    size_t split = (size_t)(input[0] | input[1] << 8) % (n - 1);
    // Copies of their own, so that the address sanitizer sees their ends.
    uint8_t *blob = malloc(split > 0 ? split : 1);
    size_t text_n = n - 2 - split;
    char *text = malloc(text_n + 1);
    if (blob == NULL || text == NULL) {
        abort();
    }
    memcpy(blob, input + 2, split);
    memcpy(text, input + 2 + split, text_n);
    text[text_n] = 0;
    rst_rules rules = {blob, split};
    if (rst_rules_check(&rules)) {
        size_t rule_n;
        uint8_t digest[32] = {0};
        if (split > 0 && rst_rules_kinds(&rules) == 0) {
            abort();
        }
        for (int kind = 1; kind < RST_RULE_KINDS; kind++) {
            rst_rules_pattern(&rules, (rst_rule_kind)kind, text, text_n, &rule_n);
            rst_rules_type(&rules, (rst_rule_kind)kind, RST_TYPE_PE, &rule_n);
        }
        rst_rules_hash(&rules, digest);
    }
    name_of(text);
    free(blob);
    free(text);
    return 0;
}
