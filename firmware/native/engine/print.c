// Printable UTF-8: what a terminal or a list could misread (control characters, direction
// overrides, octets that are no character) becomes '?'. Charsets other than UTF-8, ASCII and
// Latin-1 keep their ASCII characters only: enough to tell a name, and no tables.
#include "print.h"

#include <string.h>

#include "names.h"

_Static_assert(sizeof RST_SHOWN_NUL == sizeof "...", "one stands for the other");

enum { FILL_KEPT = 16 }; // octets kept of a run of dots and blanks in what is cut

void rst_print_init(rst_print *p, char *out, size_t cap) {
    p->out = out;
    p->cap = cap;
    p->n = 0;
    p->want = 0;
    p->full = false;
    p->nul = false;
    p->tail_n = 0;
    out[0] = 0;
}

static bool printable(uint32_t code) {
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
        return false;
    }
    if (code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
        (code >= 0x2066 && code <= 0x2069) || code == 0xfeff) {
        return false;
    }
    return !(code >= 0xd800 && code <= 0xdfff) && code <= 0x10ffff;
}

// Dots and blanks that end text[0..n), which Windows leaves out: what stands before them says what
// opens the file.
static size_t fill_before(const uint8_t *text, size_t n) {
    size_t from = n;
    while (from > 0 && (text[from - 1] == '.' || text[from - 1] == ' ')) {
        from--;
    }
    return n - from;
}

// Where tail[0..n) loses an octet before `c` is added: at its begin, or, so that a long run of
// dots and blanks pushes nothing out, at the begin of the run.
static size_t loses_at(const uint8_t *tail, size_t n, uint8_t c) {
    size_t fill = c == '.' || c == ' ' ? fill_before(tail, n) : 0;
    return fill >= FILL_KEPT ? n - fill : 0;
}

// The last characters of a text that is too long.
static void keep_tail(rst_print *p, const uint8_t *u, size_t n) {
    while (p->tail_n + n > sizeof p->tail) {
        size_t at = loses_at((const uint8_t *)p->tail, p->tail_n, u[0]);
        size_t end = at + 1;
        while (end < p->tail_n && ((uint8_t)p->tail[end] & 0xc0) == 0x80) {
            end++;
        }
        memmove(p->tail + at, p->tail + end, p->tail_n - end);
        p->tail_n = (uint8_t)(p->tail_n - (end - at));
    }
    memcpy(p->tail + p->tail_n, u, n);
    p->tail_n = (uint8_t)(p->tail_n + n);
}

// What did fit begins it.
static void start_tail(rst_print *p) {
    p->full = true;
    for (size_t i = 0; i < p->n;) {
        size_t from = i++;
        while (i < p->n && ((uint8_t)p->out[i] & 0xc0) == 0x80) {
            i++;
        }
        keep_tail(p, (const uint8_t *)p->out + from, i - from);
    }
}

// What hides the end of a name keeps a sign of its own (names.h), so that it is noticed.
static uint32_t shown(uint32_t code) {
    if (code == 0) {
        return 0x2400;
    }
    if (code == 0x202d || code == 0x202e) {
        return 0x2426;
    }
    return printable(code) ? code : '?';
}

static void put(rst_print *p, uint32_t code) {
    p->nul = p->nul || code == 0;
    code = shown(code);
    uint8_t u[4];
    size_t n;
    if (code < 0x80) {
        u[0] = (uint8_t)code;
        n = 1;
    } else if (code < 0x800) {
        u[0] = (uint8_t)(0xc0 | code >> 6);
        u[1] = (uint8_t)(0x80 | (code & 0x3f));
        n = 2;
    } else if (code < 0x10000) {
        u[0] = (uint8_t)(0xe0 | code >> 12);
        u[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        u[2] = (uint8_t)(0x80 | (code & 0x3f));
        n = 3;
    } else {
        u[0] = (uint8_t)(0xf0 | code >> 18);
        u[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
        u[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        u[3] = (uint8_t)(0x80 | (code & 0x3f));
        n = 4;
    }
    if (p->full || n > p->cap - 1 - p->n) {
        if (!p->full) {
            start_tail(p);
        }
        keep_tail(p, u, n);
        return;
    }
    memcpy(p->out + p->n, u, n);
    p->n += n;
}

static void end_character(rst_print *p) {
    if (p->want > 0) {
        p->want = 0;
        put(p, '?');
    }
}

static void put_utf8(rst_print *p, uint8_t c) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (p->want > 0 && (c & 0xc0) == 0x80) {
        p->code = p->code << 6 | (c & 0x3f);
        if (--p->want == 0) {
            put(p, p->code >= least[p->size] ? p->code : '?');
        }
        return;
    }
    end_character(p);
    if (c < 0x80) {
        put(p, c);
    } else if (c >= 0xc2 && c < 0xf5) {
        p->size = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        p->want = (uint8_t)(p->size - 1);
        p->code = c & (0x7fu >> p->size);
    } else {
        put(p, '?');
    }
}

void rst_print_octet(rst_print *p, rst_charset charset, uint8_t c) {
    if (charset == RST_CHARSET_UTF8) {
        put_utf8(p, c);
        return;
    }
    end_character(p);
    put(p, charset == RST_CHARSET_OTHER && c >= 0x80 ? '?' : c);
}

void rst_print_octets(rst_print *p, rst_charset charset, const uint8_t *data, size_t n) {
    for (size_t i = 0; i < n; i++) {
        rst_print_octet(p, charset, data[i]);
    }
}

void rst_print_code(rst_print *p, uint32_t code) {
    end_character(p);
    put(p, code);
}

void rst_print_ascii(rst_print *p, const char *text) {
    rst_print_octets(p, RST_CHARSET_UTF8, (const uint8_t *)text, strlen(text));
}

void rst_print_number(rst_print *p, uint32_t number) {
    uint32_t unit = 1;
    while (number / unit >= 10) {
        unit *= 10;
    }
    for (; unit > 0; unit /= 10) {
        rst_print_octet(p, RST_CHARSET_UTF8, (uint8_t)('0' + number / unit % 10));
    }
}

void rst_keep_ends(uint8_t *name, uint16_t *n, size_t cap, uint8_t c) {
    if (*n < cap) {
        name[(*n)++] = c;
        return;
    }
    size_t tail = cap - RST_PRINT_TAIL;
    size_t at = tail + loses_at(name + tail, RST_PRINT_TAIL, c);
    if (name[at] == 0) {
        name[tail - 1] = 0; // there is one: said of the name, wherever it stands
    }
    memmove(name + at, name + at + 1, cap - 1 - at);
    name[cap - 1] = c;
}

void rst_print_end(rst_print *p) {
    static const char dots[] = "...";
    const char *gap = p->nul ? RST_SHOWN_NUL : dots; // not lost with what is cut
    end_character(p);
    size_t end = p->tail_n + sizeof dots; // with the NUL
    if (p->tail_n > 0 && p->cap > 2 * sizeof p->tail) {
        size_t from = p->n;
        while (from > 0 && (from + end > p->cap || ((uint8_t)p->out[from] & 0xc0) == 0x80)) {
            from--;
        }
        memcpy(p->out + from, gap, sizeof dots - 1);
        memcpy(p->out + from + sizeof dots - 1, p->tail, p->tail_n);
        p->n = from + sizeof dots - 1 + p->tail_n;
    }
    p->out[p->n] = 0;
}
