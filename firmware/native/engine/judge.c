// See judge.h. Not judged are the message itself and its own text: parts without a name that are
// text. What a document is made of is no file to anybody: in it only what runs is judged.
#include "judge.h"

#include <string.h>

#include "print.h"
#include "report.h"
#include "scanner.h"
#include "verify.h"

// One object, wherever it lies.
typedef struct {
    rst_scanner *s;
    rst_layer *in;     // findings are made for this layer
    const char *inner; // name of an object in it without a layer, or NULL
    rst_type content, type;
    bool opened; // it was looked into: what lies in it is judged instead
    bool inside; // of a document
    const char *declared;
    const char *names[2]; // as told, in another place; NULL: none
} object;

static bool has(const rst_scanner *s, rst_rule_kind kind) {
    return s->rule_kinds >> kind & 1;
}

static bool runs(const object *o) {
    return rst_family_active(rst_family_of(o->content)) ||
           rst_family_active(rst_family_of(o->type));
}

static bool is_document(rst_family f) {
    return f == RST_FAMILY_OFFICE || f == RST_FAMILY_DOCUMENT;
}

// By what was found, or what it is called while its parts are read.
static bool document(const rst_layer *l) {
    rst_name name;
    rst_name_read(&name, l->name);
    return is_document(rst_family_of(l->type)) ||
           (name.last != NULL && is_document(name.last->family));
}

static void forbidden(const object *o, const char *what, const uint8_t *rule, size_t n) {
    char reason[RST_MAX_NAME];
    rst_print p;
    rst_print_init(&p, reason, sizeof reason);
    rst_print_ascii(&p, what);
    rst_print_octets(&p, RST_CHARSET_UTF8, rule, n);
    rst_print_end(&p);
    rst_found(o->s, RST_FORBIDDEN, reason, o->in, &o->in->place, o->inner);
}

static const uint8_t *by_type(const object *o, rst_rule_kind kind, size_t *n) {
    const uint8_t *rule = rst_rules_type(&o->s->rules, kind, o->type, n);
    // A name makes a type worse, never better: what a rule forbids it finds by content too.
    return rule == NULL && kind == RST_RULE_FORBID_TYPE
               ? rst_rules_type(&o->s->rules, kind, o->content, n)
               : rule;
}

// With the dots and blanks at the end, which some systems leave out, and without.
static const uint8_t *by_name(const object *o, rst_rule_kind kind, size_t *n) {
    const uint8_t *rule = NULL;
    for (size_t i = 0; rule == NULL && i < 2; i++) {
        if (o->names[i] == NULL) {
            continue;
        }
        rst_name name;
        rst_name_read(&name, o->names[i]);
        rule = rst_rules_pattern(&o->s->rules, kind, name.base, name.base_n, n);
        if (rule == NULL && name.full_n > name.base_n) {
            rule = rst_rules_pattern(&o->s->rules, kind, name.base, name.full_n, n);
        }
    }
    return rule;
}

static void forbid(const object *o) {
    size_t n = 0;
    if (o->inside && !runs(o)) {
        return;
    }
    const uint8_t *rule = by_type(o, RST_RULE_FORBID_TYPE, &n);
    if (rule != NULL) {
        forbidden(o, "type ", rule, n);
        return;
    }
    rule = by_name(o, RST_RULE_FORBID_NAME, &n);
    if (rule != NULL) {
        forbidden(o, "name ", rule, n);
        return;
    }
    bool only = has(o->s, RST_RULE_ONLY_TYPE) || has(o->s, RST_RULE_ONLY_NAME);
    if (only && !o->opened && by_type(o, RST_RULE_ONLY_TYPE, &n) == NULL &&
        by_name(o, RST_RULE_ONLY_NAME, &n) == NULL) {
        forbidden(o, "not among what is allowed: ", (const uint8_t *)rst_types[o->type].name,
                  strlen(rst_types[o->type].name));
    }
}

static void verify(const object *o) {
    const char *why = NULL;
    for (size_t i = 0; why == NULL && i < 2; i++) {
        if (o->names[i] == NULL && i > 0) {
            continue;
        }
        rst_name name;
        rst_name_read(&name, o->names[i] != NULL ? o->names[i] : "");
        rst_claims claims = {o->content, o->type, &name, o->declared, o->inside};
        why = rst_verify(&claims);
    }
    if (why == NULL) {
        return;
    }
    char reason[RST_MAX_NAME];
    rst_print p;
    rst_print_init(&p, reason, sizeof reason);
    rst_print_ascii(&p, why);
    rst_print_ascii(&p, ": ");
    rst_print_ascii(&p, rst_types[o->type].name);
    rst_print_end(&p);
    rst_found(o->s, RST_MISMATCH, reason, o->in, &o->in->place, o->inner);
}

static void judge(const object *o) {
    // Rules are walked a few times, each pattern against each name: some ten steps for a unit.
    rst_spend(o->s, 16 + 4 * o->s->rules.n);
    forbid(o);
    if (has(o->s, RST_RULE_VERIFY)) {
        verify(o);
    }
}

void rst_judge(rst_scanner *s, rst_layer *l) {
    if (s->rule_kinds == 0 || l == &s->layers[0] || s->halted) {
        return;
    }
    rst_family family = rst_family_of(l->type);
    if (l->unnamed && (family == RST_FAMILY_TEXT || l->type == RST_TYPE_UNKNOWN) &&
        l->hint == RST_HINT_TEXT) {
        return;
    }
    bool holds =
        l->format != RST_FORMAT_PLAIN && l->format != RST_FORMAT_TEXT &&
        (family == RST_FAMILY_ARCHIVE || family == RST_FAMILY_MAIL || family == RST_FAMILY_DISK);
    object o = {
        .s = s,
        .in = l,
        .content = rst_layer_content(l),
        .type = l->type,
        .opened = holds && !document(l),
        .inside = document(l - 1),
        .declared = l->declared,
        .names = {l->unnamed ? NULL : l->name, l->alias[0] != 0 ? l->alias : NULL},
    };
    judge(&o);
}

void rst_judge_name(rst_scanner *s, rst_layer *l, const char *name) {
    if (s->rule_kinds == 0) {
        return;
    }
    rst_name read;
    rst_name_read(&read, name);
    object o = {
        .s = s,
        .in = l,
        .inner = name,
        .content = RST_TYPE_UNKNOWN,
        .type = rst_name_type(&read, RST_TYPE_UNKNOWN, false),
        .inside = document(l),
        .declared = "",
        .names = {name, NULL},
    };
    judge(&o);
}

bool rst_judge_excluded(const rst_scanner *s, const rst_layer *l) {
    size_t n;
    rst_type content = rst_layer_content(l);
    return has(s, RST_RULE_EXCLUDE_TYPE) && l != &s->layers[0] &&
           rst_rules_type(&s->rules, RST_RULE_EXCLUDE_TYPE, content, &n) != NULL;
}
