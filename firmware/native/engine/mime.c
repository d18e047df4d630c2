// The lines of a message: delimiters are found here, everything else goes to the header or the
// body. Body lines are not copied: only a line that begins with "--" is gathered. Only LF ends a
// line. A line end is held back until it is known not to belong to a delimiter.
#include <string.h>

#include "ascii.h"
#include "report.h"
#include "scanner.h"

void rst_mime_begin(rst_scanner *s, rst_layer *l) {
    rst_mime *m = &l->u.mime;
    m->level_base = s->level_n;
    m->level_top = s->level_n;
    m->parts = 0;
    m->headless = RST_HEADED;
    m->body = RST_BODY_NONE;
    m->child = NULL;
    m->owner = 0;
    m->eol_n = 0;
    m->line_n = 0;
    m->line_start = true;
    m->cr_line = false;
    m->seen_cr = false;
    m->crlf = false;
    m->lf_only = false;
    m->two_eols = false;
    m->pos = 0;
    m->eol_wire = 0;
    rst_header_begin(m, true, 0);
}

static void flush_eol(rst_scanner *s, rst_layer *l) {
    rst_mime *m = &l->u.mime;
    if (m->eol_n > 0) {
        size_t n = m->eol_n;
        m->eol_n = 0;
        rst_entity_write(s, l, m->eol, n, m->eol_wire);
    }
}

// Holds back the line end that ends data[0..n), if there is one. Returns the octets before it.
static size_t hold_eol(rst_mime *m, const uint8_t *data, size_t n, uint64_t wire) {
    size_t held = 0;
    if (n > 0 && data[n - 1] == '\n') {
        held = n > 1 && data[n - 2] == '\r' ? 2 : 1;
        m->line_start = true;
    } else if (n > 0 && data[n - 1] == '\r') {
        held = 1;
    }
    if (held > 0) {
        memcpy(m->eol, data + n - held, held);
        m->eol_n = (uint8_t)held;
        m->eol_wire = rst_wire(wire, n - held);
    }
    return n - held;
}

typedef enum { NO_MATCH, PREFIX, OPENS, CLOSES } fits_kind;

// How a line, trimmed of blanks at its end, fits the delimiter of a level.
static fits_kind fits(const rst_level *level, const uint8_t *line, size_t n) {
    size_t b = level->boundary_n;
    if (n < b + 2 || memcmp(line + 2, level->boundary, b) != 0) {
        return NO_MATCH;
    }
    if (n == b + 2) {
        return OPENS;
    }
    return n == b + 4 && line[b + 2] == '-' && line[b + 3] == '-' ? CLOSES : PREFIX;
}

// A multipart ends without a single delimiter, but with lines that look like some: a reader that
// does not insist on the boundary shows parts where others show none.
static void pop_levels(rst_scanner *s, rst_layer *l, uint32_t to) {
    rst_mime *m = &l->u.mime;
    while (m->level_top > to) {
        s->level_n = --m->level_top; // those of messages inside are gone already
        const rst_level *level = &s->levels[m->level_top];
        if (!level->parted && level->other) {
            rst_found(s, RST_AMBIGUOUS, "multipart without a delimiter", l, &l->place, NULL);
        } else if (!level->parted && level->quoted) {
            rst_found(s, RST_AMBIGUOUS, "multipart with a transfer encoding", l, &l->place, NULL);
        }
    }
}

static size_t trimmed(const uint8_t *line, size_t n) {
    while (n > 0 && (rst_blank(line[n - 1]) || line[n - 1] == '\r')) {
        n--;
    }
    return n;
}

// The level that the line delimits, or -1. Innermost first; one that has been closed only when
// no open one fits.
static int find_level(rst_scanner *s, rst_layer *l, const uint8_t *line, size_t n, bool *closes) {
    rst_mime *m = &l->u.mime;
    int closed = -1;
    bool prefix = false;
    bool shadow = false;
    for (uint32_t k = m->level_top; k-- > m->level_base;) {
        fits_kind f = fits(&s->levels[k], line, n);
        prefix = prefix || f == PREFIX;
        shadow = shadow || (s->levels[k].shadow && f != NO_MATCH && f != PREFIX);
        if (f == NO_MATCH || f == PREFIX || s->levels[k].shadow) {
            continue;
        }
        if (!s->levels[k].closed) {
            *closes = f == CLOSES;
            return (int)k;
        }
        if (closed < 0) {
            closed = (int)k;
            *closes = f == CLOSES;
        }
    }
    bool nested = m->child != NULL && m->child->hint == RST_HINT_MAIL;
    if (shadow) {
        rst_found(s, RST_AMBIGUOUS, "delimiters in what is no multipart", l, &l->place, NULL);
    }
    if (closed < 0 && prefix && !nested) {
        rst_found(s, RST_AMBIGUOUS, "line that begins like a delimiter", l, &l->place, NULL);
    }
    return closed;
}

// Before the first delimiter: a line of dashes, then something without blanks.
static void note_other(rst_scanner *s, const rst_mime *m, const uint8_t *line, size_t n) {
    size_t dashes = 0;
    while (dashes < n && line[dashes] == '-') {
        dashes++;
    }
    if (m->body == RST_BODY_MARGIN && m->level_top > m->level_base && dashes < n &&
        memchr(line, ' ', n) == NULL) {
        s->levels[m->level_top - 1].other = true;
    }
}

bool rst_mime_delimiter(rst_scanner *s, rst_layer *l, const uint8_t *line, size_t n, uint64_t end,
                        uint64_t next) {
    rst_mime *m = &l->u.mime;
    n = trimmed(line, n);
    if (n < 2 || line[0] != '-' || line[1] != '-') {
        return false;
    }
    bool closes = false;
    int k = find_level(s, l, line, n, &closes);
    if (k < 0) {
        note_other(s, m, line, n);
        return false;
    }
    if (m->in_header) { // a part without a body, but it has a name and counts
        rst_entity_begin(s, l);
    }
    rst_entity_end(s, l, end);
    pop_levels(s, l, (uint32_t)k + 1);
    rst_level *level = &s->levels[k];
    level->parted = true;
    m->eol_n = 0;
    m->line_n = 0;
    m->line_start = true;
    m->in_header = false;
    if (closes) {
        level->closed = true;
        rst_entity_margin(m);
        return true;
    }
    if (level->closed) {
        level->closed = false;
        rst_found(s, RST_AMBIGUOUS, "part after the closing delimiter", l, &l->place, NULL);
    }
    rst_header_begin(m, false, next);
    return true;
}

// Octets that some readers overlook at a line's begin, or everywhere.
static bool overlooked(uint8_t c) {
    return c == 0 || rst_blank(c);
}

// Whether what is gathered so far may be a delimiter, to a lenient reader.
static bool may_delimit(const uint8_t *line, size_t n) {
    size_t i = 0;
    while (i < n && overlooked(line[i])) {
        i++;
    }
    if (i < n && line[i] != '-') {
        return false;
    }
    i++;
    while (i < n && line[i] == 0) {
        i++;
    }
    return i >= n || line[i] == '-';
}

// The line is no delimiter as it stands. It is one without what some overlook, or to those who
// take a bare CR for a line end.
static void note_lenient(rst_scanner *s, rst_layer *l) {
    rst_mime *m = &l->u.mime;
    uint8_t line[RST_MAX_DELIMITER] = {0};
    size_t i = 0;
    size_t n = 0;
    while (i < m->line_n && overlooked(m->line[i])) {
        i++;
    }
    bool changed = i > 0 || m->cr_line;
    for (; i < m->line_n; i++) {
        if (m->line[i] != 0) {
            line[n++] = m->line[i];
        } else {
            changed = true;
        }
    }
    n = trimmed(line, n);
    bool fit = false;
    bool dashes = n >= 2 && line[0] == '-' && line[1] == '-';
    for (uint32_t k = m->level_base; changed && dashes && k < m->level_top; k++) {
        fits_kind f = fits(&s->levels[k], line, n);
        fit = fit || f == OPENS || f == CLOSES || (f == PREFIX && m->cr_line);
    }
    if (fit) {
        rst_found(s, RST_AMBIGUOUS, "delimiter behind octets that some overlook", l, &l->place,
                  NULL);
    }
}

// The gathered line is none of ours: it goes to the body.
static void reject_line(rst_scanner *s, rst_layer *l) {
    rst_mime *m = &l->u.mime;
    size_t n = m->line_n;
    if (n >= 2 && m->level_top > m->level_base) {
        note_lenient(s, l);
    }
    flush_eol(s, l);
    m->line_n = 0;
    m->line_start = false;
    m->cr_line = false;
    size_t text = hold_eol(m, m->line, n, m->line_wire);
    rst_entity_write(s, l, m->line, text, m->line_wire);
}

// At a line start: gathers the line if it may be a delimiter.
static size_t take_line(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n,
                        uint64_t wire) {
    rst_mime *m = &l->u.mime;
    if (m->line_n == 0) {
        if (m->level_top == m->level_base || !may_delimit(data, 1)) {
            reject_line(s, l);
            return 0;
        }
        m->line_wire = wire;
    }
    const uint8_t *lf = memchr(data, '\n', n);
    size_t part = lf != NULL ? (size_t)(lf - data) : n;
    size_t room = RST_MAX_DELIMITER - m->line_n;
    size_t take = part < room ? part : room;
    memcpy(m->line + m->line_n, data, take);
    m->line_n = (uint16_t)(m->line_n + take);
    if (!may_delimit(m->line, m->line_n)) {
        reject_line(s, l);
        return take;
    }
    if (m->cr_line && (lf != NULL || take < part)) {
        reject_line(s, l);
        return take; // the rest, and the LF, are body
    }
    if (take < part) { // too long for a delimiter, unless what is more is blank
        bool closes;
        if (find_level(s, l, m->line, trimmed(m->line, m->line_n), &closes) < 0) {
            reject_line(s, l);
            return take;
        }
        while (take < part && (rst_blank(data[take]) || data[take] == '\r')) {
            take++;
        }
        if (take < part) {
            reject_line(s, l);
            return take;
        }
    }
    if (lf == NULL) {
        m->line_last = data[part - 1];
        return part;
    }
    bool bare = (part > 0 ? data[part - 1] : m->line_last) != '\r';
    bare = bare || (m->eol_n == 1 && m->eol[0] == '\n');
    if (!rst_mime_delimiter(s, l, m->line, m->line_n, m->eol_wire, rst_wire(wire, part + 1))) {
        reject_line(s, l);
        return part; // the LF is body
    }
    if (bare && m->crlf) {
        rst_found(s, RST_AMBIGUOUS, "delimiter with a bare LF", l, &l->place, NULL);
    }
    return part + 1;
}

// Where the next line begins that may be a delimiter, be it to a lenient reader; `end` if none.
static const uint8_t *next_line(const uint8_t *data, const uint8_t *end) {
    while (data < end) {
        const uint8_t *lf = memchr(data, '\n', (size_t)(end - data));
        const uint8_t *stop = lf != NULL ? lf : end;
        const uint8_t *cr = data;
        while ((cr = memchr(cr, '\r', (size_t)(stop - cr))) != NULL) {
            cr++;
            if (cr < end && *cr == '-') {
                return cr;
            }
        }
        if (lf == NULL) {
            return end;
        }
        data = lf + 1;
        if (data < end && may_delimit(data, (size_t)(end - data))) {
            return data;
        }
    }
    return end;
}

// Within a line: passes the body on up to the next line that may be a delimiter.
static size_t take_body(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n,
                        uint64_t wire) {
    rst_mime *m = &l->u.mime;
    if (m->level_top == m->level_base) {
        rst_entity_write(s, l, data, n, wire);
        return n;
    }
    if (m->eol_n > 0) { // a CR at the end of what came before
        if (data[0] == '\n') {
            m->eol[m->eol_n++] = '\n';
            m->line_start = true;
            return 1;
        }
        if (m->eol[0] == '\r' && data[0] == '-') {
            m->line_start = true;
            m->cr_line = true;
            return 0;
        }
        flush_eol(s, l);
    }
    const uint8_t *end = next_line(data, data + n);
    size_t used = (size_t)(end - data);
    size_t text = hold_eol(m, data, used, wire);
    rst_entity_write(s, l, data, text, wire);
    return used;
}

// In the wire form a header with bare LF hides the rest of itself from who insists on CRLF.
static void note_crlf(rst_mime *m, const uint8_t *data, size_t n) {
    const uint8_t *end = data + n;
    bool found = m->seen_cr && data[0] == '\n';
    for (const uint8_t *cr = data; !found && cr < end; cr++) {
        cr = memchr(cr, '\r', (size_t)(end - cr));
        if (cr == NULL) {
            break;
        }
        found = cr + 1 < end && cr[1] == '\n';
    }
    m->seen_cr = end[-1] == '\r';
    if (found) {
        m->lf_only = false;
        m->two_eols =
            true; // said at the end: here, its place among the findings hung on the feeds
    }
}

void rst_mime_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire) {
    rst_mime *m = &l->u.mime;
    while (n > 0) {
        size_t used;
        if (m->in_header) {
            used = rst_header_take(s, l, data, n, wire);
        } else if (m->line_start) {
            used = take_line(s, l, data, n, wire);
        } else {
            used = take_body(s, l, data, n, wire);
        }
        if (m->lf_only && used > 0) {
            note_crlf(m, data, used);
        }
        data += used;
        n -= used;
        wire = rst_wire(wire, used);
    }
    m->pos = wire;
}

void rst_mime_end(rst_scanner *s, rst_layer *l) {
    rst_mime *m = &l->u.mime;
    if (m->in_header) {
        rst_header_end(s, l);
    }
    if (m->line_n > 0) {
        if (m->cr_line || !rst_mime_delimiter(s, l, m->line, m->line_n, m->eol_wire, m->pos)) {
            reject_line(s, l);
        } else if (m->in_header) {
            rst_header_end(s, l);
        }
    }
    uint64_t end = m->line_start || m->eol_n > 0 ? m->eol_wire : m->pos;
    flush_eol(s, l);
    rst_entity_end(s, l, end);
    pop_levels(s, l, m->level_base);
    if (m->two_eols) {
        rst_found(s, RST_AMBIGUOUS, "line ends of two kinds", l, &l->place, NULL);
    }
}
