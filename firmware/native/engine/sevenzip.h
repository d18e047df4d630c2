// 7z, by the format's description 7zFormat.txt. The object is stored whole: its header stands at
// its end, and may itself be packed.
#ifndef RST_SEVENZIP_H
#define RST_SEVENZIP_H

#include "decode.h"

enum {
    RST_7Z_CODERS = 8, // of a folder; real ones have up to four
    RST_7Z_INS = 16,   // octet streams that go into them
};

// Reads the header. Behind the end everything reads as 0, and `bad` says so.
typedef struct {
    const uint8_t *at, *end;
    bool bad;
} rst_7z_reader;

// Check values of a row of objects, read one after the other.
typedef struct {
    uint64_t left;       // objects to come
    uint64_t index;      // of the next one, in `bits`
    const uint8_t *bits; // which ones have a check value; NULL: `all` or none
    bool all;
    rst_7z_reader values;
} rst_7z_digests;

typedef struct {
    uint64_t id;
    const uint8_t *props;
    size_t props_n;
    uint8_t ins;
} rst_7z_coder;

// Coders through which one run of octets goes.
typedef struct {
    size_t coders_n, packed_n;
    rst_7z_coder coders[RST_7Z_CODERS];
    struct {
        uint64_t in, out;
    } binds[RST_7Z_CODERS];
    uint64_t sizes[RST_7Z_CODERS];     // of what each coder gives
    uint64_t packed_ins[RST_7Z_INS];   // which stream each packed run of octets goes into
    uint64_t packed_sizes[RST_7Z_INS]; // they lie one behind the other
    size_t main;                       // the coder that gives the files' octets
    bool checked;
    uint32_t crc;
    uint64_t packed; // octets in the archive
    uint64_t files;  // that it holds
} rst_7z_folder;

// Where the rows of the header stand. Reading them in step gives folder after folder.
typedef struct {
    uint64_t pack_at, folders;
    rst_7z_reader pack_sizes, folder, unpack_sizes, counts, file_sizes;
    rst_7z_digests folder_digests, file_digests;
    bool counted; // else each folder holds one file
} rst_7z_streams;

typedef struct {
    uint64_t files;
    const uint8_t *empty; // bits, or NULL
    rst_7z_reader names;
} rst_7z_files;

void rst_sevenzip_end(rst_scanner *s, rst_layer *l);

// sevenzip_fields.c: the header
uint8_t rst_7z_octet(rst_7z_reader *r);
uint64_t rst_7z_number(rst_7z_reader *r);
bool rst_7z_bit(const uint8_t *bits, uint64_t index);
bool rst_7z_digest(rst_7z_digests *d, uint32_t *crc);
void rst_7z_read_streams(rst_7z_reader *r, rst_7z_streams *st);
void rst_7z_read_files(rst_7z_reader *r, rst_7z_files *files);
// The next folder; false if the header contradicts itself.
bool rst_7z_next_folder(rst_7z_streams *st, rst_7z_folder *f);

// sevenzip_folder.c: what goes through its coders
typedef bool (*rst_7z_sink)(rst_scanner *s, rst_layer *l, void *user, const uint8_t *data,
                            size_t n);
// Why a folder cannot be read, as a finding; false if it can.
bool rst_7z_closed(rst_scanner *s, const rst_layer *l, const rst_7z_folder *f, const char *inner);
// The decoder of a method; false: the finding is made. A method is what is known and no filter.
bool rst_7z_is_method(uint64_t id);
bool rst_7z_begin_method(rst_scanner *s, const rst_layer *l, rst_decode *d, const rst_7z_coder *c,
                         uint64_t size);
// Gives the folder's octets to `sink`, at most as many as it says. False: broken or cut off.
// Stops early, and true, when the sink refuses or a finding is made. The scratch that it took is
// left to the caller, who gives it back when no layer is open above this one.
bool rst_7z_unpack(rst_scanner *s, rst_layer *l, const rst_7z_folder *f, const uint8_t *data,
                   rst_7z_sink sink, void *user);

// sevenzip_bcj2.c: the one tree of coders that 7-Zip writes, BCJ2 over four streams, each of which
// is packed by one method or lies there as it is. As rst_7z_unpack.
bool rst_7z_is_bcj2(const rst_7z_folder *f);
bool rst_7z_unpack_bcj2(rst_scanner *s, rst_layer *l, const rst_7z_folder *f, const uint8_t *data,
                        rst_7z_sink sink, void *user);

#endif
