// Images of discs and disks: ISO 9660, UDF, partitioned or plain FAT volumes, VHD. They are stored
// whole and read at their end. image.c tells which one it is and hands out files; iso.c, udf.c,
// disk.c and fat.c read the structures.
#ifndef RST_IMAGE_H
#define RST_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "print.h"
#include "verdict.h"

typedef struct rst_scanner rst_scanner;
typedef struct rst_layer rst_layer;

enum {
    RST_IMAGE_DEPTH = 32,   // folders one in the other; ISO 9660 itself allows 8
    RST_IMAGE_SECTOR = 512, // the least unit of any of these formats
    RST_IMAGE_PATH = 160,   // RST_MAX_NAME
};

// One image while it is read, on the stack of rst_image_end.
typedef struct {
    rst_scanner *s;
    rst_layer *l;
    const uint8_t *data;
    size_t n;
    // For each sector the lengths of the longest file and folder that were read from there on: the
    // trees of one image (primary, Joliet, UDF) share their files, and each is read once.
    uint32_t *seen;
    bool over; // a limit was met or memory is missing: nothing more is read
    rst_layer *child;
} rst_image;

// A path that grows and shrinks with the walk.
typedef struct {
    char text[RST_IMAGE_PATH];
} rst_image_path;

// True for what may be an image: by its name, or as octets that begin so. It is stored then.
bool rst_image_candidate(const uint8_t *head, size_t n, const char *name);
void rst_image_end(rst_scanner *s, rst_layer *l);

// For the readers.
void rst_image_say(rst_image *m, rst_verdict verdict, const char *why);
void rst_image_malformed(rst_image *m, const char *why);
// Takes work; false when nothing more may be read.
bool rst_image_spend(rst_image *m, uint64_t units);
// False if an object from `at` on was read already with at least this length.
bool rst_image_fresh(rst_image *m, uint64_t at, uint64_t n, bool folder);
// A file: open, its pieces in order, close. A piece beyond the image is a finding.
bool rst_image_open(rst_image *m, const char *name);
void rst_image_piece(rst_image *m, uint64_t at, uint64_t n);
void rst_image_zeros(rst_image *m, uint64_t n);
void rst_image_close(rst_image *m);
// Puts "/name" behind the first `at` octets of the path; the result is its new length.
size_t rst_image_join(rst_image_path *path, size_t at, const uint8_t *name, size_t n,
                      rst_charset charset);
// The same for UTF-16.
size_t rst_image_join16(rst_image_path *path, size_t at, const uint8_t *name, size_t n,
                        bool big_endian);

// The readers. True if it is one.
bool rst_iso_read(rst_image *m);
bool rst_udf_read(rst_image *m);
bool rst_disk_read(rst_image *m, bool hybrid);
// A volume in [at, at + n) of the image. False if it is of no known kind.
bool rst_fat_read(rst_image *m, uint64_t at, uint64_t n);
// Octets of a dynamic VHD, put together in the scratch; false if it is none.
bool rst_vhd_read(rst_image *m);

static inline uint16_t rst_image_be16(const uint8_t *p) {
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t rst_image_be32(const uint8_t *p) {
    return (uint32_t)rst_image_be16(p) << 16 | rst_image_be16(p + 2);
}

static inline uint64_t rst_image_be64(const uint8_t *p) {
    return (uint64_t)rst_image_be32(p) << 32 | rst_image_be32(p + 4);
}

// The image holds n octets from `at` on.
static inline bool rst_image_has(const rst_image *m, uint64_t at, uint64_t n) {
    return at <= m->n && n <= m->n - at;
}

#endif
