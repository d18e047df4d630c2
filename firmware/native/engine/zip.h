// zip as a stream: entries are read where their local headers stand, one after the other. The
// central directory, by which most programs read, is compared with what was seen.
#ifndef RST_ZIP_H
#define RST_ZIP_H

#include "decode.h"
#include "expand.h"
#include "office.h"

// Which octets come next. What is gathered in `small` begins behind the signature.
typedef enum {
    RST_ZIP_SIGNATURE = 0,
    RST_ZIP_LOCAL,
    RST_ZIP_LOCAL_NAME,
    RST_ZIP_LOCAL_EXTRA,
    RST_ZIP_DATA,
    RST_ZIP_DESCRIPTOR,
    RST_ZIP_CENTRAL,
    RST_ZIP_CENTRAL_NAME,
    RST_ZIP_CENTRAL_EXTRA,
    RST_ZIP_SIZED8, // records that are passed over: their size has 8, 4, 2 octets
    RST_ZIP_SIZED4,
    RST_ZIP_SIZED2,
    RST_ZIP_SKIP, // `left` octets
    RST_ZIP_END,
    RST_ZIP_RAR,    // a rar began instead, in a self-extractor: the rest is its
    RST_ZIP_SEARCH, // for the next record
    RST_ZIP_OVER    // nothing more is read
} rst_zip_state;

// How the octets of an entry are taken.
typedef enum {
    RST_ZIP_STORED = 0,
    RST_ZIP_DEFLATE,
    RST_ZIP_BZIP2,
    RST_ZIP_DEFLATE64,
    RST_ZIP_IMPLODE,
    RST_ZIP_LZMA_HEAD, // LZMA whose settings are still to come
    RST_ZIP_LZMA,
    RST_ZIP_PPMD_HEAD, // as above; from here on the header says where it ends
    RST_ZIP_PPMD,
    RST_ZIP_XZ,
    RST_ZIP_UNREAD, // encrypted, or a method that is not known
    RST_ZIP_HUNT,   // size unknown: up to the descriptor that fits
} rst_zip_mode;

// An entry as a header describes it.
typedef struct {
    uint16_t flags, method;
    uint32_t crc;
    uint64_t packed, size, at; // octets in the container, when unpacked; where the header stands
    uint64_t name_hash;
    uint16_t name_n, extra_n;
    bool zip64; // sizes of 64 bits
} rst_zip_entry;

// The same entries give the same sums, in any order.
typedef struct {
    uint64_t count, sum, places;
} rst_zip_sums;

typedef struct {
    rst_zip_state state;
    rst_zip_mode mode;
    bool soft;     // the zip begins somewhere inside: until an entry was good, nothing is certain
    bool good;     // an entry was read to its end
    bool partial;  // something was passed over: the sums say nothing
    bool told;     // a contradiction was found
    bool ended;    // the end record was seen
    bool verify;   // the data was read, so that its check value is known
    uint64_t pos;  // octets of the container so far
    uint64_t left; // octets to come, of data, name, extra fields or what is passed over
    uint64_t directory; // where the central directory begins
    uint32_t recent;    // the last four octets, in search
    uint8_t rar_n;      // octets of the mark of a rar, in search
    uint16_t comment_n;
    rst_zip_entry entry;
    rst_zip_sums local, central;
    uint8_t small_n, want;
    uint8_t small[48];
    uint8_t extra_n; // of the extra field being read
    uint8_t extra[4];
    uint16_t extra_left;
    uint8_t wide_n; // zip64 extra field
    uint8_t wide[28];
    uint16_t name_n;
    uint8_t name[RST_MAX_NAME];
    rst_layer *child;
    rst_office office; // what the names of the entries say
    uint64_t room;     // scratch in use outside of entries
    rst_decode decode;
    uint16_t hunt_n; // octets in inflate.buf, in RST_ZIP_HUNT
    rst_inflate inflate;
} rst_zip;

// zip.c, the handler
void rst_zip_begin(rst_scanner *s, rst_layer *l);
void rst_zip_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire);
void rst_zip_end(rst_scanner *s, rst_layer *l);
// A contradiction. The search for the next record begins.
void rst_zip_malformed(rst_scanner *s, rst_layer *l, const char *why);
// Gathers `want` octets, then acts as `state` says.
void rst_zip_gather(rst_zip *z, rst_zip_state state, size_t want);

// zip_entry.c: a local entry whose header is complete, its data and its descriptor
void rst_zip_entry_begin(rst_scanner *s, rst_layer *l);
size_t rst_zip_entry_data(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n);
void rst_zip_entry_descriptor(rst_scanner *s, rst_layer *l);
void rst_zip_entry_cut(rst_scanner *s, rst_layer *l); // the container ends

// zip_fields.c: headers
void rst_zip_local(rst_zip *z); // small -> entry
void rst_zip_central(rst_zip *z);
void rst_zip_name(rst_zip *z, const uint8_t *data, size_t n);
void rst_zip_extra(rst_zip *z, const uint8_t *data, size_t n);
void rst_zip_wide(rst_zip *z); // sizes from the zip64 extra field
void rst_zip_add(rst_zip_sums *sums, const rst_zip_entry *entry);
// Compares the end record in `small` with what was seen; the reason if they contradict, or NULL.
const char *rst_zip_compare(const rst_zip *z, uint64_t end_at);

static inline uint16_t rst_le16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t rst_le32(const uint8_t *p) {
    return (uint32_t)rst_le16(p) | (uint32_t)rst_le16(p + 2) << 16;
}

static inline uint64_t rst_le64(const uint8_t *p) {
    return (uint64_t)rst_le32(p) | (uint64_t)rst_le32(p + 4) << 32;
}

#endif
