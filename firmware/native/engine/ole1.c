// Embedded objects of the first OLE (MS-OLEDS 2.2, 2.3.6): a header of counted names, then native
// data, which for a "package" is a file with the names that it had.
#include <string.h>

#include "ascii.h"
#include "ole.h"
#include "print.h"
#include "report.h"
#include "scanner.h"

enum {
    NOTHING = 0,
    LINK = 1,
    EMBEDDED = 2,
    PICTURE = 5,
    MOST_NAME = 4096, // octets of a name in the header of an object
};

typedef struct {
    const uint8_t *data;
    size_t n, at;
    bool short_; // something was missing
} cursor;

static uint32_t number(cursor *c, size_t octets) {
    if (octets > c->n - c->at) {
        c->short_ = true;
        return 0;
    }
    const uint8_t *p = c->data + c->at;
    c->at += octets;
    return octets == 4 ? rst_le32(p) : rst_le16(p);
}

static void skip(cursor *c, size_t octets) {
    if (octets > c->n - c->at) {
        c->short_ = true;
    } else {
        c->at += octets;
    }
}

// A text that ends with NUL. Its octets without that.
static size_t text(cursor *c, const uint8_t **out) {
    *out = c->data + c->at;
    const uint8_t *end = c->n > c->at ? memchr(*out, 0, c->n - c->at) : NULL;
    if (end == NULL) {
        c->short_ = true;
        return 0;
    }
    size_t n = (size_t)(end - *out);
    c->at += n + 1;
    return n;
}

// The last name of a path, printable.
static void file_name(const uint8_t *path, size_t n, char *out, size_t cap) {
    size_t at = n;
    while (at > 0 && path[at - 1] != '\\' && path[at - 1] != '/') {
        at--;
    }
    rst_print p;
    rst_print_init(&p, out, cap);
    rst_print_octets(&p, RST_CHARSET_UTF8, path + at, n - at);
    rst_print_end(&p);
}

bool rst_ole1_native(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    cursor c = {data, n, 0, false};
    const uint8_t *label, *path, *ignored;
    char name[RST_MAX_NAME] = "";
    rst_spend(s, n);
    number(&c, 2);
    size_t label_n = text(&c, &label);
    size_t path_n = text(&c, &path);
    number(&c, 4);
    skip(&c, 4); // octets of the text that follows; its NUL is believed
    text(&c, &ignored);
    uint32_t size = number(&c, 4);
    if (c.short_ || size > n - c.at) {
        // No package: native data of some program, as it is.
        return n == 0 || rst_expand_whole(s, l, "native", data, n);
    }
    file_name(path_n > 0 ? path : label, path_n > 0 ? path_n : label_n, name, sizeof name);
    return size == 0 || rst_expand_whole(s, l, name[0] != 0 ? name : "package", data + c.at, size);
}

static bool is_package(const uint8_t *name, size_t n) {
    return rst_is(name, n > 0 && name[n - 1] == 0 ? n - 1 : n, "package");
}

static void counted(cursor *c, const uint8_t **out, size_t *n) {
    *n = number(c, 4);
    *out = c->data + c->at;
    if (*n > MOST_NAME) {
        c->short_ = true;
    }
    skip(c, *n);
}

// A compound file somewhere in an object that makes no sense: others may see sense in it.
static void hidden(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    static const uint8_t mark[] = {0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1};
    const uint8_t *end = data + n;
    for (const uint8_t *p = data; (size_t)(end - p) >= sizeof mark; p++) {
        p = memchr(p, mark[0], (size_t)(end - p));
        if (p == NULL) {
            return;
        }
        if ((size_t)(end - p) >= sizeof mark && memcmp(p, mark, sizeof mark) == 0) {
            rst_expand_whole(s, l, "native", p, (size_t)(end - p));
            return;
        }
    }
}

void rst_ole1_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *data = rst_store_whole(s, l, &n);
    if (data == NULL) {
        return;
    }
    cursor c = {data, n, 0, false};
    const uint8_t *name, *ignored;
    size_t name_n, ignored_n;
    number(&c, 4); // the version: programs do not look at it
    uint32_t kind = number(&c, 4);
    if (!c.short_ && (kind == NOTHING || kind == LINK || kind == PICTURE)) {
        return; // no octets of another file: matched as it is
    }
    counted(&c, &name, &name_n);
    counted(&c, &ignored, &ignored_n);
    counted(&c, &ignored, &ignored_n);
    uint32_t size = number(&c, 4);
    if (c.short_ || kind != EMBEDDED) {
        rst_found(s, RST_MALFORMED, "embedded object makes no sense", l, &l->place, NULL);
        hidden(s, l, data, n);
        return;
    }
    bool whole = size <= n - c.at;
    size_t native_n = whole ? size : n - c.at;
    const uint8_t *native = data + c.at;
    bool more = native_n == 0 || rst_expand_whole(s, l, "native", native, native_n);
    if (more && is_package(name, name_n)) {
        rst_ole1_native(s, l, native, native_n);
    }
    if (!whole && !s->halted) {
        rst_found(s, RST_MALFORMED, "embedded object is cut off", l, &l->place, NULL);
    }
}
