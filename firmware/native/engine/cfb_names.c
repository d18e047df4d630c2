// Names in a compound file: UTF-16, and for installers two characters packed into one unit.
#include <string.h>

#include "ascii.h"
#include "cfb.h"
#include "print.h"
#include "scanner.h"

enum {
    MOST_UNITS = 31,
    MOST_LEVELS = 8, // of a path; further out is left out
};

size_t rst_cfb_name_n(const rst_cfb *c, uint32_t entry) {
    size_t n = rst_le16(rst_cfb_entry(c, entry) + 64) / 2; // with its NUL
    n = n > 0 ? n - 1 : 0;
    return n < MOST_UNITS ? n : MOST_UNITS;
}

static uint16_t unit(const rst_cfb *c, uint32_t entry, size_t i) {
    return rst_le16(rst_cfb_entry(c, entry) + 2 * i);
}

bool rst_cfb_named(const rst_cfb *c, uint32_t entry, const char *name) {
    size_t n = rst_cfb_name_n(c, entry);
    for (size_t i = 0; i < n; i++) {
        uint16_t u = unit(c, entry, i);
        if (name[i] == 0 || u > 0x7f || rst_lower((uint8_t)u) != (uint8_t)name[i]) {
            return false;
        }
    }
    return name[n] == 0;
}

uint32_t rst_cfb_find(const rst_cfb *c, uint32_t parent, const char *name) {
    rst_spend(c->s, c->dir_n);
    for (uint32_t i = 1; i < c->dir_n; i++) {
        if (c->parent[i] == parent && rst_cfb_type(c, i) == RST_CFB_STREAM &&
            rst_cfb_named(c, i, name)) {
            return i;
        }
    }
    return RST_CFB_NONE;
}

static void put_packed(rst_print *p, unsigned six) {
    static const char digits[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
    rst_print_octet(p, RST_CHARSET_UTF8, (uint8_t)digits[six & 63]);
}

static void put_unit(rst_print *p, uint16_t u) {
    if (u >= 0x3800 && u < 0x4800) { // installer: two characters
        put_packed(p, u - 0x3800u);
        put_packed(p, (u - 0x3800u) >> 6);
    } else if (u >= 0x4800 && u < 0x4840) {
        put_packed(p, u - 0x4800u);
    } else if (u == 0x4840) {
        rst_print_ascii(p, "!"); // a table of the installer's data base
    } else if (u < 0x20) {
        rst_print_ascii(p, "["); // "\1CompObj" is known as "[1]CompObj"
        rst_print_number(p, u);
        rst_print_ascii(p, "]");
    } else {
        rst_print_code(p, u);
    }
}

static void put_name(const rst_cfb *c, uint32_t entry, rst_print *p) {
    size_t n = rst_cfb_name_n(c, entry);
    for (size_t i = 0; i < n; i++) {
        put_unit(p, unit(c, entry, i));
    }
}

void rst_cfb_path(const rst_cfb *c, uint32_t entry, char *out, size_t cap) {
    uint32_t levels[MOST_LEVELS];
    size_t n = 0;
    for (uint32_t e = entry; e != 0 && e != RST_CFB_NONE && n < MOST_LEVELS; e = c->parent[e]) {
        levels[n++] = e;
    }
    rst_print p;
    rst_print_init(&p, out, cap);
    while (n-- > 0) {
        put_name(c, levels[n], &p);
        if (n > 0) {
            rst_print_ascii(&p, "/");
        }
    }
    rst_print_end(&p);
}
