// Encoded words of RFC 2047. Real programs break the rules (words inside quotes, blanks in Q
// text, a character cut in two words); all of that is read here, because clients read it too.
#include <string.h>

#include "ascii.h"
#include "base64.h"
#include "print.h"

typedef struct {
    const uint8_t *charset, *text;
    size_t charset_n, text_n;
    uint8_t kind; // 'b' or 'q'
    size_t n;     // octets of the whole word
} encoded_word;

static bool parse_word(const uint8_t *d, size_t n, encoded_word *w) {
    if (n < 6 || d[0] != '=' || d[1] != '?') {
        return false;
    }
    const uint8_t *end = d + n;
    const uint8_t *mark = memchr(d + 2, '?', n - 2);
    if (mark == NULL || end - mark < 4 || mark[2] != '?') {
        return false;
    }
    w->charset = d + 2;
    w->charset_n = (size_t)(mark - w->charset);
    w->kind = rst_lower(mark[1]);
    w->text = mark + 3;
    const uint8_t *p = w->text;
    while (p + 1 < end && !(p[0] == '?' && p[1] == '=')) {
        p++;
    }
    if (p + 1 >= end || (w->kind != 'b' && w->kind != 'q')) {
        return false;
    }
    w->text_n = (size_t)(p - w->text);
    w->n = (size_t)(p + 2 - d);
    return true;
}

static void print_q(rst_print *p, rst_charset charset, const encoded_word *w) {
    for (size_t i = 0; i < w->text_n; i++) {
        uint8_t c = w->text[i];
        if (c == '=' && i + 2 < w->text_n && rst_hex(w->text[i + 1]) >= 0 &&
            rst_hex(w->text[i + 2]) >= 0) {
            c = (uint8_t)(rst_hex(w->text[i + 1]) << 4 | rst_hex(w->text[i + 2]));
            i += 2;
        }
        rst_print_octet(p, charset, c == '_' ? ' ' : c);
    }
}

static void print_b(rst_print *p, rst_charset charset, const encoded_word *w) {
    rst_base64 b = {0};
    const uint8_t *in = w->text;
    size_t n = w->text_n;
    uint8_t out[64];
    while (n > 0) {
        size_t out_n;
        size_t used = rst_base64_take(&b, in, n, out, sizeof out, &out_n);
        rst_print_octets(p, charset, out, out_n);
        in += used;
        n -= used;
    }
    size_t out_n = rst_base64_end(&b, out);
    rst_print_octets(p, charset, out, out_n);
}

// UTF-8 cut between two words goes on in the next; any other pending character ends.
static void print_word(rst_print *p, const encoded_word *w) {
    rst_charset charset = rst_charset_named(w->charset, w->charset_n);
    if (w->kind == 'b') {
        print_b(p, charset, w);
    } else {
        print_q(p, charset, w);
    }
}

rst_charset rst_charset_named(const uint8_t *name, size_t n) {
    const uint8_t *star = memchr(name, '*', n); // RFC 2231: a language may follow
    if (star != NULL) {
        n = (size_t)(star - name);
    }
    if (rst_is(name, n, "utf-8") || rst_is(name, n, "utf8") || rst_is(name, n, "us-ascii") ||
        n == 0) {
        return RST_CHARSET_UTF8;
    }
    if (rst_is(name, n, "iso-8859-1") || rst_is(name, n, "iso-8859-15") ||
        rst_is(name, n, "windows-1252") || rst_is(name, n, "latin1")) {
        return RST_CHARSET_LATIN1;
    }
    return RST_CHARSET_OTHER;
}

void rst_print_words(rst_print *p, const uint8_t *data, size_t n) {
    size_t i = 0;
    while (i < n) {
        encoded_word w;
        if (data[i] == '=' && parse_word(data + i, n - i, &w)) {
            print_word(p, &w);
            i += w.n;
            size_t next = i; // blanks between two encoded words are not text
            while (next < n && rst_blank(data[next])) {
                next++;
            }
            if (next > i && next < n && parse_word(data + next, n - next, &w)) {
                i = next;
            }
        } else {
            rst_print_octet(p, RST_CHARSET_UTF8, data[i] == '\t' ? ' ' : data[i]);
            i++;
        }
    }
}
