// See relations.h.
#include "relations.h"

#include <string.h>

#include "ascii.h"
#include "report.h"
#include "scanner.h"

static bool is(const char *text, size_t n, const char *word) {
    return rst_is((const uint8_t *)text, n, word);
}

bool rst_relations_named(const char *name) {
    size_t n = strlen(name);
    return (n >= 5 && is(name + n - 5, 5, ".rels")) || is(name, n, "meta-inf/manifest.xml");
}

void rst_relations_begin(rst_scanner *s, rst_layer *l) {
    (void)s;
    memset(&l->u.relations, 0, sizeof l->u.relations);
}

// Relations whose target is loaded by itself; links that a reader clicks are not among them.
static bool loads(const rst_relations *r) {
    static const char *const types[] = {"attachedtemplate", "oleobject", "frame",  "subdocument",
                                        "afchunk",          "control",   "package"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (is(r->value, r->value_n, types[i])) {
            return true;
        }
    }
    return false;
}

static void end_value(rst_relations *r) {
    if (is(r->name, r->name_n, "type")) {
        r->loads = loads(r);
    } else if (is(r->name, r->name_n, "targetmode")) {
        r->external = is(r->value, r->value_n, "external");
    }
    r->name_n = 0;
}

static void end_name(rst_scanner *s, rst_layer *l, rst_relations *r) {
    if (is(r->name, r->name_n, "encryption-data") && !r->told) {
        r->told = true;
        rst_found(s, RST_ENCRYPTED, "encrypted office document", l - 1, &l->place, NULL);
    }
    // Old manifests name their document type; relations must not.
    if (is(r->name, r->name_n, "!doctype") && strstr(l->name, "_rels/") != NULL && !r->told) {
        r->told = true;
        rst_found(s, RST_MALFORMED, "document type in an office file", l, &l->place, NULL);
    }
    r->name_n = 0;
    r->external = false;
    r->loads = false;
}

static void end_tag(rst_scanner *s, rst_layer *l, rst_relations *r) {
    if (r->external && r->loads) {
        rst_office_raise(s, l - 1, RST_TYPE_OFFICE_EXTERNAL);
    }
    r->state = RST_XML_TEXT;
}

static void add_name(rst_relations *r, uint8_t c) {
    if (c == ':') {
        r->name_n = 0;
    } else if (r->name_n < sizeof r->name) {
        r->name[r->name_n++] = (char)c; // a full one is longer than any that counts
    }
}

static void add_value(rst_relations *r, uint8_t c) {
    if (c == '/') {
        r->value_n = 0;
    } else if (r->value_n < sizeof r->value) {
        r->value[r->value_n++] = (char)c;
    }
}

// A character by its number; names of entities stand for no character that counts.
static void end_reference(rst_relations *r) {
    uint32_t code = 0;
    bool wide = r->reference_n > 1 && r->reference[1] == 'x';
    for (size_t i = wide ? 2 : 1; i < r->reference_n; i++) {
        int digit = rst_hex((uint8_t)r->reference[i]);
        code = code * (wide ? 16 : 10) + (digit < 0 ? 0 : (uint32_t)digit);
    }
    r->in_reference = false;
    add_value(r,
              r->reference_n > 0 && r->reference[0] == '#' && code < 0x80 ? (uint8_t)code : '?');
}

static void value(rst_relations *r, uint8_t c) {
    if (c == r->quote) {
        r->state = RST_XML_TAG;
        r->in_reference = false;
        end_value(r);
    } else if (r->in_reference && c == ';') {
        end_reference(r);
    } else if (r->in_reference) {
        if (r->reference_n < sizeof r->reference) {
            r->reference[r->reference_n++] = (char)c;
        }
    } else if (c == '&') {
        r->in_reference = true;
        r->reference_n = 0;
    } else {
        add_value(r, c);
    }
}

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void tag(rst_scanner *s, rst_layer *l, rst_relations *r, uint8_t c) {
    if (c == '>') {
        end_tag(s, l, r);
    } else if (c == '"' || c == '\'') {
        r->quote = c;
        r->value_n = 0;
        r->state = RST_XML_VALUE;
    } else if (!is_space(c) && c != '=' && c != '/') {
        add_name(r, c);
    }
}

static void element_name(rst_scanner *s, rst_layer *l, rst_relations *r, uint8_t c) {
    if (r->name_n == 3 && memcmp(r->name, "!--", 3) == 0) {
        r->state = RST_XML_COMMENT;
        r->dashes = c == '-';
    } else if (is_space(c) || c == '>' || c == '/') {
        end_name(s, l, r);
        r->state = RST_XML_TAG;
        tag(s, l, r, c);
    } else {
        add_name(r, c);
    }
}

static void comment(rst_relations *r, uint8_t c) {
    if (c == '>' && r->dashes >= 2) {
        r->state = RST_XML_TEXT;
    }
    r->dashes = c == '-' ? (uint8_t)(r->dashes < 2 ? r->dashes + 1 : 2) : 0;
}

void rst_relations_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n,
                         uint64_t wire) {
    (void)wire;
    rst_relations *r = &l->u.relations;
    for (size_t i = 0; i < n && !s->halted; i++) {
        uint8_t c = data[i];
        if (c == 0) {
            continue; // UTF-16: what counts is ASCII
        }
        switch (r->state) {
        case RST_XML_TEXT:
            if (c == '<') {
                r->state = RST_XML_NAME;
                r->name_n = 0;
            }
            break;
        case RST_XML_NAME:
            element_name(s, l, r, c);
            break;
        case RST_XML_TAG:
            tag(s, l, r, c);
            break;
        case RST_XML_VALUE:
            value(r, c);
            break;
        case RST_XML_COMMENT:
            comment(r, c);
            break;
        }
    }
}

void rst_relations_end(rst_scanner *s, rst_layer *l) {
    (void)s;
    (void)l;
}
