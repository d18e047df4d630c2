// The engine's scratch as a file of the disk: mapped before the walls go up, grown from behind
// them. Linux only; no MicroPython.
//
// The file grows as it is needed, never ahead of what is written: a full disk is told by the call
// that grows it. What lies behind the file's end has an address and no place, so a write there,
// which only a fault could make, ends the worker.
#ifndef RST_WORKER_SCRATCH_H
#define RST_WORKER_SCRATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "../engine/engine.h"

typedef struct {
    rst_scratch engine; // what the engine is given
    int fd;
    uint64_t most;  // octets that may be taken, as the gate said
    uint64_t taken; // octets that the file has
} rst_scratch_file;

// Maps `fd`, an empty file open for reading and writing, which must stay open. False: it is not
// that, or has no address. `file` must stay where it is.
bool rst_scratch_file_map(rst_scratch_file *file, int fd, uint64_t most);

#endif
