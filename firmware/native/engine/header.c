// Header lines: unfolds each field into a bounded buffer and finds the end of the header. A
// header may also end without a blank line, at a delimiter.
#include <string.h>

#include "ascii.h"
#include "report.h"
#include "scanner.h"

void rst_header_begin(rst_mime *m, bool root, uint64_t start) {
    memset(&m->head, 0, sizeof m->head);
    m->in_header = true;
    m->root = root;
    m->start = start;
    m->body = RST_BODY_NONE;
    m->line_first = true;
    m->line_folded = false;
    m->field_cut = false;
    m->junk = false;
    m->last = 0;
    m->fields = 0;
    m->header_n = 0;
    m->ends = 0;
    m->field_n = 0;
    m->next_wire = start;
    m->eol_n = 0;
    m->eol_wire = start;
}

static void end_field(rst_scanner *s, rst_layer *l, uint64_t end) {
    rst_mime *m = &l->u.mime;
    if (m->field_n == 0) {
        return;
    }
    m->fields++;
    if (m->fields == RST_MAX_FIELDS + 1) {
        rst_found(s, RST_TOO_MANY, "more header fields than the limit", l, &l->place, NULL);
    }
    rst_head_field(s, l, m->field, m->field_n, m->field_wire, end);
    m->field_n = 0;
    m->field_cut = false;
}

// What the header as a whole leaves in doubt.
static const char *doubt(const rst_mime *m, bool cut_off) {
    if ((m->ends & RST_ENDS_LF) != 0 && (m->ends & RST_ENDS_CRLF) != 0) {
        return "line ends of two kinds in the header";
    }
    if ((m->ends & RST_ENDS_CRCRLF) != 0) {
        return "line ends of two CR in the header";
    }
    if (m->junk && (m->fields > 1 || !cut_off)) { // to some readers the header ends there
        return "header with a line that is no field";
    }
    return NULL;
}

static void end_header(rst_scanner *s, rst_layer *l, bool cut_off) {
    rst_mime *m = &l->u.mime;
    if (m->head.odd == NULL) {
        m->head.odd = doubt(m, cut_off);
    }
    bool headless = m->root && m->fields == 0 && l == &s->layers[0];
    m->headless = headless ? RST_HEADLESS : RST_HEADED;
    if (m->root) {
        m->crlf = m->ends == RST_ENDS_CRLF;
        m->lf_only = m->ends == RST_ENDS_LF && l == &s->layers[0];
    }
    rst_entity_begin(s, l);
}

static void note_line_end(rst_mime *m) {
    if (m->last != '\r') {
        m->ends |= RST_ENDS_LF;
        return;
    }
    m->ends |= RST_ENDS_CRLF;
    size_t n = m->field_n;
    if (!m->field_cut && n >= 2 && m->field[n - 2] == '\r') {
        m->ends |= RST_ENDS_CRCRLF;
    }
}

static void first_octet(rst_scanner *s, rst_layer *l, uint8_t c) {
    rst_mime *m = &l->u.mime;
    m->line_first = false;
    m->line_blank = true;
    m->line_folded = rst_blank(c) && m->field_n > 0;
    if (!m->line_folded) {
        end_field(s, l, m->next_wire);
        m->field_wire = m->next_wire;
    }
}

static void add(rst_mime *m, const uint8_t *data, size_t n) {
    for (size_t i = 0; m->line_blank && i < n; i++) {
        m->line_blank = data[i] == '\r';
    }
    size_t room = RST_MAX_FIELD_OCTETS - m->field_n;
    if (n > room) {
        n = room;
        m->field_cut = true;
    }
    memcpy(m->field + m->field_n, data, n);
    m->field_n += (uint32_t)n;
}

// The line is complete without its LF, which lies at `lf` in the wire form.
static void end_line(rst_scanner *s, rst_layer *l, uint64_t lf) {
    rst_mime *m = &l->u.mime;
    uint64_t eol = lf == RST_NO_WIRE || m->last != '\r' ? lf : lf - 1;
    uint64_t before = m->eol_wire;
    m->eol_wire = eol;
    m->next_wire = rst_wire(lf, 1);
    m->line_first = true;
    if (m->line_blank) {
        m->field_n = 0;
        end_header(s, l, false);
        m->line_n = 0;
        m->line_start = true;
        return;
    }
    if (!m->field_cut) {
        while (m->field_n > 0 && m->field[m->field_n - 1] == '\r') {
            m->field_n--;
        }
    }
    if (!m->line_folded && m->field_n >= 2 && m->field[0] == '-' && m->field[1] == '-' &&
        m->level_top > m->level_base) {
        // A part that ends within its header has no body, but its name counts.
        rst_mime_delimiter(s, l, m->field, m->field_n, before, m->next_wire);
    }
}

size_t rst_header_take(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n,
                       uint64_t wire) {
    rst_mime *m = &l->u.mime;
    if (m->line_first) {
        first_octet(s, l, data[0]);
    }
    const uint8_t *lf = memchr(data, '\n', n);
    size_t part = lf != NULL ? (size_t)(lf - data) : n;
    size_t used = lf != NULL ? part + 1 : part;
    if (m->header_n <= RST_MAX_HEADER && m->header_n + used > RST_MAX_HEADER) {
        rst_found(s, RST_MALFORMED, "header longer than the limit", l, &l->place, NULL);
    }
    m->header_n += used;
    add(m, data, part);
    if (part > 0) {
        m->last = data[part - 1];
    }
    if (lf != NULL) {
        note_line_end(m);
        end_line(s, l, rst_wire(wire, part));
        m->last = '\n';
    }
    return used;
}

void rst_header_end(rst_scanner *s, rst_layer *l) {
    rst_mime *m = &l->u.mime;
    if (!m->line_first) {
        m->last = 0;
        end_line(s, l, m->pos);
    }
    if (m->in_header) {
        end_field(s, l, m->pos);
        end_header(s, l, true);
        m->line_start = false;
    }
}
