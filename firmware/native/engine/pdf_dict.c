// Tokens and dictionaries of PDF (ISO 32000-1, 7.2 and 7.3).
#include <string.h>

#include "ascii.h"
#include "pdf.h"
#include "scanner.h"

bool rst_pdf_white(uint8_t c) {
    return c == 0 || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' ';
}

bool rst_pdf_delimiter(uint8_t c) {
    return rst_pdf_white(c) || c == '(' || c == ')' || c == '<' || c == '>' || c == '[' ||
           c == ']' || c == '{' || c == '}' || c == '/' || c == '%';
}

static void skip_blank(rst_pdf_text *t) {
    bool comment = false;
    while (t->at < t->n) {
        uint8_t c = t->p[t->at];
        if (comment) {
            comment = c != '\r' && c != '\n';
        } else if (c == '%') {
            comment = true;
        } else if (!rst_pdf_white(c)) {
            return;
        }
        t->at++;
    }
}

static void skip_string(rst_pdf_text *t) {
    size_t depth = 0;
    while (t->at < t->n) {
        uint8_t c = t->p[t->at++];
        if (c == '\\' && t->at < t->n) {
            t->at++;
        } else if (c == '(') {
            depth++;
        } else if (c == ')' && --depth == 0) {
            return;
        }
    }
}

static void read_name(rst_pdf_text *t, rst_pdf_token *token) {
    size_t n = 0;
    t->at++;
    while (t->at < t->n && !rst_pdf_delimiter(t->p[t->at])) {
        uint8_t c = t->p[t->at++];
        if (c == '#' && t->n - t->at >= 2) {
            int high = rst_hex(t->p[t->at]);
            int low = rst_hex(t->p[t->at + 1]);
            if (high >= 0 && low >= 0) {
                c = (uint8_t)(high << 4 | low);
                t->at += 2;
            }
        }
        if (n < RST_PDF_NAME) {
            token->name[n++] = (char)c;
        }
    }
    token->name[n] = 0;
    token->kind = RST_PDF_IS_NAME;
}

static void read_word(rst_pdf_text *t, rst_pdf_token *token) {
    size_t from = t->at;
    bool digits = true;
    uint32_t v = 0;
    while (t->at < t->n && !rst_pdf_delimiter(t->p[t->at])) {
        uint8_t c = t->p[t->at++];
        digits = digits && c >= '0' && c <= '9';
        v = digits && v < 400000000 ? v * 10 + (uint32_t)(c - '0') : UINT32_MAX;
    }
    token->number = v;
    token->kind = RST_PDF_OTHER;
    if (digits && t->at > from) {
        token->kind = RST_PDF_NUMBER;
    } else if (t->at - from == 1 && t->p[from] == 'R') {
        token->kind = RST_PDF_R;
    } else if (t->at == from) {
        t->at++; // a lone ')' or the like
    }
}

void rst_pdf_next(rst_pdf_text *t, rst_pdf_token *token) {
    skip_blank(t);
    token->kind = RST_PDF_END;
    if (t->at >= t->n) {
        return;
    }
    uint8_t c = t->p[t->at];
    bool twice = t->n - t->at >= 2 && t->p[t->at + 1] == c;
    if (c == '/') {
        read_name(t, token);
    } else if (c == '(') {
        skip_string(t);
        token->kind = RST_PDF_OTHER;
    } else if ((c == '<' || c == '>') && twice) {
        t->at += 2;
        token->kind = c == '<' ? RST_PDF_DICT : RST_PDF_DICT_END;
    } else if (c == '<') {
        const uint8_t *end = memchr(t->p + t->at, '>', t->n - t->at);
        t->at = end != NULL ? (size_t)(end - t->p) + 1 : t->n;
        token->kind = RST_PDF_OTHER;
    } else if (c == '[' || c == ']') {
        t->at++;
        token->kind = c == '[' ? RST_PDF_ARRAY : RST_PDF_ARRAY_END;
    } else {
        read_word(t, token);
    }
}

unsigned rst_pdf_find(const rst_pdf *f, rst_pdf_text t, const char *key, rst_pdf_text *value) {
    size_t from = t.at;
    unsigned found = 0;
    size_t depth = 0;
    bool is_value = false; // a name that follows a key
    rst_pdf_token token;
    for (rst_pdf_next(&t, &token); token.kind != RST_PDF_END; rst_pdf_next(&t, &token)) {
        bool was_value = is_value;
        is_value = false;
        switch (token.kind) {
        case RST_PDF_DICT:
        case RST_PDF_ARRAY:
            depth++;
            break;
        case RST_PDF_DICT_END:
        case RST_PDF_ARRAY_END:
            if (depth == 1) {
                rst_spend(f->s, (t.at - from) / 8 + 1);
                return found;
            }
            depth -= depth > 0 ? 1 : 0;
            break;
        case RST_PDF_IS_NAME:
            if (depth == 1 && !was_value) {
                is_value = true;
                if (strcmp(token.name, key) == 0) {
                    *value = t;
                    found++;
                }
            }
            break;
        default:
            break;
        }
    }
    rst_spend(f->s, (t.at - from) / 8 + 1);
    return found;
}

bool rst_pdf_resolve(const rst_pdf *f, rst_pdf_text *value) {
    rst_pdf_text t = *value;
    rst_pdf_token first, token;
    rst_pdf_next(&t, &first);
    if (first.kind != RST_PDF_NUMBER) {
        return true;
    }
    rst_pdf_next(&t, &token);
    if (token.kind != RST_PDF_NUMBER) {
        return true;
    }
    rst_pdf_next(&t, &token);
    if (token.kind != RST_PDF_R) {
        return true;
    }
    if (first.number >= f->at_n || f->at[first.number] == 0) {
        return false;
    }
    size_t at = f->at[first.number];
    *value = (rst_pdf_text){f->p, f->n - at < RST_PDF_FAR ? f->n : at + RST_PDF_FAR, at};
    return true;
}

uint32_t rst_pdf_number(const rst_pdf *f, rst_pdf_text dict, const char *key, uint32_t other) {
    rst_pdf_text value;
    rst_pdf_token token;
    if (rst_pdf_find(f, dict, key, &value) == 0 || !rst_pdf_resolve(f, &value)) {
        return other;
    }
    rst_pdf_next(&value, &token);
    return token.kind == RST_PDF_NUMBER ? token.number : other;
}
