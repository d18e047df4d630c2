// Looks for the names that tell what a document does when it is opened, and for references to
// what a reader takes as a file or a script. Octets in pieces, from the file or out of object
// streams; strings and comments are not told apart, which can only find too much.
#include <string.h>

#include "ascii.h"
#include "pdf.h"

// Keys whose value is a file or a script: what they name is decoded even if it calls itself an
// image. F and its kin are those of file specifications (7.11.4).
static const char *const marking[] = {"F", "UF", "DOS", "Mac", "Unix", "JS", "XFA"};

static const struct {
    const char *name;
    uint32_t bit;
} known[] = {
    {"JavaScript", RST_PDF_SCRIPT}, {"JS", RST_PDF_SCRIPT}, {"Launch", RST_PDF_LAUNCH},
    {"RichMedia", RST_PDF_MEDIA},   {"XFA", RST_PDF_XFA},   {"Encrypt", RST_PDF_ENCRYPT},
};

static void end_name(rst_pdf_names *m) {
    m->inside = false;
    m->name[m->name_n] = 0;
    m->marking = false;
    for (size_t i = 0; i < sizeof marking / sizeof marking[0]; i++) {
        m->marking = m->marking || strcmp(m->name, marking[i]) == 0;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(m->name, known[i].name) == 0) {
            m->found |= known[i].bit;
        }
    }
}

static void add(rst_pdf_names *m, uint8_t c) {
    // One octet too many stays, so that a longer name is not taken for a known one.
    if (m->name_n < RST_PDF_NAME) {
        m->name[m->name_n++] = (char)c;
    }
}

static void in_name(rst_pdf_names *m, uint8_t c) {
    if (m->escape > 0) {
        int v = rst_hex(c);
        if (v >= 0) {
            m->escaped = (uint8_t)(m->escaped << 4 | v);
            if (++m->escape == 3) {
                add(m, m->escaped);
                m->escape = 0;
            }
            return;
        }
        m->escape = 0;
    }
    if (c == '#') {
        m->escape = 1;
        m->escaped = 0;
    } else {
        add(m, c);
    }
}

static void reference(rst_pdf *f, uint8_t c) {
    rst_pdf_names *m = &f->names;
    if (c >= '0' && c <= '9') {
        if (!m->in_number) {
            m->before = m->number;
            m->number = 0;
            m->in_number = true;
        }
        m->number = m->number < 400000000 ? m->number * 10 + (uint32_t)(c - '0') : UINT32_MAX;
        return;
    }
    m->in_number = false;
    if (c == 'R' && m->before < f->at_n) {
        f->marked[m->before / 8] |= (uint8_t)(1u << m->before % 8);
    } else if (c == '>' || c == ']') {
        m->marking = false;
    }
}

void rst_pdf_names_write(rst_pdf *f, const uint8_t *data, size_t n) {
    rst_pdf_names *m = &f->names;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = data[i];
        if (m->inside && !rst_pdf_delimiter(c)) {
            in_name(m, c);
            continue;
        }
        if (m->inside) {
            end_name(m);
        }
        if (c == '/') {
            m->inside = true;
            m->name_n = 0;
            m->escape = 0;
            m->marking = false;
        } else if (m->marking) {
            reference(f, c);
        } else {
            const uint8_t *next = memchr(data + i, '/', n - i);
            if (next == NULL) {
                return;
            }
            i = (size_t)(next - data) - 1;
        }
    }
}
