// The request of the screen socket: native/README.md has the layout. Pure.
#ifndef RST_WORKER_REQUEST_H
#define RST_WORKER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../engine/engine.h"

enum {
    RST_REQUEST_OCTETS = 68, // its fixed head; the rules follow
    // Most octets of rules: what the settings can name, compiled (restante/screening/rules.py).
    RST_MOST_RULES_OCTETS = 8192,
    RST_MOST_REQUEST_OCTETS = RST_REQUEST_OCTETS + RST_MOST_RULES_OCTETS,
    // Longest time for one message, in ms: the gate holds a client's connection meanwhile, and
    // after ten minutes (RFC 1939 section 3) clients may be logged out anyway.
    RST_MOST_DEADLINE_MS = 600000,
};

// Largest spool file in octets: it is mapped whole, and a 32-bit process has 3 GiB of addresses.
#define RST_MOST_SPOOL_OCTETS (1024ull * 1024 * 1024)

typedef enum {
    RST_REQUEST_SCREEN = 1,
    RST_REQUEST_STATUS = 2,
    RST_REQUEST_OFFER = 3,    // a new signature set, as a descriptor: it becomes the candidate
    RST_REQUEST_TRY = 4,      // as SCREEN, with the candidate
    RST_REQUEST_ADOPT = 5,    // the candidate becomes the set in use
    RST_REQUEST_WITHDRAW = 6, // the candidate is forgotten
} rst_request_kind;

typedef struct {
    rst_request_kind kind;
    uint64_t octets; // of the spool file, or of the set; ADOPT: the candidate's number
    uint32_t deadline_ms;
    rst_limits limits;
    uint64_t tag;     // returned in the reply
    uint64_t scratch; // octets that may be taken on the disk; 0: nothing was given to take it in
    const uint8_t *rules; // in the octets that were decoded; opaque here
    size_t rules_n;
} rst_request;

// False unless the octets are exactly one well-formed request.
bool rst_request_decode(rst_request *request, const uint8_t *data, size_t n);

#endif
