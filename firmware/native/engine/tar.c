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
    t->carries = RST_TAR_NOTHING;
    t->name_n = 0;
    t->entries = 0;
    t->child = NULL;
}

static void malformed(rst_scanner *s, rst_layer *l, const char *why) {
    rst_found(s, RST_MALFORMED, why, l, &l->place, NULL);
    l->u.tar.state = RST_TAR_OVER;
}

// The name that an entry before this one gave, or the header's own.
static void entry_name(rst_tar *t, char *out) {
    bool given = t->name_n > 0;
    const uint8_t *name = given ? t->name : t->block;
    size_t n = given ? t->name_n : strnlen((const char *)t->block, 100);
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

static uint8_t carries(uint8_t type) {
    return type == 'L'                                 ? RST_TAR_NAME
           : type == 'x' || type == 'X' || type == 'g' ? RST_TAR_RECORDS
           : type == 'K'                               ? RST_TAR_OTHER
                                                       : RST_TAR_NOTHING;
}

static void begin_carrier(rst_tar *t) {
    t->pax = (rst_tar_pax){.state = RST_PAX_LENGTH};
    if (t->carries == RST_TAR_NAME) {
        t->name_n = 0;
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
    t->carries = carries(type);
    if (t->carries != RST_TAR_NOTHING) {
        begin_carrier(t);
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

// The digits before a record, which count too.
static void pax_length(rst_tar_pax *p, uint8_t c) {
    if (c >= '0' && c <= '9' && p->n < 9) {
        p->left = p->left * 10 + (uint32_t)(c - '0');
        p->n++;
        return;
    }
    bool good = c == ' ' && p->n > 0 && p->left > p->n + 1u;
    p->left -= good ? p->n + 1u : 0;
    p->n = 0;
    p->path = true;
    p->state = good ? RST_PAX_KEY : RST_PAX_BAD;
}

static void pax_octet(rst_tar *t, uint8_t c) {
    static const char path[] = "path";
    rst_tar_pax *p = &t->pax;
    if (p->state == RST_PAX_LENGTH) {
        pax_length(p, c);
        return;
    }
    p->left--;
    if (p->state == RST_PAX_KEY && c == '=') {
        p->state = RST_PAX_VALUE;
        p->path = p->path && p->n == sizeof path - 1;
        t->name_n = p->path ? 0 : t->name_n;
    } else if (p->state == RST_PAX_KEY) {
        p->path = p->path && p->n < sizeof path - 1 && path[p->n] == (char)c;
        p->n += p->path ? 1 : 0;
    } else if (p->path && p->left > 0) {
        rst_keep_ends(t->name, &t->name_n, sizeof t->name, c);
    }
    if (p->left == 0) {
        bool good = p->state == RST_PAX_VALUE && c == '\n';
        *p = (rst_tar_pax){.state = good ? RST_PAX_LENGTH : RST_PAX_BAD};
    }
}

static void records(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_tar *t = &l->u.tar;
    bool bad = t->pax.state == RST_PAX_BAD;
    for (size_t i = 0; i < n && t->pax.state != RST_PAX_BAD; i++) {
        pax_octet(t, data[i]);
    }
    if (!bad && t->pax.state == RST_PAX_BAD) {
        rst_found(s, RST_MALFORMED, "tar, pax record", l, &l->place, NULL);
    }
}

static void entry_data(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    rst_tar *t = &l->u.tar;
    if (t->carries == RST_TAR_NAME) {
        for (size_t i = 0; i < n && data[i] != 0; i++) {
            rst_keep_ends(t->name, &t->name_n, sizeof t->name, data[i]);
        }
        if (memchr(data, 0, n) != NULL) {
            t->carries = RST_TAR_OTHER; // what follows is no part of the name
        }
    } else if (t->carries == RST_TAR_RECORDS) {
        records(s, l, data, n);
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
