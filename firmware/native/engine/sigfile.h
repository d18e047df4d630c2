// The signature file: the one owner of its layout. The host's compiler repeats these constants in
// restante_tools/signatures/layout.py and a test compares the two. All integers little-endian.
// The file is made to be mapped: nothing is parsed at load and pages nobody asks for stay on disk.
// It may be hostile: db.c checks the section table once, everything behind it is read through the
// accessors below, which never leave their section. SIGNATURES.md explains the whole.
#ifndef RST_SIGFILE_H
#define RST_SIGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "match.h"

#define RST_SIG_MAGIC "RSTSIG\x1a\n"
#define RST_SIG_NONE UINT32_MAX // no parent, no signature
#define RST_SIG_ANY_SIZE UINT32_MAX
#define RST_SIG_GRAM_FACTOR 0x9E3779B1u // multiplicative hash of a 4-octet gram

enum {
    RST_SIG_VERSION = 3,
    RST_SIG_MAGIC_SIZE = 8,

    // Header: offsets of its fields. u32 unless said otherwise.
    RST_HEAD_VERSION = 8,
    RST_HEAD_SIZE = 12,        // octets of header and section table together
    RST_HEAD_TOTAL = 16,       // u64: octets of the whole file
    RST_HEAD_BUILT = 24,       // u64: seconds since 1970, UTC
    RST_HEAD_PATTERNS = 32,    // pattern and logical signatures: ids 0 .. patterns - 1
    RST_HEAD_IDS = 36,         // all: patterns, hashes by kind, hashes of sections, rules
    RST_HEAD_NAME = 40,        // the bundle's name, an offset in the name pool
    RST_HEAD_BITMAP_BITS = 44, // log2 of the bits in the gram bitmap
    RST_HEAD_BUCKET_BITS = 48, // log2 of the number of buckets
    RST_HEAD_SECTIONS = 52,    // sections in the table
    RST_HEAD_HASH_MAX = 56,    // 3 × u32: largest object a hash of this kind is for
    RST_HEAD_TABLE = 72,       // section table: per section u64 offset, u64 length
    RST_HEAD_TABLE_ENTRY = 16,

    RST_BITMAP_BITS_MIN = 10,
    RST_BITMAP_BITS_MAX = 18, // 32 KiB: the first-level data cache of a Cortex-A7
    // A gram's word: its hash shifted so, under a mask of the words there are. Its bits in the
    // word are one of so many choices.
    RST_BITMAP_WORD_SHIFT = 19,
    RST_BITMAP_CODES = 512,

    RST_BUCKET_BITS_MIN = 4,
    RST_BUCKET_BITS_MAX = 20,

    // A bucket's word: its first entry in the low 24 bits; above them a bit for each kind of gram
    // that it has. The kind of a gram: three bits of its hash.
    RST_BUCKET_FROM = 16777215,
    RST_BUCKET_KINDS_SHIFT = 24,
    RST_GRAM_KIND_SHIFT = 41,

    // An entry: one anchor. Sorted by bucket; from BUCKETS[i] to BUCKETS[i + 1] are bucket i's.
    RST_ENTRY_SIZE = 16,
    RST_ENTRY_GRAM = 0, // the 4 octets at the anchor
    RST_ENTRY_NEXT = 4, // the 4 octets after it, under the mask
    RST_ENTRY_MASK = 8,
    RST_ENTRY_LINK = 12,

    // A link: one cluster of a signature (what lies between two `*`), in a tree of clusters.
    RST_LINK_SIZE = 32,
    RST_LINK_PARENT = 0,          // link that must have matched before; NONE at the root
    RST_LINK_GAP = 4,             // octets at least between the parent's end and this start
    RST_LINK_SEGMENT = 8,         // first segment
    RST_LINK_SIGNATURE = 12,      // id of the signature that is complete here, or NONE
    RST_LINK_OFFSET_LOW = 16,     // first start allowed, by offset kind
    RST_LINK_OFFSET_HIGH = 20,    // last start allowed
    RST_LINK_ANCHOR_OFFSET = 24,  // u16: the gram's place in its segment
    RST_LINK_SEGMENTS = 26,       // u8: segments in this cluster
    RST_LINK_ANCHOR_SEGMENT = 27, // u8: which of them has the gram
    RST_LINK_OFFSET_KIND = 28,    // u8: rst_sig_offset
    RST_LINK_TARGET = 29,         // u8: rst_sig_target
    RST_LINK_CHILDREN = 30,       // u8: 1 if a link names this one as its parent
    RST_LINK_FLAGS = 31,          // u8: rst_sig_cluster_flag

    // A segment: a run of octets of fixed length, or a choice of several runs. Values, then as
    // many mask octets if masked. A choice: per alternative its length, values, mask octets.
    RST_SEGMENT_SIZE = 12,
    RST_SEGMENT_BYTES = 0,   // offset in the pattern pool
    RST_SEGMENT_LENGTH = 4,  // u16; of a choice: octets in the pool
    RST_SEGMENT_KIND = 6,    // u16: rst_sig_run_kind
    RST_SEGMENT_GAP_MIN = 8, // u16: octets between the segment before and this one
    RST_SEGMENT_GAP_MAX = 10,

    // A logical signature: what its program says of the hits of its subsignatures. A link that is
    // a subsignature is counted; TRIGGERS lists per link the signatures that are worth a look
    // when it has a hit, LINK_TRIGGERS[i] .. [i + 1] being link i's.
    RST_LOGIC_SIZE = 20,
    RST_LOGIC_SIGNATURE = 0, // id
    RST_LOGIC_SIZE_LOW = 4,  // the object's size
    RST_LOGIC_SIZE_HIGH = 8,
    RST_LOGIC_PROGRAM = 12, // first word in PROGRAMS
    RST_LOGIC_WORDS = 16,

    // A program: u32 words, operands before operators. The low octet is rst_sig_op, the rest its
    // count n. TERM is followed by 3 words (least, most hits; subsignatures hit at least) and n
    // links, of which the first of each subsignature has the top bit set.
    RST_PROGRAM_DEPTH = 64, // operands that wait for their operator

    // A rule: a name, sender or subject by a glob, and what a container says of an entry.
    RST_RULE_SIZE = 48,
    RST_RULE_GLOB = 0,         // offset in the names
    RST_RULE_KIND = 4,         // u8: rst_rule
    RST_RULE_CONTAINER = 5,    // u8: rst_container, 0 for any
    RST_RULE_ENCRYPTED = 6,    // u8: 0 no, 1 yes, 2 either
    RST_RULE_CASELESS = 7,     // u8
    RST_RULE_POSITION_LOW = 8, // number of the entry, the first is 1
    RST_RULE_POSITION_HIGH = 12,
    RST_RULE_PACKED_LOW = 16, // u64: size in the container
    RST_RULE_PACKED_HIGH = 24,
    RST_RULE_ENTRY_LOW = 32, // u64: size outside of it
    RST_RULE_ENTRY_HIGH = 40,
    RST_GLOB_MAX = 255, // octets of a glob

    // Of a program for Windows: how much of it is looked at for its headers, at once.
    RST_PROGRAM_SECTIONS = 96,

    // A mark by which a type is known: octets at a place, and the type's name.
    RST_MARK_SIZE = 16,
    RST_MARK_BYTES = 0,   // offset in the pattern pool: values, then mask octets
    RST_MARK_NAME = 4,    // offset in the names
    RST_MARK_PLACE = 8,   // u32: of its first octet in the object
    RST_MARK_LENGTH = 12, // u32

    RST_DIGEST_KEPT = 16, // octets kept of every digest: all of MD5, the first half of SHA-256

    // The digest filter: blocks of 256 bits; digest octets 0-3 choose the block, 4-9 the bits.
    RST_FILTER_BLOCK = 32,
    RST_FILTER_PROBES = 6,

    // Limits of a pattern, see match_state.h for the window they follow from.
    RST_SPAN_MAX = 2048,   // octets from a cluster's start to its gram, and from there to its end
    RST_EOF_MAX = 2047,    // largest n of an offset EOF-n
    RST_SEGMENTS_MAX = 64, // segments in a cluster
};

typedef enum {
    RST_OFFSET_ANY = 0,
    RST_OFFSET_START = 1, // low <= start <= high
    RST_OFFSET_END = 2,   // low <= size - start <= high
    // In a program for Windows; low and high are signed, from the place that is named.
    RST_OFFSET_ENTRY = 3,    // where it begins to run
    RST_OFFSET_LAST = 4,     // its last section
    RST_OFFSET_SECTION = 16, // + n: section n, up to 111
    RST_OFFSET_INSIDE = 128, // + n: anywhere in section n; low and high are not used
} rst_sig_offset;

typedef enum {
    RST_CLUSTER_HIT = 1,        // a subsignature: that it is there is kept
    RST_CLUSTER_COUNTED = 2,    // a subsignature: how often it is there is kept
    RST_CLUSTER_WORD_START = 4, // no letter or digit before it
    RST_CLUSTER_WORD_END = 8,   // none behind it
    RST_CLUSTER_WIDE = 16,      // letters and digits are two octets, the second 0
} rst_sig_cluster_flag;

typedef enum {
    RST_RUN_PLAIN = 0,
    RST_RUN_MASKED = 1,
    RST_RUN_CHOICE = 2,
    RST_RUN_NEITHER = 3, // as many octets as the alternatives have, but none of them
} rst_sig_run_kind;

typedef enum { RST_OP_TERM = 0, RST_OP_ALL = 1, RST_OP_ANY = 2 } rst_sig_op;

typedef enum {
    RST_TARGET_ANY = 0,
    RST_TARGET_PE = 1,   // begins with "MZ"
    RST_TARGET_OLE2 = 2, // begins with D0 CF 11 E0 A1 B1 1A E1
    RST_TARGET_MAIL = 4, // a raw message
    RST_TARGET_ELF = 6,  // begins with 7F "ELF"
    RST_TARGET_PDF = 10, // begins with "%PDF-"
} rst_sig_target;

// Sections, by their place in the table. Three digest kinds follow each other in every group.
enum {
    RST_SECTION_NAMES = 0,        // terminated strings; the last octet is 0
    RST_SECTION_NAME_OFFSETS = 1, // u32 per id: its name in NAMES
    RST_SECTION_BITMAP = 2,       // u32 words: bits of grams that are anchors are 0
    RST_SECTION_BUCKETS = 3,      // u32, one more than buckets; see RST_BUCKET_FROM
    RST_SECTION_ENTRIES = 4,
    RST_SECTION_LINKS = 5,
    RST_SECTION_SEGMENTS = 6,
    RST_SECTION_PATTERN_POOL = 7,
    RST_SECTION_FILTERS = 8,        // 8, 9, 10: MD5, SHA-1, SHA-256
    RST_SECTION_DIGESTS = 11,       // 11, 12, 13: sorted, RST_DIGEST_KEPT octets each
    RST_SECTION_SIZES = 14,         // 14, 15, 16: u32 per digest, or ANY_SIZE
    RST_SECTION_LINK_TRIGGERS = 17, // u32, one more than links; empty without logical signatures
    RST_SECTION_TRIGGERS = 18,      // u32: indices in LOGIC
    RST_SECTION_LOGIC = 19,
    RST_SECTION_PROGRAMS = 20,
    RST_SECTION_ALLOWED = 21, // u32, sorted: ids of hashes whose objects are never infected
    RST_SECTION_RULES = 22,   // sorted by kind
    RST_SECTION_MARKS = 23,
    RST_SECTION_PIECE_DIGESTS = 24, // 24, 25, 26: of sections of programs for Windows, sorted
    RST_SECTION_PIECE_SIZES = 27,   // 27, 28, 29: u32 per digest
    RST_SECTION_PIECE_SET = 30,     // u32, sorted: every size once
    // RST_SECTIONS = 31 and RST_DIGEST_KINDS = 3 are in match.h
};

static inline uint32_t rst_load16(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t rst_load32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t rst_load64(const uint8_t *p) {
    return (uint64_t)rst_load32(p) | (uint64_t)rst_load32(p + 4) << 32;
}

// Hash of the gram at p. The low half's top bits choose a bucket, and those from
// RST_BITMAP_WORD_SHIFT on a word of the bitmap; the high half's lowest bits are the code that
// says which bits of the word are 0 if the gram is an anchor.
static inline uint64_t rst_gram_hash(const uint8_t *p) {
    return (uint64_t)rst_load32(p) * RST_SIG_GRAM_FACTOR;
}

// The bits of a code: three of 32, which a table has for each code.
#define RST_BITMAP_BITS(code)                                                                     \
    (1u << ((code) & 31) | 1u << ((code) >> 4 & 31) |                                             \
     1u << ((5 * ((code) & 31) + 11 * ((code) >> 4 & 31) + 7) & 31))

// The record at `index`, or NULL if the section does not hold all of it.
static inline const uint8_t *rst_db_record(const rst_db *db, int section, uint64_t index,
                                           size_t size) {
    const rst_db_section *s = &db->section[section];
    if (s->data == NULL || s->size / size <= index) {
        return NULL;
    }
    return s->data + index * size;
}

// `length` octets at `offset`, or NULL if the section does not hold all of them.
static inline const uint8_t *rst_db_octets(const rst_db *db, int section, uint64_t offset,
                                           size_t length) {
    const rst_db_section *s = &db->section[section];
    if (s->data == NULL || offset > s->size || length > s->size - offset) {
        return NULL;
    }
    return s->data + offset;
}

#endif
