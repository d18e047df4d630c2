// The walls around one worker, in two steps: `enclose` before it reads the request, `seal` before
// it looks at the first octet of the message. Linux only; no MicroPython.
#ifndef RST_WORKER_SANDBOX_H
#define RST_WORKER_SANDBOX_H

#include <stdint.h>

enum {
    RST_SANDBOX_SOCKET = 3, // where the connection is once enclosed; 0, 1, 2 are closed
    // Octets of writable memory in all. What the parent mapped before (the scanner among it) stays
    // usable also above; the worker itself allocates nothing.
    RST_SANDBOX_DATA = 8 * 1024 * 1024,
};

// Keeps only the connection open (as RST_SANDBOX_SOCKET), sets the limits, binds the worker's life
// to the parent's. -1 and errno.
int rst_sandbox_enclose(int connection, int parent);

// From here on: a limit on the processor's time, files of at most `file_octets`, and the calls of
// the profile "worker". -1, errno.
int rst_sandbox_seal(uint32_t deadline_ms, uint64_t file_octets);

#endif
