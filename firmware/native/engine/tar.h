// tar: ustar, GNU and the old form, told by the header's checksum.
#ifndef RST_TAR_H
#define RST_TAR_H

#include "expand.h"

enum { RST_TAR_BLOCK = 512 };

enum {
    RST_TAR_NOTHING = 0,
    RST_TAR_NAME,    // GNU 'L': the name, a C string
    RST_TAR_RECORDS, // pax 'x', 'g': "LENGTH KEY=VALUE\n", of which "path" counts
    RST_TAR_OTHER,   // GNU 'K': where a link leads
};

// A record of a pax header.
typedef struct {
    enum { RST_PAX_LENGTH = 0, RST_PAX_KEY, RST_PAX_VALUE, RST_PAX_BAD } state;
    uint32_t left; // octets of it to come
    uint8_t n;     // digits of its length, or octets of its key
    bool path;     // the key is "path" so far
} rst_tar_pax;

typedef struct {
    enum { RST_TAR_HEADER = 0, RST_TAR_DATA, RST_TAR_OVER } state;
    uint16_t block_n;
    uint64_t left;    // octets of the entry to come
    uint16_t padding; // and after them
    uint8_t carries;  // the entry holds the name of the next one: RST_TAR_NAME and so on
    rst_tar_pax pax;
    uint16_t name_n;
    uint32_t entries; // so far, without those that only hold a name
    uint8_t block[RST_TAR_BLOCK];
    uint8_t name[RST_TAR_BLOCK]; // from a long-name entry
    rst_layer *child;
    rst_inflate count; // only its counters are used
} rst_tar;

// head[0..n) is a tar header: 512 octets whose checksum is right.
bool rst_tar_header(const uint8_t *head, size_t n);

void rst_tar_begin(rst_scanner *s, rst_layer *l);
void rst_tar_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire);
void rst_tar_end(rst_scanner *s, rst_layer *l);

#endif
