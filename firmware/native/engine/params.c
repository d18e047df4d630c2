// Reads parameters by walking the field as often as needed: fields are bounded, and nothing has
// to be kept. Separators other than ';' are accepted, as Outlook does.
#include "params.h"

#include <string.h>

#include "ascii.h"
#include "print.h"

enum {
    MAX_PIECES = 50, // of one RFC 2231 parameter; the longest name has 24 in real mail
    TOO_MANY_PIECES = -3,
};

typedef struct {
    const uint8_t *name, *value;
    size_t name_n, value_n;
    bool quoted; // value is what stands between the quotes, backslashes still in it
} piece;

// After a '(' at d[i]: behind the matching ')'.
static size_t skip_comment(const uint8_t *d, size_t n, size_t i) {
    size_t depth = 0;
    for (; i < n; i++) {
        if (d[i] == '\\' && i + 1 < n) {
            i++;
        } else if (d[i] == '(') {
            depth++;
        } else if (d[i] == ')' && --depth == 0) {
            return i + 1;
        }
    }
    return n;
}

static size_t skip_space(const uint8_t *d, size_t n, size_t i) {
    while (i < n && (d[i] <= ' ' || d[i] == '(')) {
        i = d[i] == '(' ? skip_comment(d, n, i) : i + 1;
    }
    return i;
}

static size_t skip_quoted(const uint8_t *d, size_t n, size_t i) {
    while (i < n && d[i] != '"') {
        i += d[i] == '\\' && i + 1 < n ? 2 : 1;
    }
    return i < n ? i : n;
}

// The next "name=value" from *at on; text that is none is passed over.
static bool next_piece(const uint8_t *d, size_t n, size_t *at, piece *p) {
    size_t i = *at;
    while (i < n) {
        i = skip_space(d, n, i);
        size_t start = i;
        while (i < n && d[i] > ' ' && d[i] != '=' && d[i] != ';' && d[i] != '(' && d[i] != '"') {
            i++;
        }
        p->name = d + start;
        p->name_n = i - start;
        i = skip_space(d, n, i);
        if (i >= n || d[i] != '=' || p->name_n == 0) {
            if (i < n && d[i] == '"') {
                i = skip_quoted(d, n, i + 1);
            }
            i += i < n && (d[i] == ';' || d[i] == '=' || d[i] == '"') ? 1 : 0;
            continue;
        }
        i = skip_space(d, n, i + 1);
        p->quoted = i < n && d[i] == '"';
        if (p->quoted) {
            size_t end = skip_quoted(d, n, i + 1);
            p->value = d + i + 1;
            p->value_n = end - (i + 1);
            i = end < n ? end + 1 : n;
        } else {
            size_t end = i;
            while (end < n && d[end] != ';' && d[end] > ' ') {
                end++; // '(' too: "name=report(1).pdf" is common and has no comment
            }
            p->value = d + i;
            p->value_n = end - i;
            i = end;
        }
        *at = i;
        return true;
    }
    return false;
}

// "name*12*": the number of the piece, and whether it is percent-encoded; -1: not this name.
// A plain "name" is -2.
static int piece_number(const piece *p, const char *name, bool *encoded) {
    size_t n = strlen(name);
    *encoded = false;
    if (p->name_n < n || !rst_is(p->name, n, name)) {
        return -1;
    }
    if (p->name_n == n) {
        return -2;
    }
    size_t i = n;
    if (p->name[i++] != '*') {
        return -1;
    }
    if (i == p->name_n) {
        *encoded = true;
        return 0;
    }
    int number = 0;
    size_t digits = i;
    while (i < p->name_n && p->name[i] >= '0' && p->name[i] <= '9') {
        number = number < MAX_PIECES ? number * 10 + (p->name[i] - '0') : number;
        i++;
    }
    if (i < p->name_n && p->name[i] == '*') {
        *encoded = true;
        i++;
    }
    if (i != p->name_n || i == digits) {
        return -1;
    }
    return number < MAX_PIECES ? number : TOO_MANY_PIECES;
}

typedef struct {
    uint8_t *out;
    size_t cap, n;
} octets;

static void add(octets *o, uint8_t c) {
    if (o->n < o->cap) {
        o->out[o->n++] = c;
    }
}

static void add_piece(octets *o, const piece *p, bool encoded) {
    for (size_t i = 0; i < p->value_n; i++) {
        uint8_t c = p->value[i];
        if (p->quoted && c == '\\' && i + 1 < p->value_n) {
            // A backslash before an ordinary character is a Windows path, not a quoting.
            uint8_t next = p->value[i + 1];
            if (next == '"' || next == '\\') {
                c = next;
                i++;
            }
        } else if (encoded && c == '%' && i + 2 < p->value_n && rst_hex(p->value[i + 1]) >= 0 &&
                   rst_hex(p->value[i + 2]) >= 0) {
            c = (uint8_t)(rst_hex(p->value[i + 1]) << 4 | rst_hex(p->value[i + 2]));
            i += 2;
        }
        add(o, c);
    }
}

static void cut_charset(piece *p, rst_charset *charset) {
    const uint8_t *first = memchr(p->value, '\'', p->value_n);
    const uint8_t *second =
        first == NULL ? NULL
                      : memchr(first + 1, '\'', (size_t)(p->value + p->value_n - first - 1));
    if (second != NULL) {
        *charset = rst_charset_named(p->value, (size_t)(first - p->value));
        p->value_n -= (size_t)(second + 1 - p->value);
        p->value = second + 1;
    }
}

// Joins pieces 0, 1, 2 … of an RFC 2231 parameter; a charset'language' prefix of the first is
// cut off and returned. `cut`: there are more pieces than are read.
static bool join_pieces(const uint8_t *d, size_t n, const char *name, octets *o,
                        rst_charset *charset, bool *cut) {
    int wanted = 0;
    for (;;) {
        size_t at = 0;
        piece p;
        bool encoded = false;
        bool found = false;
        while (!found && next_piece(d, n, &at, &p)) {
            int number = piece_number(&p, name, &encoded);
            found = number == wanted;
            *cut = *cut || number == TOO_MANY_PIECES;
        }
        if (!found) {
            return wanted > 0;
        }
        if (wanted == 0 && encoded) {
            cut_charset(&p, charset);
        }
        add_piece(o, &p, encoded);
        wanted++;
    }
}

static bool plain(const uint8_t *d, size_t n, const char *name, octets *o, bool *conflict) {
    size_t at = 0;
    piece p;
    piece first = {0};
    bool encoded;
    while (next_piece(d, n, &at, &p)) {
        if (piece_number(&p, name, &encoded) != -2) {
            continue;
        }
        if (first.name == NULL) {
            first = p;
            add_piece(o, &p, false);
        } else if (p.value_n != first.value_n || memcmp(p.value, first.value, p.value_n) != 0) {
            *conflict = true;
        }
    }
    return first.name != NULL;
}

rst_param rst_param_octets(const uint8_t *body, size_t body_n, const char *name, uint8_t *out,
                           size_t cap, size_t *n) {
    rst_param r = {false, false, false};
    rst_charset charset = RST_CHARSET_UTF8;
    octets o = {out, cap, 0};
    r.found = plain(body, body_n, name, &o, &r.conflict);
    uint8_t joined[256];
    octets j = {joined, sizeof joined, 0};
    if (join_pieces(body, body_n, name, &j, &charset, &r.conflict)) {
        if (!r.found) {
            o.n = j.n < cap ? j.n : cap;
            memcpy(out, joined, o.n);
        } else if (j.n != o.n || memcmp(joined, out, j.n) != 0) {
            r.conflict = true;
        }
        r.found = true;
    }
    *n = o.n;
    return r;
}

bool rst_param_plain(const uint8_t *body, size_t body_n, const char *name, char *out, size_t cap) {
    uint8_t raw[RST_PARAM_TEXT];
    octets o = {raw, sizeof raw, 0};
    bool conflict = false;
    bool found = plain(body, body_n, name, &o, &conflict);
    rst_print print;
    rst_print_init(&print, out, cap);
    rst_print_words(&print, raw, found ? o.n : 0);
    rst_print_end(&print);
    return found;
}

rst_param rst_param_text(const uint8_t *body, size_t body_n, const char *name, char *out,
                         size_t cap) {
    rst_param r = {false, false, false};
    uint8_t raw[RST_PARAM_TEXT];
    octets o = {raw, sizeof raw, 0};
    rst_charset charset = RST_CHARSET_UTF8;
    rst_print print;
    rst_print_init(&print, out, cap);
    if (join_pieces(body, body_n, name, &o, &charset, &r.cut)) {
        r.found = true;
        rst_print_octets(&print, charset, raw, o.n);
    } else if (plain(body, body_n, name, &o, &r.cut)) {
        r.found = true;
        rst_print_words(&print, raw, o.n);
    }
    rst_print_end(&print);
    return r;
}

bool rst_param_value(const uint8_t *body, size_t n, char *out, size_t cap, size_t *rest) {
    size_t o = 0;
    size_t i = skip_space(body, n, 0);
    while (i < n && body[i] > ' ' && body[i] != ';' && body[i] != '(') {
        if (o < cap - 1) {
            out[o++] = (char)rst_lower(body[i]);
        }
        i++;
        // "text / plain": blanks around the slash are allowed by the grammar's structure
        size_t next = skip_space(body, n, i);
        if (next < n && (body[next] == '/' || body[i - 1] == '/')) {
            i = next;
        }
    }
    out[o] = 0;
    i = skip_space(body, n, i);
    *rest = i;
    return i >= n || body[i] == ';';
}
