// The replies of the screen socket: native/README.md has the layouts. Pure.
#ifndef RST_WORKER_REPLY_H
#define RST_WORKER_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "../engine/engine.h"
#include "set.h"

enum { RST_REPLY_OCTETS = 60000 }; // no reply is longer; one packet of the socket

typedef struct {
    uint64_t started;         // workers
    uint64_t without_verdict; // workers that ended so
    uint32_t adopted;         // sets that the gate handed over
    uint32_t peak_kib;        // most that one worker had resident, signature pages included
} rst_server_counts;

// All fill `out` (RST_REPLY_OCTETS) and return the octets of the reply.
size_t rst_reply_verdict(uint8_t *out, uint64_t tag, const rst_report *report, const char *bundle);
// Instead of a verdict: there is none, because the disk has no room for the scratch.
size_t rst_reply_no_room(uint8_t *out, uint64_t tag);
// `origin`: where the set in use came from, see server.h.
size_t rst_reply_status(uint8_t *out, uint64_t tag, const rst_server_counts *counts,
                        const rst_set_facts *set, uint8_t origin);
// To requests about the candidate. `wrong`: why not, NULL if it was done; `number`: the
// candidate's, 0 if there is none; `set`: the candidate's or the one in use, whatever was asked.
size_t rst_reply_set(uint8_t *out, uint64_t tag, const char *wrong, uint64_t number,
                     const rst_set_facts *set);

#endif
