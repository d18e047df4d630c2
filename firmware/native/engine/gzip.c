// Reads gzip: header fields, deflate, check value and size, and again for further members.
// What follows the last member is ignored, as gzip(1) does.
#include "gzip.h"

#include <string.h>

#include "print.h"
#include "report.h"
#include "scanner.h"

enum { FLAG_CRC = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16, FLAG_RESERVED = 0xe0 };

void rst_gzip_begin(rst_scanner *s, rst_layer *l) {
    (void)s;
    rst_gzip *g = &l->u.gzip;
    g->state = RST_GZIP_FIXED;
    g->first = true;
    g->small_n = 0;
    g->name_n = 0;
    g->child = NULL;
}

static void malformed(rst_scanner *s, rst_layer *l, const char *why) {
    rst_found(s, RST_MALFORMED, why, l, &l->place, NULL);
    l->u.gzip.state = RST_GZIP_OVER;
}

static uint32_t le32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// The file's name: from the header, else the container's without its ending.
static void file_name(const rst_layer *l, char *out) {
    const rst_gzip *g = &l->u.gzip;
    rst_print p;
    rst_print_init(&p, out, RST_MAX_NAME);
    size_t n = strlen(l->name);
    if (g->name_n > 0) {
        rst_print_octets(&p, RST_CHARSET_UTF8, (const uint8_t *)g->name, g->name_n);
    } else if (n > 3 && memcmp(l->name + n - 3, ".gz", 3) == 0) {
        rst_print_octets(&p, RST_CHARSET_UTF8, (const uint8_t *)l->name, n - 3);
    } else {
        rst_print_ascii(&p, "contents");
    }
    rst_print_end(&p);
}

static void begin_data(rst_scanner *s, rst_layer *l) {
    rst_gzip *g = &l->u.gzip;
    g->state = RST_GZIP_DATA;
    if (g->first) {
        char name[RST_MAX_NAME];
        file_name(l, name);
        if (rst_count_entry(s, l)) {
            g->child = rst_layer_open(s, RST_HINT_FILE, name, &l->place, false);
        }
        if (g->child == NULL) {
            g->state = RST_GZIP_OVER;
            return;
        }
    }
    if (!rst_inflate_begin(&g->inflate)) {
        rst_found(s, RST_UNSCANNABLE, "no memory for deflate", l, &l->place, NULL);
        g->state = RST_GZIP_OVER;
    }
}

// The next part of the header that this member has, beginning with `from`.
static void next_state(rst_scanner *s, rst_layer *l, int from) {
    rst_gzip *g = &l->u.gzip;
    g->small_n = 0;
    if (from <= RST_GZIP_EXTRA_SIZE && (g->flags & FLAG_EXTRA) != 0) {
        g->state = RST_GZIP_EXTRA_SIZE;
    } else if (from <= RST_GZIP_NAME && (g->flags & FLAG_NAME) != 0) {
        g->state = RST_GZIP_NAME;
    } else if (from <= RST_GZIP_COMMENT && (g->flags & FLAG_COMMENT) != 0) {
        g->state = RST_GZIP_COMMENT;
    } else if (from <= RST_GZIP_CRC16 && (g->flags & FLAG_CRC) != 0) {
        g->state = RST_GZIP_CRC16;
    } else {
        begin_data(s, l);
    }
}

static void fixed_header(rst_scanner *s, rst_layer *l) {
    rst_gzip *g = &l->u.gzip;
    if (g->small[0] != 0x1f || g->small[1] != 0x8b) {
        malformed(s, l, "gzip header");
    } else if (g->small[2] != 8 || (g->small[3] & FLAG_RESERVED) != 0) {
        rst_found(s, RST_UNSCANNABLE, "gzip method", l, &l->place, NULL);
        g->state = RST_GZIP_OVER;
    } else {
        g->flags = g->small[3];
        next_state(s, l, RST_GZIP_EXTRA_SIZE);
    }
}

static void trailer(rst_scanner *s, rst_layer *l) {
    rst_gzip *g = &l->u.gzip;
    if (le32(g->small) != g->inflate.crc || le32(g->small + 4) != (uint32_t)g->inflate.out) {
        malformed(s, l, "gzip check value or size is wrong");
        return;
    }
    g->first = false;
    g->small_n = 0;
    g->state = RST_GZIP_BETWEEN;
}

// Collects `want` octets in `small`. True when they are there.
static bool gather(rst_gzip *g, uint8_t c, size_t want) {
    g->small[g->small_n++] = c;
    return g->small_n == want;
}

// One octet of a header, of a trailer, or after it.
static void take_octet(rst_scanner *s, rst_layer *l, uint8_t c) {
    rst_gzip *g = &l->u.gzip;
    switch (g->state) {
    case RST_GZIP_FIXED:
        if (gather(g, c, 10)) {
            fixed_header(s, l);
        }
        break;
    case RST_GZIP_EXTRA_SIZE:
        if (gather(g, c, 2)) {
            g->skip = (uint16_t)(g->small[0] | g->small[1] << 8);
            g->state = RST_GZIP_EXTRA;
            if (g->skip == 0) {
                next_state(s, l, RST_GZIP_NAME);
            }
        }
        break;
    case RST_GZIP_EXTRA:
        if (--g->skip == 0) {
            next_state(s, l, RST_GZIP_NAME);
        }
        break;
    case RST_GZIP_NAME:
        if (c == 0) {
            next_state(s, l, RST_GZIP_COMMENT);
        } else if (g->first) {
            rst_keep_ends((uint8_t *)g->name, &g->name_n, sizeof g->name, c);
        }
        break;
    case RST_GZIP_COMMENT:
        if (c == 0) {
            next_state(s, l, RST_GZIP_CRC16);
        }
        break;
    case RST_GZIP_CRC16:
        if (gather(g, c, 2)) {
            begin_data(s, l);
        }
        break;
    case RST_GZIP_TRAILER:
        if (gather(g, c, 8)) {
            trailer(s, l);
        }
        break;
    case RST_GZIP_BETWEEN:
        g->small[g->small_n++] = c;
        if (g->small[0] != 0x1f || (g->small_n == 2 && g->small[1] != 0x8b)) {
            g->state = RST_GZIP_OVER;
        } else if (g->small_n == 2) {
            g->state = RST_GZIP_FIXED;
        }
        break;
    default:
        break;
    }
}

void rst_gzip_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire) {
    (void)wire;
    rst_gzip *g = &l->u.gzip;
    size_t i = 0;
    while (i < n && g->state != RST_GZIP_OVER && !s->halted) {
        if (g->state != RST_GZIP_DATA) {
            take_octet(s, l, data[i++]);
            continue;
        }
        size_t used;
        rst_inflated r = rst_inflate_write(s, l, &g->inflate, g->child, data + i, n - i, &used);
        i += used;
        if (r == RST_INFLATE_DONE) {
            g->state = RST_GZIP_TRAILER;
            g->small_n = 0;
        } else if (r == RST_INFLATE_BROKEN) {
            malformed(s, l, "gzip data is broken");
        } else if (r == RST_INFLATE_LIMIT) {
            g->state = RST_GZIP_OVER;
        }
    }
}

void rst_gzip_end(rst_scanner *s, rst_layer *l) {
    rst_gzip *g = &l->u.gzip;
    if (g->child != NULL) {
        rst_layer_close(s, g->child);
        g->child = NULL;
    }
    if (g->state != RST_GZIP_OVER && g->state != RST_GZIP_BETWEEN && !s->halted) {
        malformed(s, l, "gzip data is cut off");
    }
}
