// Symbian's installers (EPOC release 6): records of files, each a zlib stream or plain. The
// records follow each other without a length: one that is not known ends the reading.
#include "expand.h"
#include "old_archives.h"
#include "print.h"
#include "report.h"
#include "scanner.h"

enum {
    HEADER = 68,
    LANGUAGES_AT = 18,
    FILES_AT = 20,
    OPTIONS_AT = 36,
    RECORDS_AT = 52,
    UNICODE = 1, // options
    PLAIN = 8,
    ONE_FILE = 0, // kinds of records
    PER_LANGUAGE = 1,
    FIXED = 28, // octets of a record before what comes once for each language
    MIME = 8,   // and behind it
    MOST_LANGUAGES = 100,
};

typedef struct {
    rst_scanner *s;
    rst_layer *l;
    const uint8_t *data;
    size_t n;
    bool told;
    rst_inflate *inflate;
} sis;

static void malformed(sis *z, const char *why) {
    if (!z->told) {
        z->told = true;
        rst_found(z->s, RST_MALFORMED, why, z->l, &z->l->place, NULL);
    }
}

static bool within(const sis *z, uint64_t at, uint64_t n) {
    return at <= z->n && n <= z->n - at;
}

// The name under which the file is installed, or where it came from.
static void print_name(const sis *z, const uint8_t *record, char *out) {
    uint32_t n = rst_le32(record + 20);
    uint32_t at = rst_le32(record + 24);
    if (n == 0) {
        n = rst_le32(record + 12);
        at = rst_le32(record + 16);
    }
    rst_print p;
    rst_print_init(&p, out, RST_MAX_NAME);
    bool wide = (rst_le16(z->data + OPTIONS_AT) & UNICODE) != 0;
    n = within(z, at, n) ? n : 0;
    for (size_t i = 0; wide && i + 2 <= n; i += 2) {
        rst_print_code(&p, rst_le16(z->data + at + i));
    }
    if (!wide) {
        rst_print_octets(&p, RST_CHARSET_LATIN1, z->data + at, n);
    }
    rst_print_end(&p);
}

// False: nothing more is read.
static bool open_file(sis *z, const char *name, uint64_t at, uint64_t n, uint64_t original) {
    if (!within(z, at, n)) {
        malformed(z, "sis file lies outside");
        return !z->s->halted;
    }
    if ((rst_le16(z->data + OPTIONS_AT) & PLAIN) != 0) {
        return rst_expand_whole(z->s, z->l, name, z->data + at, (size_t)n);
    }
    rst_inflated result;
    bool more = rst_expand_zlib(z->s, z->l, z->inflate, name, z->data + at, (size_t)n, &result);
    if (result == RST_INFLATE_BROKEN || result == RST_INFLATE_MORE ||
        (result == RST_INFLATE_DONE && z->inflate->out != original)) {
        malformed(z, "sis data is broken");
    }
    return more;
}

// The record at *at. False: it is the last that can be read.
static bool read_record(sis *z, size_t *at) {
    if (!within(z, *at, FIXED + MIME)) {
        malformed(z, "sis is cut off");
        return false;
    }
    const uint8_t *r = z->data + *at;
    uint32_t kind = rst_le32(r);
    uint32_t copies = kind == PER_LANGUAGE ? rst_le16(z->data + LANGUAGES_AT) : 1;
    if (kind > PER_LANGUAGE || copies > MOST_LANGUAGES) {
        rst_found(z->s, RST_UNSCANNABLE, "sis record that is not known", z->l, &z->l->place, NULL);
        return false;
    }
    if (!within(z, *at, FIXED + MIME + 12 * (uint64_t)copies)) {
        malformed(z, "sis is cut off");
        return false;
    }
    char name[RST_MAX_NAME];
    print_name(z, r, name);
    const uint8_t *sizes = r + FIXED;
    for (uint32_t i = 0; i < copies; i++) {
        uint32_t n = rst_le32(sizes + 4 * (size_t)i);
        uint32_t from = rst_le32(sizes + 4 * (size_t)(copies + i));
        uint32_t original = rst_le32(sizes + 4 * (size_t)(2 * copies + i));
        if (!open_file(z, name, from, n, original)) {
            return false;
        }
    }
    *at += FIXED + MIME + 12 * (size_t)copies;
    return true;
}

void rst_sis_end(rst_scanner *s, rst_layer *l) {
    sis z = {.s = s, .l = l};
    z.data = rst_store_whole(s, l, &z.n);
    if (z.data == NULL) {
        return;
    }
    if (z.n < HEADER) {
        malformed(&z, "sis is cut off");
        return;
    }
    z.inflate = rst_scratch_take(s, l, sizeof *z.inflate);
    size_t at = rst_le32(z.data + RECORDS_AT);
    for (uint32_t i = rst_le16(z.data + FILES_AT); z.inflate != NULL && i > 0; i--) {
        if (!read_record(&z, &at)) {
            return;
        }
    }
}
