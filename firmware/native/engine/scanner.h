// The layout of rst_scanner: everything the engine knows of one message, in one piece of memory
// whose size is fixed when it is compiled. Only the engine and its tests include this.
#ifndef RST_SCANNER_H
#define RST_SCANNER_H

#include "layer.h"
#include "unstuff.h"

enum {
    // Open layers and multipart levels together. A forwarded message with alternative text,
    // inline images and a zip in a zip needs 10.
    RST_MAX_DEPTH = 20,
    // Input is regrouped into blocks of this many octets, counted from the first: whatever the
    // feeds are, the layers see the same blocks, so that limits strike at the same octet.
    RST_BLOCK = 16384,
    // The whole scanner. The worker's budget is 8 MiB, of which this is the largest piece.
    RST_MAX_SCANNER = 2 * 1024 * 1024,
};

// Tests look over the engine's shoulder: each object's octets as they come, and its end.
typedef struct {
    void (*octets)(void *user, const rst_layer *l, const uint8_t *data, size_t n);
    void (*end)(void *user, const rst_layer *l);
    void *user;
} rst_watch;

struct rst_scanner {
    rst_watch watch; // none after init
    const rst_db *db;
    rst_limits limits;
    rst_rules rules;
    uint32_t rule_kinds; // rst_rules_kinds
    rst_scratch scratch;
    uint64_t scratch_n;       // octets of it in use
    uint64_t scratch_granted; // octets of it that may be written
    bool halted;              // the work is used up: sticky, nothing is looked at any more
    bool too_many;            // the entries are used up
    uint64_t units;           // work of closed layers and of parsing
    uint32_t serial;          // of parts, for rst_place.owner
    uint32_t owners[RST_MAX_FINDINGS]; // the part of each finding
    uint8_t depths[RST_MAX_FINDINGS];  // the lowest layer that each was made for
    uint32_t layer_n;
    uint32_t level_n;
    uint32_t block; // RST_BLOCK; tests lower it after init
    uint32_t block_n;
    rst_unstuff unstuff;
    rst_report report;
    rst_level levels[RST_MAX_DEPTH]; // multipart levels of all open messages
    uint8_t input[RST_BLOCK];
    rst_layer layers[RST_MAX_DEPTH];
};

_Static_assert(sizeof(struct rst_scanner) <= RST_MAX_SCANNER,
               "the scanner has outgrown its bound");

// Adds work. Whether there is any left is asked at points that do not depend on the feeds.
void rst_spend(rst_scanner *s, uint64_t units);
// Work used so far, open layers included.
uint64_t rst_spent(const rst_scanner *s);
// False, and a finding, once the work is used up: the scan stops.
bool rst_budget_left(rst_scanner *s);

#endif
