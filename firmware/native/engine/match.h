// Signatures against one object (a decoded part, a container entry, a container itself, the raw
// message): byte patterns and whole-object hashes. Streaming: the result does not depend on how
// the object was cut into updates. The signature file (layout: sigfile.h) is mapped and read
// through checked accessors only; nothing is parsed or copied at load.
#ifndef RST_MATCH_H
#define RST_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RST_SECTIONS = 31, RST_DIGEST_KINDS = 3 };

typedef struct {
    const uint8_t *data;
    size_t size;
} rst_db_section;

// A view of a mapped signature file: pointers and sizes only, filled by rst_db_open. The map must
// outlive it. Other files see it as opaque.
typedef struct rst_db {
    const uint8_t *base;
    size_t size;
    uint64_t built;
    uint32_t patterns, ids, name;
    uint32_t bitmap_bits, bucket_bits;
    uint32_t rules;
    uint32_t hashes[RST_DIGEST_KINDS];   // digests of each kind
    uint32_t pieces[RST_DIGEST_KINDS];   // the same of sections of programs
    uint32_t hash_max[RST_DIGEST_KINDS]; // largest object a hash of this kind is for
    rst_db_section section[RST_SECTIONS];
} rst_db;

typedef enum {
    RST_DB_OK = 0,
    RST_DB_SHORT,
    RST_DB_MAGIC,
    RST_DB_VERSION,
    RST_DB_LAYOUT,
} rst_db_status;

// Checks header, sizes and section bounds; O(1), touches the header's page and the last octet of
// the names. After a failure `db` is empty: usable, and nothing matches.
rst_db_status rst_db_open(rst_db *db, const void *map, size_t size);
const char *rst_db_status_text(rst_db_status status);

// The bundle's name and counts, for status and notices. `name` points into the map, terminated.
typedef struct {
    const char *name;
    uint64_t built; // seconds since 1970, UTC
    uint32_t hashes, patterns;
} rst_db_info;
void rst_db_describe(const rst_db *db, rst_db_info *info);

#define RST_NO_SIGNATURE UINT32_MAX

// What the object is, for signatures bound to a target type. The matcher itself tells
// executables and the like by their first octets.
typedef enum {
    RST_OBJECT_FILE = 0,
    RST_OBJECT_MAIL = 1,
    // The message itself, as it came: as MAIL, but not hashed. Every server on the way adds its
    // trace fields, so no list can name it, and hashing is the dearest part of matching.
    RST_OBJECT_TRANSIT = 2,
} rst_object_kind;

typedef struct rst_match rst_match; // layout in match_state.h, which the scanner embeds

// Begins an object. `db` may be NULL: nothing matches.
void rst_match_init(rst_match *m, const rst_db *db, rst_object_kind kind);
// Bounds the object's work; call after init, before the first update. Default: no bound. When it
// is used up the search ends and rst_match_overflow() is true.
void rst_match_budget(rst_match *m, uint64_t units);
// These: after init, before the first update.
// Signatures that `rules` allow do not count; another one in the same object does.
struct rst_rules;
void rst_match_allow(rst_match *m, const struct rst_rules *rules);
// Nothing matches; octets are counted all the same.
void rst_match_exclude(rst_match *m);
// Also computes the object's SHA-256: rst_match_sum, after final. NULL: not asked for, or no
// answer.
void rst_match_keep_sum(rst_match *m);
const uint8_t *rst_match_sum(const rst_match *m);
void rst_match_update(rst_match *m, const uint8_t *data, size_t n);
// The lowest matching signature id, or RST_NO_SIGNATURE. Ends the object. An object that the
// signatures allow by its hash has none, and no overflow.
uint32_t rst_match_final(rst_match *m);
// True if "no signature" is not an answer for this object: its work budget was used up, the table
// of half-matched signatures was full, it is 4 GiB or larger, or the signature file contradicts
// itself. The caller must make a verdict of it (RST_OVER_BUDGET). Ask after final; sticky.
bool rst_match_overflow(const rst_match *m);
// True if the object is a program for Windows whose headers reach further than they are read, and
// the signatures have some that count from places which only the headers tell. Ask after final.
bool rst_match_program_far(const rst_match *m);
// Work units used so far by this object: octets seen plus verification steps. Depends only on the
// octets seen so far, not on how they were cut.
uint64_t rst_match_work(const rst_match *m);
// Rules about names: what is known of an object from outside, not by its octets. All texts are
// terminated UTF-8. Both give the id of the first rule that matches, or RST_NO_SIGNATURE, and add
// to *work.
typedef enum {
    RST_BY_FILE = 0, // name of a part or of an entry: all of it, or what follows its last slash
    RST_BY_SENDER = 1,
    RST_BY_SUBJECT = 2,
    RST_BY_ENTRY = 3, // what a container says of an entry
} rst_rule;

// Containers whose handlers tell of their entries.
typedef enum { RST_CONTAINER_ANY = 0, RST_CONTAINER_ZIP = 1, RST_CONTAINER_TAR = 2 } rst_container;

#define RST_SIZE_UNKNOWN UINT64_MAX // fits only rules that ask for no size

typedef struct {
    rst_container container;
    bool encrypted;
    uint32_t position; // the first is 1
    uint64_t packed;   // octets in the container
    uint64_t size;     // octets outside of it
    const char *name;
} rst_entry;

uint32_t rst_match_text(const rst_db *db, rst_rule kind, const char *text, uint64_t *work);
uint32_t rst_match_entry(const rst_db *db, const rst_entry *entry, uint64_t *work);

// The type that the signatures' own marks see in an object's first octets, or NULL. The names are
// those of the source without CL_TYPE_, in lower case ("zip"). The first mark that fits counts.
const char *rst_db_type(const rst_db *db, const uint8_t *head, size_t n);

// Terminated name, from the map; "?" if the id is out of range.
const char *rst_db_signature_name(const rst_db *db, uint32_t id);

#endif
