// The parent of the screen program: accepts connections, forks one worker per message, kills those
// that take too long, answers status requests, and holds the signature sets. It never parses a
// message and never reads a set; of a request it reads only what it needs. Linux only; no
// MicroPython.
#ifndef RST_WORKER_SERVER_H
#define RST_WORKER_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../engine/engine.h"
#include "reply.h"
#include "set.h"
#include "trial.h"

enum {
    // Workers at a time. A second one keeps short messages moving behind a long one; each may
    // have 8 MiB resident, and the box has 64 with 100 sessions in it.
    RST_WORKERS = 2,
    // Connections held, workers' included; further ones wait in the socket's backlog.
    RST_CONNECTIONS = 24,
    // Wait for the request of a connection, in ms: a gate sends it at once.
    RST_REQUEST_MS = 2000,
    // Signature files that may be tried at the start: current, previous, the factory's.
    RST_STARTS = 3,
    // For looking into one at the start, in ms: it takes a few, but the medium may be slow.
    RST_START_MS = 10000,
};

// Where the set in use came from: the gate handed it over, or 1 to RST_STARTS, the file at the
// start.
enum { RST_ORIGIN_GATE = 0 };

typedef enum {
    RST_FREE = 0,
    RST_ASKING,  // accepted, its request is not here yet (deadline: RST_REQUEST_MS)
    RST_WAITING, // its request is here, all workers are busy
    RST_WORKING, // a worker has it (deadline: as requested)
    RST_LOOKING, // a process looks into the set that it offers (deadline: as requested)
    RST_ENDING,  // its worker was killed and is not reaped yet
} rst_connection_state;

typedef struct {
    rst_connection_state state;
    int fd;
    uint64_t order;       // of arrival: who waits longest is next
    int64_t until;        // ms of the monotonic clock: for the request, then for the worker
    uint32_t deadline_ms; // as requested
    pid_t worker;
    uint64_t tag; // of the request
    bool offers;  // a set: the worker is the process that looks into it
    bool tries;   // to be screened with the candidate
    bool left;    // the client did: what its worker still says or not is no fault
} rst_connection;

typedef struct {
    int listener;
    rst_set set;    // in use: each worker is forked with it, and keeps it to its end
    uint8_t origin; // of the set in use
    rst_set candidate;
    uint64_t candidate_number; // 0: there is none
    rst_set offered;           // what the trial looks into
    rst_trial trial;
    uint64_t offers;      // numbers of candidates
    rst_scanner *scanner; // untouched here: each worker gets its own copy of the pages
    rst_server_counts counts;
    uint64_t arrivals;
    size_t starts_n;
    struct {
        const char *path;
        int fd; // -1: it could not be opened
        int error;
    } starts[RST_STARTS];
    rst_connection connections[RST_CONNECTIONS];
} rst_server;

// Opens the signature files, best first, at most RST_STARTS: as root, if it is to give that up.
// NULL, or what is wrong in words; errno is set where the system said it.
const char *rst_server_open(rst_server *server, int listener, const char *const *paths, size_t n);
// Takes the first sound set; says on stderr why it did not take one before it. As rst_server_open.
const char *rst_server_start(rst_server *server);
// Serves until the socket or the system fails: -1 and errno.
int rst_server_run(rst_server *server);

#endif
