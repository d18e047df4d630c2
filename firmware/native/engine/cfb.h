// Compound files (MS-CFB, "OLE2"): a small file system in a file. This reads sectors, chains and
// the directory of one that lies whole in memory, and judges whether they contradict each other;
// it does not know what the streams mean (ole.c).
#ifndef RST_CFB_H
#define RST_CFB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rst_scanner rst_scanner;
typedef struct rst_layer rst_layer;

enum {
    RST_CFB_ENTRY = 128, // octets of a directory entry
    RST_CFB_STORAGE = 1,
    RST_CFB_STREAM = 2,
    RST_CFB_ROOT = 5,
};

#define RST_CFB_NONE UINT32_MAX

// Sectors of one size and the table of their chains: the file itself, or the mini stream.
typedef struct {
    const uint8_t *base;
    size_t n; // octets; the last sector may be short
    unsigned shift;
    uint32_t count;
    const uint8_t *table; // table_n entries of 32 bits
    uint32_t table_n;
    uint8_t *used; // a bit for each sector that belongs to a chain
} rst_cfb_space;

typedef struct {
    rst_scanner *s;
    const rst_layer *l;
    unsigned version;
    rst_cfb_space file, mini;
    const uint8_t *dir;
    uint32_t dir_n;    // entries
    uint32_t *parent;  // of each entry; RST_CFB_NONE if the tree does not lead to it
    uint8_t *judged;   // a bit for each stream that was read before
    const char *fault; // the first contradiction, or NULL
} rst_cfb;

// Reads tables and directory of data[0..n). False: there is nothing to walk; `fault` says why, or
// is NULL if the scratch was too small and that was said.
bool rst_cfb_open(rst_cfb *c, rst_scanner *s, const rst_layer *l, const uint8_t *data, size_t n);
// The stream of an entry in one piece, if need be copied together in the scratch. NULL if empty.
const uint8_t *rst_cfb_stream(rst_cfb *c, uint32_t entry, size_t *n);
const uint8_t *rst_cfb_entry(const rst_cfb *c, uint32_t entry);
unsigned rst_cfb_type(const rst_cfb *c, uint32_t entry);
// Units of UTF-16 in the name of an entry, at the begin of rst_cfb_entry.
size_t rst_cfb_name_n(const rst_cfb *c, uint32_t entry);
// The entry is called so; case does not count, `name` is ASCII in lower case.
bool rst_cfb_named(const rst_cfb *c, uint32_t entry, const char *name);
// A stream of this name that lies in the storage `parent`, or RST_CFB_NONE.
uint32_t rst_cfb_find(const rst_cfb *c, uint32_t parent, const char *name);
// Its path in the file, printable: "Macros/VBA/Module1"; names of installers are decoded.
void rst_cfb_path(const rst_cfb *c, uint32_t entry, char *out, size_t cap);

#endif
