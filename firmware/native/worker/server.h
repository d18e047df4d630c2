// The parent of the screen program: accepts connections, forks one worker per message, kills those
// that take too long, answers status requests. It never parses a message, and of a request only
// what it needs to start and stop a worker. Linux only; no MicroPython.
#ifndef RST_WORKER_SERVER_H
#define RST_WORKER_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../engine/engine.h"
#include "reply.h"

enum {
    // Workers at a time. A second one keeps short messages moving behind a long one; each may
    // have 8 MiB resident, and the box has 64 with 100 sessions in it.
    RST_WORKERS = 2,
    // Connections held, workers' included; further ones wait in the socket's backlog.
    RST_CONNECTIONS = 24,
    // Wait for the request of a connection, in ms: a gate sends it at once.
    RST_REQUEST_MS = 2000,
};

typedef enum {
    RST_FREE = 0,
    RST_ASKING,  // accepted, its request is not here yet (deadline: RST_REQUEST_MS)
    RST_WAITING, // its request is here, all workers are busy
    RST_WORKING, // a worker has it (deadline: as requested)
    RST_ENDING,  // its worker was killed and is not reaped yet
} rst_connection_state;

typedef struct {
    rst_connection_state state;
    int fd;
    uint64_t order;       // of arrival: who waits longest is next
    int64_t until;        // ms of the monotonic clock: for the request, then for the worker
    uint32_t deadline_ms; // as requested
    pid_t worker;
    bool left; // the client did: what its worker still says or not is no fault
} rst_connection;

typedef struct {
    int listener;
    rst_db db;
    rst_db_info bundle;
    rst_scanner *scanner; // untouched here: each worker gets its own copy of the pages
    rst_server_counts counts;
    uint64_t arrivals;
    rst_connection connections[RST_CONNECTIONS];
} rst_server;

// Maps the signature file. NULL, or what is wrong in words; errno is set where the system said it.
const char *rst_server_open(rst_server *server, int listener, const char *signatures);
// Serves until the socket or the system fails: -1 and errno.
int rst_server_run(rst_server *server);

#endif
