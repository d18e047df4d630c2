// Reads tar: each entry is a file in a layer of its own; links and folders have no octets.
#include "tar.h"

#include <string.h>

#include "print.h"
#include "report.h"
#include "scanner.h"
#include "sigrules.h"

// An octal number, or a binary one with the top bit set (GNU), of a header field.
static uint64_t number(const uint8_t *p, size_t n) {
    uint64_t v = 0;
    if ((p[0] & 0x80) != 0) {
        for (size_t i = n - 8; i < n; i++) {
            v = v << 8 | p[i];
        }
        return v;
    }
    for (size_t i = 0; i < n && p[i] != 0; i++) {
        if (p[i] >= '0' && p[i] <= '7') {
            v = v << 3 | (uint64_t)(p[i] - '0');
        }
    }
    return v;
}

bool rst_tar_header(const uint8_t *h, size_t n) {
    if (n < RST_TAR_BLOCK || h[0] == 0) {
        return false;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < RST_TAR_BLOCK; i++) {
        sum += i >= 148 && i < 156 ? ' ' : h[i];
    }
    return sum == number(h + 148, 8);
}

void rst_tar_begin(rst_scanner *s, rst_layer *l) {
    (void)s;
    rst_tar *t = &l->u.tar;
    t->state = RST_TAR_HEADER;
    t->block_n = 0;
    t->left = 0;
    t->padding = 0;
    t->long_name = false;
    t->name_n = 0;
    t->entries = 0;
    t->child = NULL;
}

static void malformed(rst_scanner *s, rst_layer *l, const char *why) {
    rst_found(s, RST_MALFORMED, why, l, &l->place, NULL);
    l->u.tar.state = RST_TAR_OVER;
}

// The path of a pax header ("NN path=...\n") or of a GNU long name.
static void entry_name(rst_tar *t, char *out) {
    const uint8_t *name = t->block;
    size_t n = strnlen((const char *)t->block, 100);
    if (t->name_n > 0) {
        name = t->name;
        n = t->name_n;
        for (size_t i = 0; i + 6 < n; i++) {
            if (memcmp(name + i, " path=", 6) == 0) {
                name += i + 6;
                n -= i + 6;
                break;
            }
        }
        const uint8_t *end = memchr(name, '\n', n);
        end = end != NULL ? end : memchr(name, 0, n);
        n = end != NULL ? (size_t)(end - name) : n;
    }
    rst_print p;
    rst_print_init(&p, out, RST_MAX_NAME);
    rst_print_octets(&p, RST_CHARSET_UTF8, name, n);
    rst_print_end(&p);
    t->name_n = 0;
}

static void begin_entry(rst_scanner *s, rst_layer *l) {
    rst_tar *t = &l->u.tar;
    char name[RST_MAX_NAME];
    entry_name(t, name);
    rst_entry entry = {.container = RST_CONTAINER_TAR,
                       .position = ++t->entries,
                       .packed = t->left,
                       .size = t->left,
                       .name = name};
    rst_sigrules_entry(s, l, &entry);
    if (t->left > 0) {
        t->child = rst_layer_open(s, RST_HINT_FILE, name, &l->place, false);
    }
}

static void header(rst_scanner *s, rst_layer *l) {
    rst_tar *t = &l->u.tar;
    const uint8_t *h = t->block;
    t->block_n = 0;
    if (h[0] == 0) {
        t->state = RST_TAR_OVER; // the end is a block of zeros
        return;
    }
    if (!rst_tar_header(h, RST_TAR_BLOCK)) {
        malformed(s, l, "tar header");
        return;
    }
    uint8_t type = h[156];
    bool no_data = type >= '1' && type <= '6';
    t->left = no_data ? 0 : number(h + 124, 12);
    t->padding = (uint16_t)(-t->left & (RST_TAR_BLOCK - 1));
    t->long_name = type == 'L' || type == 'x' || type == 'X' || type == 'K' || type == 'g';
    if (t->long_name) {
        t->name_n = 0;
    } else if (rst_count_entry(s, l)) {
        begin_entry(s, l);
    } else {
        t->name_n = 0;
    }
    t->count.in = 0;
    t->count.crc = 0;
    t->count.out = 0;
    t->state = t->left + t->padding > 0 ? RST_TAR_DATA : RST_TAR_HEADER;
}

static void entry_data(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_tar *t = &l->u.tar;
    if (t->long_name) {
        for (size_t i = 0; i < n; i++) {
            rst_keep_ends(t->name, &t->name_n, sizeof t->name, data[i]);
        }
    } else if (t->child != NULL && !rst_inflate_emit(s, l, &t->count, t->child, data, n)) {
        rst_layer_close(s, t->child);
        t->child = NULL;
        t->state = RST_TAR_OVER;
    }
}

void rst_tar_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire) {
    (void)wire;
    rst_tar *t = &l->u.tar;
    while (n > 0 && t->state != RST_TAR_OVER && !s->halted) {
        size_t take;
        if (t->state == RST_TAR_HEADER) {
            take = (size_t)RST_TAR_BLOCK - t->block_n < n ? (size_t)RST_TAR_BLOCK - t->block_n : n;
            memcpy(t->block + t->block_n, data, take);
            t->block_n = (uint16_t)(t->block_n + take);
            if (t->block_n == RST_TAR_BLOCK) {
                header(s, l);
            }
        } else if (t->left > 0) {
            take = t->left < n ? (size_t)t->left : n;
            t->left -= take;
            entry_data(s, l, data, take);
        } else {
            take = t->padding < n ? t->padding : n;
            t->padding = (uint16_t)(t->padding - take);
        }
        if (t->state == RST_TAR_DATA && t->left == 0 && t->child != NULL) {
            rst_layer_close(s, t->child);
            t->child = NULL;
        }
        if (t->state == RST_TAR_DATA && t->left == 0 && t->padding == 0) {
            t->state = RST_TAR_HEADER;
        }
        data += take;
        n -= take;
    }
}

void rst_tar_end(rst_scanner *s, rst_layer *l) {
    rst_tar *t = &l->u.tar;
    if (t->child != NULL) {
        rst_layer_close(s, t->child);
        t->child = NULL;
    }
    if ((t->left > 0 || t->block_n > 0) && t->state != RST_TAR_OVER && !s->halted) {
        malformed(s, l, "tar data is cut off");
    }
}
