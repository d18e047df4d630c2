// ar, as of Debian packages and static libraries: headers of 60 octets in ASCII. Long names as
// GNU ("/12", in the member "//") and BSD ("#1/20", in front of the data) write them.
#include <string.h>

#include "old_archives.h"
#include "print.h"
#include "report.h"
#include "scanner.h"

enum { HEADER = 60, MARK = 8 };

static uint64_t decimal(const uint8_t *p, size_t n) {
    uint64_t v = 0;
    for (size_t i = 0; i < n && p[i] >= '0' && p[i] <= '9'; i++) {
        v = v * 10 + (uint64_t)(p[i] - '0');
    }
    return v;
}

typedef struct {
    const uint8_t *names; // the member "//"
    size_t names_n;
} ar;

// The name of a member; *skip octets of its data belong to it.
static void name_of(const ar *a, const uint8_t *h, const uint8_t *data, size_t n, size_t *skip,
                    char out[RST_MAX_NAME]) {
    const uint8_t *name = h;
    size_t name_n = 16;
    *skip = 0;
    if (memcmp(h, "#1/", 3) == 0 && decimal(h + 3, 13) <= n) {
        name = data;
        name_n = (size_t)decimal(h + 3, 13);
        *skip = name_n;
    } else if (h[0] == '/' && h[1] >= '0' && h[1] <= '9' && decimal(h + 1, 15) < a->names_n) {
        size_t at = (size_t)decimal(h + 1, 15);
        name = a->names + at;
        name_n = a->names_n - at;
    }
    size_t end = 0;
    while (end < name_n && name[end] != '/' && name[end] != '\n' && name[end] != 0) {
        end++;
    }
    while (end > 0 && name[end - 1] == ' ') {
        end--;
    }
    rst_print p;
    rst_print_init(&p, out, RST_MAX_NAME);
    rst_print_octets(&p, RST_CHARSET_UTF8, name, end);
    rst_print_end(&p);
}

void rst_ar_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *d = rst_store_whole(s, l, &n);
    ar a = {NULL, 0};
    for (size_t at = MARK; d != NULL && at < n && rst_budget_left(s);) {
        const uint8_t *h = d + at;
        uint64_t size = n - at >= HEADER ? decimal(h + 48, 10) : 0;
        if (n - at < HEADER || h[58] != '`' || h[59] != '\n') {
            rst_found(s, RST_MALFORMED, "ar header", l, &l->place, NULL);
            return;
        }
        at += HEADER;
        if (size > n - at) {
            rst_found(s, RST_MALFORMED, "ar data is cut off", l, &l->place, NULL);
            size = n - at;
        }
        if (h[0] == '/' && h[1] == '/') {
            a = (ar){d + at, (size_t)size};
        }
        size_t skip;
        char name[RST_MAX_NAME];
        name_of(&a, h, d + at, (size_t)size, &skip, name);
        rst_spend(s, HEADER);
        if (size > skip && !rst_expand_whole(s, l, name, d + at + skip, (size_t)size - skip)) {
            return;
        }
        at += (size_t)size;
        at += at & 1; // members begin at even octets
    }
}
