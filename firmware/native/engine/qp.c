// Quoted-printable decoder: soft line breaks (also with blanks before the line end), hexadecimal
// in either case; a broken escape stands for itself. Blanks at a line's end are dropped: they
// are a relay's padding.
#include "qp.h"

#include <string.h>

#include "ascii.h"

enum { TEXT = 0, EQUALS, DIGIT, SOFT_BLANK, SOFT_CR };

static size_t put_held(rst_qp *q, uint8_t *out) {
    size_t n = q->held_n;
    memcpy(out, q->held, n);
    q->held_n = 0;
    return n;
}

// Copies a run of plain text. The last RST_QP_HELD blanks at its end are held back until what
// follows is known; if they are more, the first of them are text, wherever the input is cut.
static size_t take_run(rst_qp *q, const uint8_t *in, size_t n, uint8_t *out, size_t *o,
                       size_t cap) {
    size_t room = cap - *o - RST_QP_HELD;
    size_t end = 0;
    while (end < n && end < room && in[end] != '=' && in[end] != '\r' && in[end] != '\n') {
        end++;
    }
    size_t text = end;
    while (text > 0 && end - text < RST_QP_HELD && rst_blank(in[text - 1])) {
        text--;
    }
    if (text > 0) {
        *o += put_held(q, out + *o);
    }
    memcpy(out + *o, in, text);
    *o += text;
    for (size_t i = text; i < end; i++) {
        if (q->held_n == RST_QP_HELD) {
            out[(*o)++] = q->held[0];
            memmove(q->held, q->held + 1, --q->held_n);
        }
        q->held[q->held_n++] = in[i];
    }
    return end;
}

// One octet after '='. Returns the octets of output; *again if `c` is to be read as text.
static size_t take_escape(rst_qp *q, uint8_t c, uint8_t *out, bool *again) {
    size_t o = 0;
    switch (q->state) {
    case EQUALS:
        if (rst_hex(c) >= 0) {
            q->first = c;
            q->state = DIGIT;
            return 0;
        }
        // fall through
    case SOFT_BLANK:
        if (c == '\n') {
            q->held_n = 0;
            q->state = TEXT;
            return 0;
        }
        if (c == '\r') {
            q->state = SOFT_CR;
            return 0;
        }
        if (rst_blank(c) && q->held_n < RST_QP_HELD) {
            q->held[q->held_n++] = c;
            q->state = SOFT_BLANK;
            return 0;
        }
        q->odd = q->odd || rst_blank(c);
        out[o++] = '=';
        o += put_held(q, out + o);
        break;
    case DIGIT:
        if (rst_hex(c) >= 0) {
            out[o++] = (uint8_t)(rst_hex(q->first) << 4 | rst_hex(c));
            q->state = TEXT;
            return o;
        }
        out[o++] = '=';
        out[o++] = q->first;
        break;
    default: // SOFT_CR
        if (c == '\r') {
            return 0; // a relay has doubled it
        }
        q->held_n = 0;
        q->state = TEXT;
        *again = c != '\n';
        return 0;
    }
    q->state = TEXT;
    *again = true;
    return o;
}

size_t rst_qp_take(rst_qp *q, const uint8_t *in, size_t n, uint8_t *out, size_t cap,
                   size_t *out_n) {
    size_t i = 0;
    size_t o = 0;
    while (i < n && cap - o >= RST_QP_HELD + 4) {
        if (q->state != TEXT) {
            bool again = false;
            o += take_escape(q, in[i], out + o, &again);
            i += again ? 0 : 1;
        } else if (in[i] == '=') {
            o += put_held(q, out + o);
            q->state = EQUALS;
            i++;
        } else if (in[i] == '\r' || in[i] == '\n') {
            q->held_n = 0;
            out[o++] = in[i++];
        } else {
            i += take_run(q, in + i, n - i, out, &o, cap);
        }
    }
    *out_n = o;
    return i;
}

size_t rst_qp_end(rst_qp *q, uint8_t *out) {
    size_t o = 0;
    if (q->state == DIGIT) {
        out[o++] = '=';
        out[o++] = q->first;
    }
    q->state = TEXT;
    q->held_n = 0;
    return o;
}
