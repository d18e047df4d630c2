// gzip (RFC 1952): one or more members, which together are one file.
#ifndef RST_GZIP_H
#define RST_GZIP_H

#include "expand.h"

typedef struct {
    enum {
        RST_GZIP_FIXED = 0, // the ten octets every member begins with
        RST_GZIP_EXTRA_SIZE,
        RST_GZIP_EXTRA,
        RST_GZIP_NAME,
        RST_GZIP_COMMENT,
        RST_GZIP_CRC16,
        RST_GZIP_DATA,
        RST_GZIP_TRAILER,
        RST_GZIP_BETWEEN, // after a member: another one, padding, or junk
        RST_GZIP_OVER,    // nothing more is read
    } state;
    bool first; // no member is complete yet
    uint8_t flags;
    uint8_t small_n;
    uint8_t small[10];
    uint16_t skip; // octets of the extra field to come
    uint16_t name_n;
    char name[RST_MAX_NAME];
    rst_layer *child;
    rst_inflate inflate;
} rst_gzip;

void rst_gzip_begin(rst_scanner *s, rst_layer *l);
void rst_gzip_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire);
void rst_gzip_end(rst_scanner *s, rst_layer *l);

#endif
