// What the fields of a header say: type, encoding and name of the body; for the message itself
// also the fields that outlive its replacement. Notes where readers may disagree.
#include <string.h>

#include "ascii.h"
#include "names.h"
#include "params.h"
#include "print.h"
#include "scanner.h"
#include "sigrules.h"

// Parameters are looked for several times: work per octet of a field.
enum { FIELD_UNITS = 16 };

static void odd(rst_head *h, const char *why) {
    if (h->odd == NULL) {
        h->odd = why;
    }
}

// Fields that are read wrongly by some if there is a NUL in them, or a comment without an end.
static bool mentions(const uint8_t *body, size_t n, const char *word) {
    for (size_t i = 0; i < n; i++) {
        if (rst_starts(body + i, n - i, word)) {
            return true;
        }
    }
    return false;
}

static rst_text_charset charset_of(const uint8_t *body, size_t n) {
    static const struct {
        const char *name;
        rst_text_charset charset;
    } known[] = {
        {"utf-16", RST_TEXT_UTF16},          {"utf-16le", RST_TEXT_UTF16LE},
        {"utf-16be", RST_TEXT_UTF16BE},      {"ucs-2", RST_TEXT_UTF16},
        {"iso-10646-ucs-2", RST_TEXT_UTF16}, {"unicode", RST_TEXT_UTF16},
        {"utf-32", RST_TEXT_UTF32LE},        {"utf-32le", RST_TEXT_UTF32LE},
        {"utf-32be", RST_TEXT_UTF32BE},
    };
    char name[40];
    rst_param_text(body, n, "charset", name, sizeof name);
    const uint8_t *octets = (const uint8_t *)name;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (rst_is(octets, strlen(name), known[i].name)) {
            return known[i].charset;
        }
    }
    return mentions(octets, strlen(name), "utf-7") ? RST_TEXT_UTF7 : RST_TEXT_OCTETS;
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

static const char name_is_cut[] = "file name in more pieces than the limit";

static void content_type(rst_head *h, const uint8_t *body, size_t n) {
    char type[sizeof h->type] = {0};
    uint8_t boundary[RST_MAX_BOUNDARY];
    size_t rest;
    size_t boundary_n = 0;
    bool clean = rst_param_value(body, n, type, sizeof type, &rest);
    rst_param p = {false, false, false};
    {
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
        bool multipart = strncmp(type, "multipart/", 10) == 0;
        if (multipart && (p.conflict || !clean)) {
            odd(h, "boundary can be read in two ways");
        }
    }
    if (strncmp(type, "multipart/", 10) != 0 && h->has_type &&
        strncmp(h->type, "multipart/", 10) == 0) {
        boundary_n = 0; // the field that is a multipart's counts, whatever this one says
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
    h->charset = charset_of(body + rest, n - rest);
    char name[RST_MAX_NAME];
    p = rst_param_text(body + rest, n - rest, "name", name, sizeof name);
    if (p.cut) {
        odd(h, name_is_cut);
    }
    if (p.found) {
        give_name(h, name, false);
    }
}

static void content_disposition(rst_head *h, const uint8_t *body, size_t n) {
    char value[32];
    size_t rest;
    rst_param_value(body, n, value, sizeof value, &rest);
    char name[RST_MAX_NAME], plain[RST_MAX_NAME];
    rst_param p = rst_param_text(body + rest, n - rest, "filename", name, sizeof name);
    if (p.conflict || (p.found && h->name_is_filename && strcmp(h->name, name) != 0)) {
        odd(h, "two file names");
    }
    if (p.cut) {
        odd(h, name_is_cut);
    }
    // Readers that know no RFC 2231 go by the plain form.
    if (rst_param_plain(body + rest, n - rest, "filename", plain, sizeof plain) && plain[0] != 0) {
        give_name(h, plain, true);
    }
    if (p.found && name[0] != 0) {
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
    bool other = plain && (mentions(body, n, "base64") || mentions(body, n, "printable") ||
                           mentions(body, n, "uue"));
    if (other || (!clean && !plain)) {
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

// The letters of a field's name up to a comment, lower case.
static size_t letters(const uint8_t *field, size_t n, uint8_t *name, size_t cap) {
    size_t o = 0;
    for (size_t i = 0; i < n && field[i] != '('; i++) {
        uint8_t c = rst_lower(field[i]);
        if (c >= 'a' && c <= 'z' && o < cap) {
            name[o++] = c;
        }
    }
    return o;
}

typedef enum { OTHER_FIELD = 0, TYPE_FIELD, ENCODING_FIELD, DISPOSITION_FIELD } field_kind;

// Which field it is to the most lenient of readers. *exact: to all of them.
static field_kind kind_of(const uint8_t *field, size_t n, bool *exact) {
    static const char *const names[][2] = {
        [TYPE_FIELD] = {"content-type", "contenttype"},
        [ENCODING_FIELD] = {"content-transfer-encoding", "contenttransferencoding"},
        [DISPOSITION_FIELD] = {"content-disposition", "contentdisposition"},
    };
    uint8_t name[32];
    size_t name_n = letters(field, n, name, sizeof name);
    for (field_kind k = TYPE_FIELD; k <= DISPOSITION_FIELD; k++) {
        if (rst_is(name, name_n, names[k][1])) {
            *exact = rst_is(field, n, names[k][0]);
            return k;
        }
    }
    return OTHER_FIELD;
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

// Rules of the signatures about who sent it and what it says.
static void ask_rules(rst_scanner *s, rst_layer *l, const uint8_t *name, size_t name_n,
                      const uint8_t *body, size_t body_n) {
    if (rst_is(name, name_n, "from") || rst_is(name, name_n, "sender")) {
        rst_sigrules_field(s, l, RST_BY_SENDER, body, body_n);
    } else if (rst_is(name, name_n, "subject")) {
        rst_sigrules_field(s, l, RST_BY_SUBJECT, body, body_n);
    }
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
    size_t name_n = (size_t)(colon - field);
    bool exact = true;
    field_kind kind = kind_of(field, name_n, &exact);
    const uint8_t *body = colon + 1;
    size_t body_n = (size_t)(field + n - body);
    switch (kind) {
    case TYPE_FIELD:
        content_type(h, body, body_n);
        break;
    case ENCODING_FIELD:
        content_encoding(h, body, body_n);
        break;
    case DISPOSITION_FIELD:
        content_disposition(h, body, body_n);
        break;
    default:
        if (m->root && l == &s->layers[0]) {
            message_field(&s->report, field, name_n, body, body_n, start, end);
            ask_rules(s, l, field, name_n, body, body_n);
        }
        return;
    }
    rst_spend(s, FIELD_UNITS * body_n);
    if (m->field_cut) {
        odd(h, "header field longer than the limit");
    } else if (!exact) {
        odd(h, "field name with blanks or control characters");
    } else if (memchr(body, 0, body_n) != NULL) {
        odd(h, "field with a NUL");
    }
}
