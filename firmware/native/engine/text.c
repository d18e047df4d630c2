// Finds and decodes uuencoded files in text. A file goes from "begin MODE NAME" to "end" or to
// the first line that cannot be uuencode; readers decode what is there, and so does this. Other
// encodings that lie in text are named.
#include <string.h>

#include "ascii.h"
#include "print.h"
#include "report.h"
#include "scanner.h"

void rst_text_begin(rst_scanner *s, rst_layer *l) {
    (void)s;
    rst_text *t = &l->u.text;
    t->line_start = true;
    t->gathering = false;
    t->inside = false;
    t->child = NULL;
    t->owner = 0;
    t->line_n = 0;
    t->out_n = 0;
    t->line_wire = RST_NO_WIRE;
    t->next_wire = RST_NO_WIRE;
}

static void flush(rst_scanner *s, rst_text *t) {
    if (t->child != NULL) {
        rst_layer_write(s, t->child, t->out, t->out_n, RST_NO_WIRE);
    }
    t->out_n = 0;
}

// The lines of a file end before `end`.
static void end_file(rst_scanner *s, rst_text *t, uint64_t end) {
    flush(s, t);
    if (t->child != NULL) {
        rst_layer_close(s, t->child);
        t->child = NULL;
    }
    if (t->owner != 0) {
        rst_part_ended(s, t->owner, end);
        t->owner = 0;
    }
    t->inside = false;
}

// "begin 644 name", the mode being three or four octal digits.
static bool is_begin(const uint8_t *line, size_t n, size_t *name) {
    if (n < 11 || memcmp(line, "begin ", 6) != 0) {
        return false;
    }
    size_t i = 6;
    while (i < n && i < 10 && line[i] >= '0' && line[i] <= '7') {
        i++;
    }
    if (i < 9 || i >= n || line[i] != ' ') {
        return false;
    }
    while (i < n && line[i] == ' ') {
        i++;
    }
    *name = i;
    return i < n;
}

static void begin_file(rst_scanner *s, rst_layer *l, size_t name_at) {
    rst_text *t = &l->u.text;
    t->inside = true;
    if (rst_html_busy(l)) {
        rst_found(s, RST_AMBIGUOUS, "uuencoded file in a data URL", l, &l->place, NULL);
        return;
    }
    if (!rst_count_entry(s, l)) {
        return;
    }
    char name[RST_MAX_NAME];
    rst_print p;
    rst_print_init(&p, name, sizeof name);
    rst_print_octets(&p, RST_CHARSET_UTF8, t->line + name_at, t->line_n - name_at);
    rst_print_end(&p);
    rst_place place = l->place;
    if (l->wired && !place.sealed) {
        t->owner = ++s->serial;
        place.edit = RST_EDIT_LINES;
        place.start = t->line_wire;
        place.owner = t->owner;
    }
    t->child = rst_layer_open(s, RST_HINT_FILE, name, &place, false);
}

static uint8_t uu(const uint8_t *line, size_t n, size_t i) {
    return i < n ? (uint8_t)((line[i] - ' ') & 0x3f) : 0;
}

// One line of uuencode; false if it cannot be one. Blanks that a relay cut off count as zeros.
static bool decode(rst_scanner *s, rst_text *t) {
    const uint8_t *line = t->line;
    size_t n = t->line_n;
    if (n == 0) {
        return true; // relays double or insert empty lines
    }
    if (line[0] < ' ' || line[0] > '`') {
        return false;
    }
    size_t want = uu(line, n, 0);
    if (want > 0 && n == 1) {
        return false;
    }
    if (t->out_n + want + 3 > sizeof t->out) {
        flush(s, t);
    }
    for (size_t i = 1; want > 0; i += 4) {
        uint32_t bits = (uint32_t)uu(line, n, i) << 18 | (uint32_t)uu(line, n, i + 1) << 12 |
                        (uint32_t)uu(line, n, i + 2) << 6 | uu(line, n, i + 3);
        for (int shift = 16; shift >= 0 && want > 0; shift -= 8) {
            t->out[t->out_n++] = (uint8_t)(bits >> shift);
            want--;
        }
    }
    return true;
}

// Encodings that lie in text and are not decoded here.
static void note_closed(rst_scanner *s, rst_layer *l) {
    const rst_text *t = &l->u.text;
    const char *reason = NULL;
    if (rst_starts(t->line, t->line_n, "=ybegin ")) {
        reason = "yEnc";
    } else if (rst_starts(t->line, t->line_n, "(this file must be converted with binhex")) {
        reason = "BinHex";
    }
    if (reason != NULL) {
        rst_found(s, RST_UNSCANNABLE, reason, l, &l->place, NULL);
    }
}

// A gathered line is complete; the next begins at `next` in the wire form.
static void take_line(rst_scanner *s, rst_layer *l, uint64_t next) {
    rst_text *t = &l->u.text;
    while (t->line_n > 0 && t->line[t->line_n - 1] == '\r') {
        t->line_n--;
    }
    size_t name;
    if (t->inside) {
        size_t n = t->line_n;
        while (n > 0 && rst_blank(t->line[n - 1])) {
            n--;
        }
        if (rst_is(t->line, n, "end")) {
            end_file(s, t, next);
        } else if (!decode(s, t)) {
            end_file(s, t, t->line_wire);
        }
    }
    if (is_begin(t->line, t->line_n, &name)) {
        end_file(s, t, t->line_wire);
        begin_file(s, l, name);
    } else if (!t->inside) {
        note_closed(s, l);
    }
}

bool rst_text_gathers(const rst_text *t, uint8_t first) {
    return t->inside || first == 'b' || first == '=' || first == '(';
}

void rst_text_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire) {
    rst_text *t = &l->u.text;
    const uint8_t *end = data + n;
    while (data < end) {
        if (t->line_start) {
            t->line_start = false;
            t->gathering = rst_text_gathers(t, *data);
            t->line_n = 0;
            t->line_wire = t->next_wire != RST_NO_WIRE ? t->next_wire : wire;
        }
        const uint8_t *lf = memchr(data, '\n', (size_t)(end - data));
        size_t part = (size_t)((lf != NULL ? lf : end) - data);
        if (t->gathering) {
            size_t room = RST_TEXT_LINE - t->line_n;
            size_t take = part < room ? part : room;
            memcpy(t->line + t->line_n, data, take);
            t->line_n = (uint16_t)(t->line_n + take);
        }
        if (lf == NULL) {
            t->next_wire = rst_wire(wire, part);
            return;
        }
        t->next_wire = rst_wire(wire, part + 1);
        if (t->gathering) {
            take_line(s, l, t->next_wire);
        }
        t->line_start = true;
        data += part + 1;
        wire = t->next_wire;
    }
}

void rst_text_end(rst_scanner *s, rst_layer *l) {
    rst_text *t = &l->u.text;
    if (t->gathering && !t->line_start) {
        take_line(s, l, t->next_wire);
    }
    end_file(s, t, t->next_wire);
}

void rst_text_stop(rst_scanner *s, rst_layer *l) {
    rst_found(s, RST_AMBIGUOUS, "data URL in a uuencoded file", l, &l->place, NULL);
    end_file(s, &l->u.text, l->u.text.line_wire);
}
