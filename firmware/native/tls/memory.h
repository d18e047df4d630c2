// The memory of TLS: all that mbedTLS asks for, counted, with a bound over all sessions. What does
// not fit is refused, and the session ends with "no memory": a server's certificates cannot take
// what the mail needs. Any thread may call.
#ifndef RST_TLS_MEMORY_H
#define RST_TLS_MEMORY_H

#include <stddef.h>

enum {
    // Octets of all sessions together, mbedTLS's own bookkeeping included: two of 64 KiB.
    RST_TLS_MEMORY_OCTETS = 2 * 65536,
};

void *rst_tls_calloc(size_t n, size_t size);
void rst_tls_free(void *place);
// Octets that are in use, and the most that ever were.
size_t rst_tls_memory_used(void);
size_t rst_tls_memory_most(void);
// Whether something was refused since the last call.
int rst_tls_memory_refused(void);

#endif
