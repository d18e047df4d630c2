// What the matcher remembers of one object. Embedded by value in each layer of the scanner, so it
// is kept small; its size does not depend on the signatures. Only match*.c look inside.
//
// The window: every anchor is looked at once, when all that its cluster can reach is there:
//
//     |<-- RST_SPAN_MAX history -->|<-- scanned now -->|<-- RST_SPAN_MAX ahead -->|
//
// so the result cannot depend on how the object was cut.
#ifndef RST_MATCH_STATE_H
#define RST_MATCH_STATE_H

#include <mbedtls/md5.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>

#include "match.h"
#include "sigfile.h"

enum {
    RST_WINDOW = 8192,  // history and look-ahead, and as much again to move them half as often
    RST_WINDOW_PAD = 8, // octets that a gram and its successor may be loaded from past the end
    // Half-matched signatures: a link is remembered when its cluster was seen and another must
    // follow behind a `*`, or when it is a subsignature of a logical one. Signatures that begin
    // alike share their links, so 896 different ones can be open in one object; then
    // rst_match_overflow() is true.
    RST_OPEN_BITS = 10,
    RST_OPEN_SLOTS = 1 << RST_OPEN_BITS,
    RST_OPEN_MAX = 896,
};

typedef enum {
    RST_STOP_BUDGET = 1,
    RST_STOP_OPEN_FULL = 2,
    RST_STOP_TOO_LARGE = 4,
    RST_STOP_CORRUPT = 8, // the signature file contradicts itself
    RST_STOP_DIGEST = 16, // the digest library failed
} rst_match_flag;

typedef struct {
    uint32_t link_plus_1; // 0: free
    uint32_t end;         // the earliest end of this link's cluster, from the object's start
    uint32_t hits;        // of a subsignature: places where it is
} rst_open_link;

typedef struct {
    mbedtls_md5_context md5;
    mbedtls_sha1_context sha1;
    mbedtls_sha256_context sha256;
} rst_hashes;

// A program for Windows: where its sections lie. Known from the first scan on.
typedef struct {
    bool has_entry;
    uint16_t sections; // 0: this is no such program
    uint32_t entry;    // where it begins to run: octets from the object's start
    uint32_t raw[RST_PROGRAM_SECTIONS], size[RST_PROGRAM_SECTIONS];
    bool hashed[RST_PROGRAM_SECTIONS];
} rst_program;

// Headers of a program that reach behind the first RST_WINDOW octets.
typedef struct {
    bool looking;     // its mark may be at `at`
    bool sure;        // it is
    bool anchored;    // and there are signatures that need the headers; known at the end
    uint8_t seen;     // octets of the mark
    uint32_t at;      // of the mark
    uint64_t reaches; // the headers, at least
} rst_far_program;

enum { RST_PIECES_MAX = 4 }; // sections that may lie over each other

// A section that is being hashed.
typedef struct {
    uint32_t size, left; // left 0: free
    rst_hashes hashes;
} rst_piece;

struct rst_match {
    const rst_db *db;
    rst_object_kind kind;
    uint32_t flags;      // rst_match_flag
    uint32_t best;       // lowest id so far
    uint32_t best_piece; // the same of sections of a program
    uint32_t hashing;    // bit per digest kind that is being computed
    bool ended;
    bool allowed;                  // by its hash
    bool pieces;                   // sections of the program are hashed
    bool excluded;                 // nothing is searched for
    bool summing, summed;          // SHA-256 is asked for; is in `sum`
    const struct rst_rules *rules; // with signatures that do not count, or NULL
    uint32_t pardoned;             // the last such signature that was met
    uint8_t sum[32];
    uint64_t total; // octets fed
    uint64_t base;  // octets of the object before window[0]
    size_t fill;    // octets in the window
    size_t next;    // index in the window of the next anchor position to look at
    uint64_t work, budget;
    uint16_t targets; // bit per rst_sig_target that the object is, from its first octets
    bool typed;       // targets is known
    rst_far_program far;
    uint32_t open_count;
    rst_open_link open[RST_OPEN_SLOTS];
    rst_piece piece[RST_PIECES_MAX + 1]; // one for a section that begins and ends in one update
    rst_program program;                 // filled, like what follows, before it is read
    uint8_t window[RST_WINDOW + RST_WINDOW_PAD];
    rst_hashes hashes;
};

_Static_assert(sizeof(struct rst_match) <= (size_t)24 * 1024,
               "a scanner layer holds one of these");
_Static_assert(RST_WINDOW >= 2 * RST_SPAN_MAX + 1024, "the window moves at least 1 KiB at a time");

// A full table does not end the search: what is found all the same is better than a doubt.
static inline bool rst_match_stopped(const rst_match *m) {
    return (m->flags & ~(uint32_t)RST_STOP_OPEN_FULL) != 0;
}

// Ends the search when the budget is used up; the count then says so and grows no further.
static inline void rst_match_keep_to_budget(rst_match *m) {
    if (m->work > m->budget) {
        m->work = m->budget + 1;
        m->flags |= RST_STOP_BUDGET;
    }
}

// match_scan.c: looks at anchors [next, to); `last` if no octet will follow what is in the window.
void rst_match_scan(rst_match *m, size_t to, bool last);
// match_verify.c: an anchor of `link` is at window index `at`.
void rst_match_verify(rst_match *m, uint32_t link, size_t at, bool last);
// match_logic.c: the lowest logical signature that holds for the hits, or RST_NO_SIGNATURE.
uint32_t rst_logic_final(rst_match *m);
// match_digest.c: whole-object hashes.
void rst_digest_init(rst_match *m);
void rst_digest_update(rst_match *m, const uint8_t *data, size_t n);
uint32_t rst_digest_final(rst_match *m);
void rst_digest_keep(rst_match *m);
// match.c: whether the rules let this signature pass.
bool rst_match_pardons(rst_match *m, uint32_t id);
// The same for any stretch of octets: `kinds` has a bit per kind, `digest` room for the longest.
enum { RST_DIGEST_LONGEST = 32 };
void rst_hashes_start(rst_match *m, rst_hashes *h, uint32_t kinds);
void rst_hashes_update(rst_match *m, rst_hashes *h, uint32_t kinds, const uint8_t *data, size_t n);
void rst_hashes_finish(rst_match *m, rst_hashes *h, int kind, uint8_t *digest);
// A sorted column of digests.
typedef struct {
    int section; // RST_SECTION_…
    uint32_t count;
} rst_digest_column;
// The first digest in the column that is not less.
uint32_t rst_digest_search(rst_match *m, const rst_digest_column *c, const uint8_t *digest);
// match_program.c: the headers, from the window as it begins; then hashes of sections: octets of
// the object from `at` on, each once and in order.
void rst_program_begin(rst_match *m);
void rst_program_update(rst_match *m, const uint8_t *data, size_t n, uint64_t at);
// The same for a mark that is behind the window, and what follows from it when the object has
// ended.
void rst_program_look(rst_match *m, const uint8_t *data, size_t n, uint64_t at);
void rst_program_final(rst_match *m);
bool rst_program_starts(const rst_match *m, const uint8_t *link, uint64_t *low, uint64_t *high);

#endif
