// A data URL of a page (RFC 2397): what it holds is a file, decoded into a layer of its own.
#include <string.h>

#include "ascii.h"
#include "expand.h"
#include "print.h"
#include "scanner.h"

static bool base64_digit(uint8_t c) {
    return rst_alphanumeric(c) || c == '+' || c == '/';
}

static void flush(rst_scanner *s, rst_layer *l) {
    rst_html *h = &l->u.html;
    size_t n = h->out_n;
    h->out_n = 0;
    if (h->child != NULL && n > 0) {
        rst_expand(s, l, h->child, h->out, n);
    }
}

void rst_html_url_end(rst_scanner *s, rst_layer *l) {
    rst_html *h = &l->u.html;
    if (h->mode == RST_HTML_BASE64) {
        if ((size_t)h->out_n + 2 > sizeof h->out) {
            flush(s, l);
        }
        h->out_n = (uint16_t)(h->out_n + rst_base64_end(&h->base64, h->out + h->out_n));
    }
    flush(s, l);
    h->mode = RST_HTML_MARKUP;
    if (h->child != NULL) {
        const rst_layer *child = h->child;
        rst_layer_close(s, h->child);
        h->child = NULL;
        if (child->type == RST_TYPE_HTML_SCRIPT || child->type == RST_TYPE_SVG_SCRIPT) {
            rst_html_active(l);
        }
    }
}

// "data.png" for image/png.
static void url_name(const rst_html *h, char *out) {
    rst_print p;
    rst_print_init(&p, out, RST_MAX_NAME);
    rst_print_ascii(&p, "data.");
    const uint8_t *slash = memchr(h->type, '/', h->type_n);
    size_t i = slash != NULL ? (size_t)(slash - h->type) + 1 : h->type_n;
    size_t from = i;
    while (i < h->type_n &&
           (rst_alphanumeric(h->type[i]) || h->type[i] == '-' || h->type[i] == '.')) {
        i++;
    }
    if (i > from) {
        rst_print_octets(&p, RST_CHARSET_UTF8, h->type + from, i - from);
    } else {
        rst_print_ascii(&p, "txt");
    }
    rst_print_end(&p);
}

void rst_html_url_begin(rst_scanner *s, rst_layer *l) {
    rst_html *h = &l->u.html;
    h->heading = false;
    size_t n = h->type_n;
    while (n > 0 && h->type[n - 1] == ' ') {
        n--;
    }
    bool base64 = n >= 6 && rst_is(h->type + n - 6, 6, "base64");
    if (base64) {
        n -= 6;
        while (n > 0 && h->type[n - 1] == ' ') {
            n--;
        }
        base64 = n > 0 && h->type[n - 1] == ';';
    }
    if (!base64 && memchr(h->type, '/', h->type_n) == NULL) {
        return; // plain text to a browser, and most often no URL at all
    }
    if (h->text.child != NULL) {
        rst_text_stop(s, l);
    }
    h->mode = base64 ? RST_HTML_BASE64 : RST_HTML_PERCENT;
    h->percent = 0;
    h->out_n = 0;
    h->base64 = (rst_base64){0};
    if (rst_count_entry(s, l)) {
        char name[RST_MAX_NAME];
        url_name(h, name);
        rst_hint hint =
            base64 && !rst_starts(h->type, h->type_n, "text/html") ? RST_HINT_FILE : RST_HINT_HTML;
        h->child = rst_layer_open(s, hint, name, &l->place, false);
    }
}

static void url_octet(rst_scanner *s, rst_layer *l, uint8_t c) {
    rst_html *h = &l->u.html;
    if (sizeof h->out - h->out_n < 3) {
        flush(s, l);
    }
    if (h->mode == RST_HTML_BASE64) {
        size_t got;
        rst_base64_take(&h->base64, &c, 1, h->out + h->out_n, sizeof h->out - h->out_n, &got);
        h->out_n = (uint16_t)(h->out_n + got);
    } else {
        h->out[h->out_n++] = c;
    }
}

static bool url_ends(const rst_html *h, uint8_t c, bool raw) {
    if (h->mode == RST_HTML_BASE64) {
        return !base64_digit(c) && !rst_html_line(c) && c != ' ' && c != '=' && c != '%';
    }
    if (h->quote != 0 || h->until != 0) {
        return (raw && c == h->quote && c != 0) || (c == h->until && c != 0);
    }
    return c == ' ' || rst_html_line(c) || c == '>' || c == '"' || c == '\'';
}

bool rst_html_url_take(rst_scanner *s, rst_layer *l, uint8_t c, bool raw) {
    rst_html *h = &l->u.html;
    int digit = rst_hex(c);
    if (h->percent > 0 && digit >= 0) {
        h->octet = (uint8_t)(h->octet << 4 | digit);
        if (--h->percent == 0) {
            url_octet(s, l, h->octet);
        }
        return true;
    }
    h->percent = 0;
    if (url_ends(h, c, raw)) {
        rst_html_url_end(s, l);
        return false;
    }
    if (c == '%') {
        h->percent = 2;
        h->octet = 0;
    } else if (!rst_html_line(c)) {
        url_octet(s, l, c);
    }
    return true;
}

size_t rst_html_url_run(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_html *h = &l->u.html;
    size_t run = 0;
    while (run < n && (base64_digit(data[run]) || rst_html_line(data[run]))) {
        run++;
    }
    for (size_t at = 0; at < run && h->child != NULL;) {
        size_t got;
        at += rst_base64_take(&h->base64, data + at, run - at, h->out + h->out_n,
                              sizeof h->out - h->out_n, &got);
        h->out_n = (uint16_t)(h->out_n + got);
        if (sizeof h->out - h->out_n < 3) {
            flush(s, l);
        }
    }
    return run;
}
