// What the fields of a header say: type, encoding and name of the body; for the message itself
// also the fields that outlive its replacement. Notes where readers may disagree.
#include <string.h>

#include "ascii.h"
#include "names.h"
#include "params.h"
#include "print.h"
#include "scanner.h"

// Parameters are looked for several times: work per octet of a field.
enum { FIELD_UNITS = 16 };

static void odd(rst_head *h, const char *why) {
    if (h->odd == NULL) {
        h->odd = why;
    }
}

// Of several other names one is kept, rather one that runs.
static void set_alias(rst_head *h, const char *name) {
    rst_name known, other;
    rst_name_read(&known, h->alias);
    rst_name_read(&other, name);
    bool runs = known.last != NULL && rst_family_active(known.last->family);
    if (!runs || (other.last != NULL && rst_family_active(other.last->family))) {
        memmove(h->alias, name, RST_MAX_NAME);
    }
}

// The name that most readers take is `name`, one that others may take is `alias`.
static void give_name(rst_head *h, const char *name, bool filename) {
    if (strcmp(name, h->name) == 0 || (h->name_is_filename && !filename && name[0] == 0)) {
        h->name_is_filename = h->name_is_filename || filename;
        return;
    }
    if (h->name_is_filename && !filename) {
        set_alias(h, name);
        return;
    }
    set_alias(h, h->name);
    memcpy(h->name, name, RST_MAX_NAME);
    h->name_is_filename = filename;
}

static void content_type(rst_head *h, const uint8_t *body, size_t n) {
    char type[sizeof h->type] = {0};
    uint8_t boundary[RST_MAX_BOUNDARY];
    size_t rest;
    size_t boundary_n = 0;
    bool clean = rst_param_value(body, n, type, sizeof type, &rest);
    rst_param p = {false, false};
    if (strncmp(type, "multipart/", 10) == 0) {
        uint8_t wide[RST_MAX_BOUNDARY + 1];
        p = rst_param_octets(body + rest, n - rest, "boundary", wide, sizeof wide, &boundary_n);
        if (boundary_n > RST_MAX_BOUNDARY) {
            boundary_n = RST_MAX_BOUNDARY;
            odd(h, "boundary longer than the limit");
        }
        while (boundary_n > 0 && rst_blank(wide[boundary_n - 1])) {
            boundary_n--; // RFC 2046: a boundary does not end in a blank
        }
        memcpy(boundary, wide, boundary_n);
        if (p.conflict || !clean) {
            odd(h, "boundary can be read in two ways");
        }
    }
    if (h->has_type && (strcmp(type, h->type) != 0 || boundary_n != h->boundary_n ||
                        memcmp(boundary, h->boundary, boundary_n) != 0)) {
        odd(h, "two Content-Type fields");
        if (p.found || strncmp(h->type, "multipart/", 10) != 0) {
            h->has_type = false; // the reading with more parts
        }
    }
    if (!h->has_type) {
        h->has_type = true;
        memcpy(h->type, type, sizeof type);
        memcpy(h->boundary, boundary, boundary_n);
        h->boundary_n = boundary_n;
    }
    char name[RST_MAX_NAME];
    if (rst_param_text(body + rest, n - rest, "name", name, sizeof name).found) {
        give_name(h, name, false);
    }
}

static void content_disposition(rst_head *h, const uint8_t *body, size_t n) {
    char value[32];
    size_t rest;
    rst_param_value(body, n, value, sizeof value, &rest);
    char name[RST_MAX_NAME];
    // Readers that know no RFC 2231 go by the plain form.
    if (rst_param_plain(body + rest, n - rest, "filename", name, sizeof name) && name[0] != 0) {
        give_name(h, name, true);
    }
    if (rst_param_text(body + rest, n - rest, "filename", name, sizeof name).found &&
        name[0] != 0) {
        give_name(h, name, true);
    }
}

static rst_encoding encoding_named(const char *name) {
    static const struct {
        const char *name;
        rst_encoding encoding;
    } known[] = {
        {"", RST_ENCODING_IDENTITY},      {"7bit", RST_ENCODING_IDENTITY},
        {"8bit", RST_ENCODING_IDENTITY},  {"binary", RST_ENCODING_IDENTITY},
        {"7-bit", RST_ENCODING_IDENTITY}, {"8-bit", RST_ENCODING_IDENTITY},
        {"base64", RST_ENCODING_BASE64},  {"quoted-printable", RST_ENCODING_QP},
        {"x-uuencode", RST_ENCODING_UU},  {"uuencode", RST_ENCODING_UU},
        {"x-uue", RST_ENCODING_UU},       {"uue", RST_ENCODING_UU},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].name) == 0) {
            return known[i].encoding;
        }
    }
    return RST_ENCODING_UNKNOWN;
}

static void content_encoding(rst_head *h, const uint8_t *body, size_t n) {
    char raw[sizeof h->encoding_name];
    char name[sizeof h->encoding_name] = {0};
    size_t rest;
    bool clean = rst_param_value(body, n, raw, sizeof raw, &rest);
    size_t o = 0;
    for (size_t i = 0; raw[i] != 0; i++) {
        if (raw[i] == '"') {
            clean = false;
        } else {
            name[o++] = raw[i];
        }
    }
    name[o] = 0;
    rst_encoding encoding = encoding_named(name);
    bool plain = encoding == RST_ENCODING_IDENTITY;
    if (!clean && !plain) {
        odd(h, "Content-Transfer-Encoding can be read in two ways");
    }
    if (h->has_encoding && encoding != h->encoding) {
        odd(h, "two Content-Transfer-Encoding fields");
        if (plain) {
            return; // the reading that hides more
        }
    }
    h->has_encoding = true;
    h->encoding = encoding;
    memcpy(h->encoding_name, name, sizeof name);
}

// Keeps the place of a field that a replaced message still shows.
static void keep(rst_report *r, uint64_t start, uint64_t end) {
    if (r->keep_n < RST_MAX_KEEP) {
        r->keep[r->keep_n].start = start;
        r->keep[r->keep_n].end = end;
        r->keep_n++;
    }
}

static void text_of(char *out, size_t cap, const uint8_t *body, size_t n) {
    while (n > 0 && body[0] <= ' ') {
        body++;
        n--;
    }
    rst_print p;
    rst_print_init(&p, out, cap);
    rst_print_words(&p, body, n);
    rst_print_end(&p);
}

static void message_field(rst_report *r, const uint8_t *name, size_t name_n, const uint8_t *body,
                          size_t n, uint64_t start, uint64_t end) {
    static const char *const kept[] = {"from",        "to",         "cc",
                                       "date",        "subject",    "message-id",
                                       "in-reply-to", "references", "reply-to"};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (rst_is(name, name_n, kept[i])) {
            keep(r, start, end);
        }
    }
    if (rst_is(name, name_n, "from") && r->from[0] == 0) {
        text_of(r->from, sizeof r->from, body, n);
    } else if (rst_is(name, name_n, "subject") && r->subject[0] == 0) {
        text_of(r->subject, sizeof r->subject, body, n);
    }
}

// The field's name without octets that do not belong into one. *exact: there were none.
static size_t clean_name(const uint8_t *field, size_t n, uint8_t *name, size_t cap, bool *exact) {
    size_t o = 0;
    *exact = true;
    for (size_t i = 0; i < n; i++) {
        if (field[i] <= ' ' || field[i] >= 0x7f) {
            *exact = false;
        } else if (o < cap) {
            name[o++] = field[i];
        }
    }
    return o;
}

// A stray CR is a line end to some readers: then what follows it is a field to them.
static bool hides_field(const uint8_t *field, size_t n) {
    const uint8_t *end = field + n;
    const uint8_t *cr = field;
    while ((cr = memchr(cr, '\r', (size_t)(end - cr))) != NULL) {
        cr++;
        if (rst_starts(cr, (size_t)(end - cr), "content-") ||
            (cr < end && (*cr == '\r' || *cr == '-'))) {
            return true;
        }
    }
    return false;
}

void rst_head_field(rst_scanner *s, rst_layer *l, const uint8_t *field, size_t n, uint64_t start,
                    uint64_t end) {
    rst_mime *m = &l->u.mime;
    rst_head *h = &m->head;
    if (hides_field(field, n)) {
        odd(h, "stray CR in the header");
    }
    const uint8_t *colon = memchr(field, ':', n);
    if (colon == NULL) {
        // Readers differ on whether the header ends at such a line.
        m->junk = m->junk || !(rst_starts(field, n, "from ") || rst_starts(field, n, ">from "));
        return;
    }
    uint8_t name[32];
    bool exact;
    size_t name_n = clean_name(field, (size_t)(colon - field), name, sizeof name, &exact);
    const uint8_t *body = colon + 1;
    size_t body_n = (size_t)(field + n - body);
    if (!rst_starts(name, name_n, "content-")) {
        if (m->root && l == &s->layers[0]) {
            message_field(&s->report, name, name_n, body, body_n, start, end);
        }
        return;
    }
    if (rst_is(name, name_n, "content-type")) {
        content_type(h, body, body_n);
    } else if (rst_is(name, name_n, "content-transfer-encoding")) {
        content_encoding(h, body, body_n);
    } else if (rst_is(name, name_n, "content-disposition")) {
        content_disposition(h, body, body_n);
    } else {
        return;
    }
    rst_spend(s, FIELD_UNITS * body_n);
    if (m->field_cut) {
        odd(h, "header field longer than the limit");
    } else if (!exact) {
        odd(h, "field name with blanks or control characters");
    } else if (m->junk) {
        odd(h, "header with a line that is no field");
    }
}
