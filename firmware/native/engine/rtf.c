// See rtf.h. What stands among the digits is taken as Word takes it, not as the specification has
// it: space and unknown control words do not count, groups marked \* with an unknown word are
// left out, \'hh takes back a lone digit, \bin brings octets.
#include "rtf.h"

#include <string.h>

#include "ascii.h"
#include "report.h"
#include "scanner.h"

void rst_rtf_begin(rst_scanner *s, rst_layer *l) {
    (void)s;
    memset(&l->u.rtf, 0, sizeof l->u.rtf);
    l->u.rtf.nibble = -1;
}

static void flush(rst_scanner *s, rst_layer *l) {
    rst_rtf *r = &l->u.rtf;
    if (r->buf_n > 0 && !rst_expand(s, l, r->child, r->buf, r->buf_n) && r->child != NULL) {
        rst_layer_close(s, r->child); // a limit: the rest of it is not looked at
        r->child = NULL;
    }
    r->buf_n = 0;
}

static void close_object(rst_scanner *s, rst_layer *l) {
    rst_rtf *r = &l->u.rtf;
    flush(s, l);
    if (r->child != NULL) {
        rst_layer_close(s, r->child);
        r->child = NULL;
    }
    r->data_depth = 0;
    r->skip_depth = 0;
    r->nibble = -1;
}

static void open_object(rst_scanner *s, rst_layer *l, const char *name) {
    rst_rtf *r = &l->u.rtf;
    if (r->data_depth != 0) {
        r->skip_depth = 0; // the same word again inside: goes on
        return;
    }
    r->data_depth = r->depth > 0 ? r->depth : 1;
    r->nibble = -1;
    if (rst_count_entry(s, l)) {
        r->child = rst_layer_open(s, RST_HINT_OLE1, name, &l->place, false);
    }
}

static bool taking(const rst_rtf *r) {
    return r->data_depth != 0 && r->skip_depth == 0;
}

static void octet(rst_scanner *s, rst_layer *l, uint8_t c) {
    rst_rtf *r = &l->u.rtf;
    if (r->child == NULL) {
        return;
    }
    r->buf[r->buf_n++] = c;
    if (r->buf_n == sizeof r->buf) {
        flush(s, l);
    }
}

static void digit(rst_scanner *s, rst_layer *l, uint8_t c) {
    rst_rtf *r = &l->u.rtf;
    int v = rst_hex(c);
    if (!taking(r) || v < 0) {
        return;
    }
    if (r->nibble < 0) {
        r->nibble = (int8_t)v;
    } else {
        octet(s, l, (uint8_t)(r->nibble << 4 | v));
        r->nibble = -1;
    }
}

static bool word_is(const rst_rtf *r, const char *word) {
    return r->word_n == strlen(word) && memcmp(r->word, word, r->word_n) == 0;
}

static void end_word(rst_scanner *s, rst_layer *l) {
    rst_rtf *r = &l->u.rtf;
    bool starred = r->starred;
    r->starred = false;
    r->state = RST_RTF_TEXT;
    if (word_is(r, "bin") && r->has_number && !r->negative && r->number > 0) {
        r->binary = r->number;
        r->state = RST_RTF_BINARY;
    } else if (word_is(r, "objdata")) {
        open_object(s, l, "object");
    } else if (word_is(r, "datastore")) {
        open_object(s, l, "datastore");
    } else if (starred && taking(r) && r->depth > r->data_depth) {
        r->skip_depth = r->depth;
    }
}

static void close_group(rst_scanner *s, rst_layer *l) {
    rst_rtf *r = &l->u.rtf;
    r->starred = false;
    if (r->skip_depth != 0 && r->depth <= r->skip_depth) {
        r->skip_depth = 0;
    }
    if (r->data_depth != 0 && r->depth <= r->data_depth) {
        close_object(s, l);
    }
    r->depth -= r->depth > 0;
}

static void text(rst_scanner *s, rst_layer *l, uint8_t c) {
    rst_rtf *r = &l->u.rtf;
    if (c == '\\') {
        r->state = RST_RTF_BACKSLASH;
    } else if (c == '{') {
        r->depth += r->depth < UINT32_MAX;
        r->starred = false;
    } else if (c == '}') {
        close_group(s, l);
    } else {
        digit(s, l, c);
    }
}

static bool is_letter(uint8_t c) {
    return rst_lower(c) >= 'a' && rst_lower(c) <= 'z';
}

static void backslash(rst_rtf *r, uint8_t c) {
    r->state = RST_RTF_TEXT;
    if (is_letter(c)) {
        r->word[0] = (char)c;
        r->word_n = 1;
        r->number = 0;
        r->has_number = false;
        r->negative = false;
        r->state = RST_RTF_WORD;
    } else if (c == '\'') {
        r->hex_n = 0;
        r->state = RST_RTF_HEX;
    } else if (c == '*') {
        r->starred = true;
    }
}

// False if the character ends the word and does not belong to it.
static bool word(rst_rtf *r, uint8_t c) {
    if (is_letter(c)) {
        if (r->word_n < sizeof r->word) {
            r->word[r->word_n++] = (char)c; // a full one is longer than any that counts
        }
        return true;
    }
    if (c == '-') {
        r->negative = true;
        r->state = RST_RTF_NUMBER;
        return true;
    }
    r->state = RST_RTF_NUMBER;
    return false;
}

static bool number(rst_rtf *r, uint8_t c) {
    if (c < '0' || c > '9') {
        return false;
    }
    r->has_number = true;
    r->number = r->number > UINT32_MAX ? r->number : r->number * 10 + (uint64_t)(c - '0');
    return true;
}

static void hex(rst_rtf *r) {
    r->hex_n++;
    if (r->hex_n == 2) {
        r->state = RST_RTF_TEXT;
        if (taking(r)) {
            r->nibble = -1;
        }
    }
}

static void one(rst_scanner *s, rst_layer *l, uint8_t c) {
    rst_rtf *r = &l->u.rtf;
    switch (r->state) {
    case RST_RTF_BACKSLASH:
        backslash(r, c);
        return;
    case RST_RTF_HEX:
        hex(r);
        return;
    case RST_RTF_WORD:
        if (word(r, c)) {
            return;
        }
        // fall through
    case RST_RTF_NUMBER:
        if (number(r, c)) {
            return;
        }
        end_word(s, l);
        if (c != ' ') { // a space belongs to the word
            if (r->state == RST_RTF_BINARY) {
                break;
            }
            text(s, l, c);
        }
        return;
    case RST_RTF_TEXT:
        text(s, l, c);
        return;
    case RST_RTF_BINARY:
        break;
    }
    if (taking(r)) {
        octet(s, l, c);
    }
    if (--r->binary == 0) {
        r->state = RST_RTF_TEXT;
    }
}

void rst_rtf_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire) {
    (void)wire;
    for (size_t i = 0; i < n && !s->halted; i++) {
        one(s, l, data[i]);
    }
}

void rst_rtf_end(rst_scanner *s, rst_layer *l) {
    rst_rtf *r = &l->u.rtf;
    bool cut = (r->data_depth != 0 || r->state == RST_RTF_BINARY) && !s->halted;
    close_object(s, l);
    if (cut && !s->halted) {
        rst_found(s, RST_MALFORMED, "rtf is cut off", l, &l->place, NULL);
    }
}
