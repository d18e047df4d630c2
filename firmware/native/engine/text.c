// Finds and decodes files in text. A uuencoded one goes from "begin MODE NAME" to "end" or to
// the first line that cannot be uuencode; readers decode what is there, and so does this. Other
// encodings that lie in text are named. A line ends with LF, CR LF, or a CR without LF.
#include <string.h>

#include "ascii.h"
#include "print.h"
#include "report.h"
#include "scanner.h"

void rst_text_begin(rst_scanner *s, rst_layer *l) {
    rst_text *t = &l->u.text;
    bool odd;
    rst_text_charset charset = rst_recode_tell(l->head, l->head_n, l->charset, &odd);
    if (odd) {
        rst_found(s, RST_UNSCANNABLE, "text in another charset than it says", l, &l->place, NULL);
    }
    t->recode = (rst_recode){.charset = charset};
    t->line_start = true;
    t->cr = false;
    t->gathering = false;
    t->streaming = false;
    t->escaped = false;
    t->maybe = false;
    t->coding = RST_TEXT_PLAIN;
    t->child = NULL;
    t->owner = 0;
    t->line_n = 0;
    t->out_n = 0;
    t->line_wire = RST_NO_WIRE;
    t->next_wire = RST_NO_WIRE;
    if (charset != RST_TEXT_OCTETS) {
        rst_hint hint = l->format == RST_FORMAT_HTML ? RST_HINT_HTML : RST_HINT_TEXT;
        t->child = rst_layer_open(s, hint, "text", &l->place, false);
    }
}

static void flush(rst_scanner *s, rst_text *t) {
    if (t->child != NULL) {
        rst_layer_write(s, t->child, t->out, t->out_n, RST_NO_WIRE);
    }
    t->out_n = 0;
}

static void room_for(rst_scanner *s, rst_text *t, size_t n) {
    if (t->out_n + n > sizeof t->out) {
        flush(s, t);
    }
}

// The lines of a file end before `end`.
static void end_file(rst_scanner *s, rst_text *t, uint64_t end) {
    if (t->coding == RST_TEXT_BASE64) {
        room_for(s, t, 3);
        t->out_n = (uint16_t)(t->out_n + rst_base64_end(&t->base64, t->out + t->out_n));
    }
    flush(s, t);
    if (t->child != NULL) {
        rst_layer_close(s, t->child);
        t->child = NULL;
    }
    if (t->owner != 0) {
        rst_part_ended(s, t->owner, end);
        t->owner = 0;
    }
    t->coding = RST_TEXT_PLAIN;
}

// Keeps name and place of a file that the gathered line begins.
static void keep_begin(rst_text *t, size_t name_at) {
    rst_print p;
    rst_print_init(&p, t->name, sizeof t->name);
    rst_print_octets(&p, RST_CHARSET_UTF8, t->line + name_at, t->line_n - name_at);
    rst_print_end(&p);
    if (t->name[0] == 0) {
        memcpy(t->name, "unnamed", 8);
    }
    t->begin_wire = t->line_wire;
}

static void begin_file(rst_scanner *s, rst_layer *l, rst_text_coding coding) {
    rst_text *t = &l->u.text;
    t->coding = coding;
    t->escaped = false;
    memset(&t->base64, 0, sizeof t->base64);
    if (rst_html_busy(l)) {
        rst_found(s, RST_AMBIGUOUS, "encoded file in a data URL", l, &l->place, NULL);
        return;
    }
    if (!rst_count_entry(s, l)) {
        return;
    }
    rst_place place = l->place;
    if (l->wired && !place.sealed) {
        t->owner = ++s->serial;
        place.edit = RST_EDIT_LINES;
        place.start = t->begin_wire;
        place.owner = t->owner;
    }
    t->child = rst_layer_open(s, RST_HINT_FILE, t->name, &place, false);
}

static uint8_t uu(const uint8_t *line, size_t n, size_t i) {
    return i < n ? (uint8_t)((line[i] - ' ') & 0x3f) : 0;
}

// One line of uuencode; false if it cannot be one. Blanks that a relay cut off count as zeros.
static bool decode_uu(rst_scanner *s, rst_text *t) {
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
    room_for(s, t, want + 3);
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

// Octets of a yEnc line: each is 42 more than it stands for, and 64 more still behind '='.
static void decode_yenc(rst_scanner *s, rst_text *t, const uint8_t *data, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (data[i] == '=' && !t->escaped) {
            t->escaped = true;
            continue;
        }
        room_for(s, t, 1);
        t->out[t->out_n++] = (uint8_t)(data[i] - 42 - (t->escaped ? 64 : 0));
        t->escaped = false;
    }
}

static void decode_base64(rst_scanner *s, rst_text *t, const uint8_t *data, size_t n) {
    while (n > 0) {
        room_for(s, t, 64);
        size_t out_n;
        size_t used = rst_base64_take(&t->base64, data, n, t->out + t->out_n,
                                      sizeof t->out - t->out_n, &out_n);
        t->out_n = (uint16_t)(t->out_n + out_n);
        data += used;
        n -= used;
    }
}

static void decode_octets(rst_scanner *s, rst_text *t, const uint8_t *data, size_t n) {
    if (t->coding == RST_TEXT_YENC) {
        decode_yenc(s, t, data, n);
    } else {
        decode_base64(s, t, data, n);
    }
}

// A line within a file, without its line end.
static void take_coded(rst_scanner *s, rst_layer *l, uint64_t next) {
    rst_text *t = &l->u.text;
    size_t n = t->line_n;
    while (n > 0 && rst_blank(t->line[n - 1])) {
        n--;
    }
    switch (t->coding) {
    case RST_TEXT_UU:
        if (rst_is(t->line, n, "end")) {
            end_file(s, t, next);
        } else if (!decode_uu(s, t)) {
            end_file(s, t, t->line_wire);
        }
        break;
    case RST_TEXT_YENC:
        if (rst_starts(t->line, n, "=yend")) {
            end_file(s, t, next);
        } else if (!rst_starts(t->line, n, "=ypart") && !rst_starts(t->line, n, "=ybegin")) {
            decode_octets(s, t, t->line, t->line_n);
        }
        break;
    default:
        if (rst_starts(t->line, n, "====")) {
            end_file(s, t, next);
        } else {
            decode_octets(s, t, t->line, t->line_n);
        }
        break;
    }
}

// A line that is not, or no longer, within a file.
static void take_plain(rst_scanner *s, rst_layer *l, bool may_be_uu) {
    rst_text *t = &l->u.text;
    size_t name = 0;
    rst_verdict verdict;
    rst_begins begins = rst_text_begins(t->line, t->line_n, &name);
    if (begins == RST_BEGINS_NOTHING && may_be_uu && rst_text_is_uu(t->line, t->line_n)) {
        begin_file(s, l, RST_TEXT_UU);
        decode_uu(s, t);
        return;
    }
    if (begins == RST_BEGINS_NOTHING) {
        const char *reason = rst_text_closed(t->line, t->line_n, &verdict);
        if (reason != NULL && t->coding == RST_TEXT_PLAIN) {
            rst_found(s, verdict, reason, l, &l->place, NULL);
        }
        return;
    }
    if (begins == RST_BEGINS_MAYBE_UU && t->coding != RST_TEXT_PLAIN) {
        return;
    }
    end_file(s, t, t->line_wire);
    keep_begin(t, name);
    if (begins == RST_BEGINS_MAYBE_UU) {
        t->maybe = true;
        return;
    }
    begin_file(s, l,
               begins == RST_BEGINS_UU       ? RST_TEXT_UU
               : begins == RST_BEGINS_BASE64 ? RST_TEXT_BASE64
                                             : RST_TEXT_YENC);
    if (begins == RST_BEGINS_YENC_PIECE) {
        rst_found(s, RST_PARTIAL, "piece of a yEnc file", l, &l->place, t->name);
    }
}

// A gathered line is complete; the next begins at `next` in the wire form.
static void take_line(rst_scanner *s, rst_layer *l, uint64_t next) {
    rst_text *t = &l->u.text;
    bool may_be_uu = t->maybe;
    t->maybe = false;
    size_t n = 0;
    for (size_t i = 0; i < t->line_n; i++) { // clients show no NUL
        t->line[n] = t->line[i];
        n += t->line[i] != 0 ? 1 : 0;
    }
    t->line_n = (uint16_t)n;
    if (n >= 3 && memcmp(t->line, "\xef\xbb\xbf", 3) == 0) { // a mark of UTF-8
        t->line_n = (uint16_t)(n - 3);
        memmove(t->line, t->line + 3, t->line_n);
    }
    if (t->coding != RST_TEXT_PLAIN) {
        take_coded(s, l, next);
    }
    if (t->coding == RST_TEXT_PLAIN || t->line_n > 5) {
        take_plain(s, l, may_be_uu);
    }
}

bool rst_text_gathers(const rst_text *t, uint8_t first) {
    return t->maybe || t->coding != RST_TEXT_PLAIN || first == 0 || first == '=' || first == '(' ||
           first == '-' || first == 0xef || rst_lower(first) == 'b';
}

static void begin_line(rst_text *t, uint8_t c, uint64_t wire) {
    t->line_start = false;
    t->line_n = 0;
    t->line_wire = t->next_wire != RST_NO_WIRE ? t->next_wire : wire;
    t->streaming = (t->coding == RST_TEXT_YENC || t->coding == RST_TEXT_BASE64) && c != '=' &&
                   rst_lower(c) != 'b';
    t->gathering = !t->streaming && rst_text_gathers(t, c);
}

// Octets of one line, none of them a line end.
static void add(rst_scanner *s, rst_text *t, const uint8_t *data, size_t n) {
    if (t->gathering) {
        size_t room = RST_TEXT_LINE - t->line_n;
        size_t take = n < room ? n : room;
        memcpy(t->line + t->line_n, data, take);
        t->line_n = (uint16_t)(t->line_n + take);
        data += take;
        n -= take;
        bool coded = t->coding == RST_TEXT_YENC || t->coding == RST_TEXT_BASE64;
        if (n > 0 && coded && !rst_starts(t->line, t->line_n, "=y") &&
            !rst_starts(t->line, t->line_n, "begin")) {
            decode_octets(s, t, t->line, t->line_n); // too long to say anything
            t->gathering = false;
            t->streaming = true;
        }
    }
    if (t->streaming) {
        decode_octets(s, t, data, n);
    }
}

static void end_line(rst_scanner *s, rst_layer *l) {
    rst_text *t = &l->u.text;
    t->cr = false;
    if (t->gathering) {
        take_line(s, l, t->next_wire);
    }
    t->line_start = true;
}

static void recode(rst_scanner *s, rst_text *t, const uint8_t *data, size_t n) {
    for (size_t i = 0; i < n; i++) {
        room_for(s, t, RST_RECODE_MOST);
        t->out_n = (uint16_t)(t->out_n + rst_recode_octet(&t->recode, data[i], t->out + t->out_n));
    }
}

void rst_text_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire) {
    rst_text *t = &l->u.text;
    if (t->recode.charset != RST_TEXT_OCTETS) {
        recode(s, t, data, n);
        return;
    }
    const uint8_t *end = data + n;
    while (data < end) {
        if (t->cr && *data == '\n') {
            t->next_wire = rst_wire(wire, 1);
            end_line(s, l);
            wire = t->next_wire;
            data++;
            continue;
        }
        if (t->cr) {
            end_line(s, l);
        }
        if (t->line_start) {
            begin_line(t, *data, wire);
        }
        const uint8_t *stop = memchr(data, '\n', (size_t)(end - data));
        stop = stop != NULL ? stop : end;
        const uint8_t *cr = memchr(data, '\r', (size_t)(stop - data));
        stop = cr != NULL ? cr : stop;
        size_t part = (size_t)(stop - data);
        add(s, t, data, part);
        t->next_wire = rst_wire(wire, stop < end ? part + 1 : part);
        if (stop < end && *stop == '\r') {
            t->cr = true;
        } else if (stop < end) {
            end_line(s, l);
        }
        data = stop < end ? stop + 1 : end;
        wire = t->next_wire;
    }
}

void rst_text_end(rst_scanner *s, rst_layer *l) {
    rst_text *t = &l->u.text;
    if (t->recode.charset == RST_TEXT_OCTETS && !t->line_start) {
        end_line(s, l);
    }
    const rst_layer *recoded = t->recode.charset != RST_TEXT_OCTETS ? t->child : NULL;
    end_file(s, t, t->next_wire);
    if (recoded != NULL && l->format == RST_FORMAT_HTML) {
        // The same page; a closed layer keeps what it was.
        rst_layer_refine(l, rst_layer_content(recoded));
    }
}

void rst_text_stop(rst_scanner *s, rst_layer *l) {
    rst_found(s, RST_AMBIGUOUS, "data URL in a uuencoded file", l, &l->place, NULL);
    const rst_text *t = &l->u.text;
    end_file(s, &l->u.text, t->line_start || t->cr ? t->next_wire : t->line_wire);
}
