// One helper thread that does what blocks (sync, rename, unlink, hashing a file or a password, the
// arithmetic of a TLS handshake), so that the cooperative loop never waits for the medium. It
// knows nothing of MicroPython and touches none of its objects: paths are copied in, descriptors
// are duplicated, results are copied out.
#ifndef RST_BINDINGS_SYS_HELPER_H
#define RST_BINDINGS_SYS_HELPER_H

#include <stdint.h>

#include "../tls/session.h"

enum {
    RST_HELPER_FSYNC = 1, // fd
    RST_HELPER_FSYNC_DIR, // path
    RST_HELPER_RENAME,    // path, path
    RST_HELPER_UNLINK,    // path
    RST_HELPER_SHA256,    // fd, whole file from its start
    RST_HELPER_ARGON2,    // password in `path`, salt in `other`
    RST_HELPER_HANDSHAKE, // one step of that of `session`, which the submit borrows
};

enum {
    // Jobs that may be on their way. Each session waits for one at a time and the gate serves 100
    // sessions; what does not fit is told EAGAIN.
    RST_HELPER_JOBS = 128,
    // Octets of a path with its end: paths of the data folder are under 100, those of tests
    // longer.
    RST_HELPER_PATH = 256,
    RST_HELPER_HASH = 32, // octets of a SHA-256, and of a password's hash
    RST_HELPER_SALT = 16, // octets of a password's salt
    // Argon2id (RFC 9106): 8 MiB, which a box of 64 MiB has to spare for one password at a time,
    // and three passes, the RFC's choice where memory is short. One lane: there is one thread.
    RST_HELPER_ARGON2_KIB = 8192,
    RST_HELPER_ARGON2_PASSES = 3,
};

typedef struct {
    uint32_t ticket;
    int operation;
    int fd;
    char path[RST_HELPER_PATH];
    char other[RST_HELPER_PATH];
    int error; // errno, 0 if done
    uint8_t hash[RST_HELPER_HASH];
    rst_tls *session;
} rst_helper_job;

// Starts the thread. Returns an eventfd that is readable while results wait; -1 and errno. EBUSY:
// it runs already, one per program.
int rst_helper_start(void);
// Copies the job in and fills its ticket; it duplicates the descriptor, and borrows the session.
// -1 and errno; EAGAIN: full, EBUSY: the session is at work.
int rst_helper_submit(rst_helper_job *job);
// Copies the oldest result out; 0 if there is none.
int rst_helper_collect(rst_helper_job *job);

#endif
