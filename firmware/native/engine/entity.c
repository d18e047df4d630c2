// One entity once its header is read: what it is, what may be replaced for it, and the way of
// its body through the transfer decoder into a layer.
#include <string.h>

#include "ascii.h"
#include "magic.h"
#include "print.h"
#include "report.h"
#include "scanner.h"

static bool type_is(const rst_head *h, const char *type) {
    return strcmp(h->type, type) == 0;
}

static bool type_in(const rst_head *h, const char *family) {
    return strncmp(h->type, family, strlen(family)) == 0;
}

static bool sealed(const rst_scanner *s, const rst_layer *l) {
    return l->place.sealed || (l->u.mime.level_top > l->u.mime.level_base &&
                               s->levels[l->u.mime.level_top - 1].sealed);
}

// What may be replaced if something is found in this leaf.
static rst_place place_of(rst_scanner *s, rst_layer *l) {
    rst_mime *m = &l->u.mime;
    rst_place place = l->place;
    m->owner = 0;
    if (!l->wired || m->level_top == m->level_base) {
        return place; // the part that holds this message, or the whole message
    }
    m->owner = ++s->serial;
    place.owner = m->owner;
    place.sealed = sealed(s, l);
    place.edit = place.sealed ? RST_EDIT_WHOLE : RST_EDIT_PART;
    place.start = place.sealed ? 0 : m->start;
    return place;
}

static void push_level(rst_scanner *s, rst_layer *l) {
    rst_mime *m = &l->u.mime;
    const rst_head *h = &m->head;
    if (s->layer_n + s->level_n >= s->limits.depth) {
        rst_found(s, RST_TOO_DEEP, "nested deeper than the limit", l, &l->place, NULL);
        return;
    }
    for (uint32_t k = m->level_base; k < m->level_top; k++) {
        const rst_level *outer = &s->levels[k];
        if (outer->boundary_n == h->boundary_n &&
            memcmp(outer->boundary, h->boundary, h->boundary_n) == 0) {
            rst_found(s, RST_AMBIGUOUS, "two multiparts with the same boundary", l, &l->place,
                      NULL);
        }
    }
    bool inherited = sealed(s, l);
    rst_level *level = &s->levels[s->level_n++];
    m->level_top = s->level_n;
    memset(level, 0, sizeof *level);
    memcpy(level->boundary, h->boundary, h->boundary_n);
    level->boundary_n = h->boundary_n;
    level->sealed = inherited || type_is(h, "multipart/signed");
    level->digest = type_is(h, "multipart/digest");
    level->quoted = h->encoding == RST_ENCODING_QP;
    rst_entity_margin(m);
}

static void begin_multipart(rst_scanner *s, rst_layer *l) {
    const rst_head *h = &l->u.mime.head;
    if (h->encoding == RST_ENCODING_BASE64 || h->encoding == RST_ENCODING_UU) {
        rst_found(s, RST_AMBIGUOUS, "multipart with a transfer encoding", l, &l->place, NULL);
    }
    if (type_is(h, "multipart/encrypted")) {
        rst_found(s, RST_ENCRYPTED, "encrypted message", l, &l->place, NULL);
    }
    push_level(s, l);
}

// A leaf for which a boundary was given: its delimiters would show parts to some.
static void push_shadow(rst_scanner *s, rst_layer *l) {
    rst_mime *m = &l->u.mime;
    const rst_head *h = &m->head;
    if (s->layer_n + s->level_n >= s->limits.depth) {
        return; // too deep already, or nothing can be inside
    }
    bool inherited = sealed(s, l);
    rst_level *level = &s->levels[s->level_n++];
    m->level_top = s->level_n;
    memset(level, 0, sizeof *level);
    memcpy(level->boundary, h->boundary, h->boundary_n);
    level->boundary_n = h->boundary_n;
    level->sealed = inherited;
    level->shadow = true;
}

static void pop_shadow(rst_scanner *s, rst_mime *m) {
    if (m->level_top > m->level_base && s->levels[m->level_top - 1].shadow) {
        s->level_n = --m->level_top;
    }
}

// Reports are messages by name, but text by their grammar (RFC 3464, 8098, 5965).
static bool is_report(const rst_head *h) {
    return type_is(h, "message/delivery-status") || type_is(h, "message/feedback-report") ||
           type_is(h, "message/disposition-notification") ||
           type_is(h, "message/global-delivery-status");
}

static bool is_mail(const rst_head *h) {
    if (is_report(h) || type_is(h, "message/partial") || type_is(h, "message/external-body")) {
        return false;
    }
    // What is called a mail is one to the client that opens it, and so is what is named like one.
    return type_in(h, "message") || type_in(h, "text/rfc822") ||
           (type_in(h, "text/") && rst_magic_mail_name(h->name));
}

static rst_hint hint_of(const rst_head *h) {
    if (is_mail(h)) {
        return RST_HINT_MAIL;
    }
    if (type_is(h, "text/html") || type_is(h, "application/xhtml+xml") ||
        type_is(h, "image/svg+xml")) {
        return RST_HINT_HTML;
    }
    if (is_report(h)) {
        return RST_HINT_TEXT;
    }
    if (type_in(h, "text") || type_in(h, "multipart/") || h->encoding == RST_ENCODING_UU ||
        strchr(h->type, '/') == NULL) {
        return RST_HINT_TEXT;
    }
    return RST_HINT_FILE;
}

// Bodies that cannot be looked into, by type or encoding.
static void note_closed(rst_scanner *s, rst_layer *l, const rst_place *place, const char *name) {
    const rst_head *h = &l->u.mime.head;
    const char *why = NULL;
    char reason[64];
    if (type_is(h, "message/partial")) {
        rst_found(s, RST_PARTIAL, "piece of a message", l, place, name);
    } else if (type_is(h, "message/external-body")) {
        rst_found(s, RST_EXTERNAL, "body that lies elsewhere", l, place, name);
    } else if (type_is(h, "application/mac-binhex40")) {
        why = "BinHex";
    } else if (h->encoding == RST_ENCODING_UNKNOWN) {
        rst_print p;
        rst_print_init(&p, reason, sizeof reason);
        rst_print_ascii(&p, "transfer encoding ");
        rst_print_ascii(&p, h->encoding_name);
        rst_print_end(&p);
        why = reason;
    }
    if (why != NULL) {
        rst_found(s, RST_UNSCANNABLE, why, l, place, name);
    }
}

static bool is_smime(const rst_head *h) {
    return type_is(h, "application/pkcs7-mime") || type_is(h, "application/x-pkcs7-mime");
}

static void name_of(const rst_mime *m, char *out, size_t cap) {
    rst_print p;
    rst_print_init(&p, out, cap);
    if (m->head.name[0] != 0) {
        rst_print_ascii(&p, m->head.name); // printable UTF-8 already
    } else if (m->level_top == m->level_base) {
        rst_print_ascii(&p, "body");
    } else {
        rst_print_ascii(&p, "part-");
        rst_print_number(&p, m->parts);
    }
    rst_print_end(&p);
}

static void begin_leaf(rst_scanner *s, rst_layer *l) {
    rst_mime *m = &l->u.mime;
    const rst_head *h = &m->head;
    m->parts++;
    char name[RST_MAX_NAME];
    name_of(m, name, sizeof name);
    rst_place place = place_of(s, l);
    if (h->odd != NULL) {
        rst_found(s, RST_AMBIGUOUS, h->odd, l, &place, name);
    }
    note_closed(s, l, &place, name);
    m->body = RST_BODY_LEAF;
    m->encoding = h->encoding;
    memset(&m->base64, 0, sizeof m->base64);
    memset(&m->qp, 0, sizeof m->qp);
    bool wired =
        l->wired && (m->encoding == RST_ENCODING_IDENTITY || m->encoding == RST_ENCODING_UNKNOWN);
    rst_hint hint = hint_of(h);
    m->child = rst_layer_open(s, hint, name, &place, wired);
    if (m->child != NULL) {
        m->child->charset = h->charset;
        m->child->unnamed = h->name[0] == 0;
        memcpy(m->child->declared, h->type, sizeof m->child->declared);
        memcpy(m->child->alias, h->alias, sizeof m->child->alias);
        if (h->boundary_n > 0 && hint != RST_HINT_MAIL) {
            push_shadow(s, l);
        }
    }
}

void rst_entity_begin(rst_scanner *s, rst_layer *l) {
    rst_mime *m = &l->u.mime;
    rst_head *h = &m->head;
    m->in_header = false;
    m->body = RST_BODY_NONE;
    m->child = NULL;
    m->owner = 0;
    if (!rst_count_entry(s, l)) {
        return;
    }
    bool digest = m->level_top > m->level_base && s->levels[m->level_top - 1].digest;
    if (!h->has_type && digest) {
        memcpy(h->type, "message/rfc822", 15);
    }
    if (!type_in(h, "multipart/")) {
        begin_leaf(s, l);
        return;
    }
    if (h->boundary_n == 0 && h->odd == NULL) {
        h->odd = "multipart without a boundary";
    }
    if (h->boundary_n == 0) {
        begin_leaf(s, l);
        return;
    }
    if (h->odd != NULL) {
        rst_found(s, RST_AMBIGUOUS, h->odd, l, &l->place, NULL);
    }
    begin_multipart(s, l);
}

void rst_entity_margin(rst_mime *m) {
    m->body = RST_BODY_MARGIN;
    m->child = NULL;
    m->owner = 0;
}

static void write_decoded(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_mime *m = &l->u.mime;
    while (n > 0) {
        size_t out_n;
        size_t used = m->encoding == RST_ENCODING_BASE64
                          ? rst_base64_take(&m->base64, data, n, m->out, sizeof m->out, &out_n)
                          : rst_qp_take(&m->qp, data, n, m->out, sizeof m->out, &out_n);
        rst_layer_write(s, m->child, m->out, out_n, RST_NO_WIRE);
        data += used;
        n -= used;
    }
}

// Text outside the parts: readers without MIME show it, and may find a uuencoded file in it.
static void write_margin(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_mime *m = &l->u.mime;
    if (m->child == NULL) {
        size_t i = 0;
        while (i < n && (rst_blank(data[i]) || data[i] == '\r' || data[i] == '\n')) {
            i++;
        }
        if (i == n) {
            return;
        }
        data += i; // wherever the octets were cut, the layer begins with the text
        n -= i;
        const rst_level *level = &s->levels[m->level_top - 1];
        rst_place place = {RST_EDIT_WHOLE, 0, 0, true};
        if (!l->wired) {
            place = l->place;
        }
        m->child = rst_layer_open(s, RST_HINT_TEXT, level->parted ? "epilogue" : "preamble",
                                  &place, false);
        if (m->child == NULL) {
            m->body = RST_BODY_NONE;
            return;
        }
        m->child->unnamed = true;
    }
    rst_layer_write(s, m->child, data, n, RST_NO_WIRE);
}

// Some readers pass over empty lines in front of a header. Takes the octets behind them until it
// is known whether they begin a field, with a mailbox's "From " line before it or not.
static bool is_late_field(rst_mime *m, uint8_t c) {
    static const char from[] = "From ";
    if (m->headless == RST_IN_FROM_LINE) {
        m->headless = c == '\n' ? RST_HEADLESS : RST_IN_FROM_LINE;
        return false;
    }
    if (m->headless == RST_HEADLESS && (c == '\r' || c == '\n')) {
        return false;
    }
    if (m->headless == RST_HEADLESS) {
        m->headless = RST_IN_NAME;
        m->name_n = 0;
        m->is_from = true;
    }
    m->is_from = m->is_from && m->name_n < sizeof from - 1 && c == (uint8_t)from[m->name_n];
    m->name_n++;
    if (m->is_from && m->name_n == sizeof from - 1) {
        m->headless = RST_IN_FROM_LINE;
    } else if (c == ':' || c <= ' ' || c >= 0x7f) {
        m->headless = RST_HEADED;
    }
    return c == ':' && m->name_n > 1;
}

void rst_entity_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire) {
    rst_mime *m = &l->u.mime;
    if (n == 0 || m->body == RST_BODY_NONE) {
        return;
    }
    for (size_t i = 0; m->headless != RST_HEADED && i < n; i++) {
        if (is_late_field(m, data[i])) {
            rst_found(s, RST_AMBIGUOUS, "message without a header", l, &l->place, NULL);
        }
    }
    if (m->body == RST_BODY_MARGIN) {
        write_margin(s, l, data, n);
    } else if (m->child == NULL) {
        return;
    } else if (m->encoding == RST_ENCODING_BASE64 || m->encoding == RST_ENCODING_QP) {
        write_decoded(s, l, data, n);
    } else {
        rst_layer_write(s, m->child, data, n, wire);
    }
}

// What the decoder met that readers take in different ways.
static void note_coding(rst_scanner *s, const rst_layer *l) {
    const rst_mime *m = &l->u.mime;
    if (m->body != RST_BODY_LEAF || m->child == NULL) {
        return;
    }
    // Mailing lists and virus scanners write a footer behind the base64 of a text.
    bool runs = m->base64.odd_runs && m->child->hint != RST_HINT_TEXT;
    if (m->base64.odd_lines || runs) {
        rst_found(s, RST_AMBIGUOUS, "base64 behind its padding", m->child, &m->child->place, NULL);
    }
    if (m->qp.odd) {
        rst_found(s, RST_AMBIGUOUS, "blanks behind a soft line break", m->child, &m->child->place,
                  NULL);
    }
}

void rst_entity_end(rst_scanner *s, rst_layer *l, uint64_t end) {
    rst_mime *m = &l->u.mime;
    if (m->child != NULL) {
        note_coding(s, l);
        if (m->body == RST_BODY_LEAF && m->encoding == RST_ENCODING_BASE64) {
            size_t n = rst_base64_end(&m->base64, m->out);
            rst_layer_write(s, m->child, m->out, n, RST_NO_WIRE);
        } else if (m->body == RST_BODY_LEAF && m->encoding == RST_ENCODING_QP) {
            size_t n = rst_qp_end(&m->qp, m->out);
            rst_layer_write(s, m->child, m->out, n, RST_NO_WIRE);
        }
        const rst_layer *closed = m->child; // what is known of it stays until the next one opens
        rst_layer_close(s, m->child);
        m->child = NULL;
        if (m->body == RST_BODY_LEAF && is_smime(&m->head) && closed->type != RST_TYPE_CMS) {
            rst_found(s, RST_UNSCANNABLE, "S/MIME", l, &closed->place, closed->name);
        }
    }
    pop_shadow(s, m);
    if (m->owner != 0) {
        rst_part_ended(s, m->owner, end < m->start ? m->start : end);
        m->owner = 0;
    }
    m->body = RST_BODY_NONE;
}
