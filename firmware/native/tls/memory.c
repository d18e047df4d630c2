// Counts what mbedTLS takes. Each piece carries its size in front of it.
#include "memory.h"

#include <stdatomic.h>
#include <stdlib.h>

typedef union {
    size_t octets;
    long long aligned;
} piece;

static atomic_size_t used, most;
static atomic_int refused;

static int taken(size_t octets) {
    size_t now = atomic_fetch_add(&used, octets) + octets;
    if (now > RST_TLS_MEMORY_OCTETS) {
        atomic_fetch_sub(&used, octets);
        atomic_store(&refused, 1);
        return 0;
    }
    size_t before = atomic_load(&most);
    while (now > before && !atomic_compare_exchange_weak(&most, &before, now)) {
    }
    return 1;
}

void *rst_tls_calloc(size_t n, size_t size) {
    if (size != 0 && n > RST_TLS_MEMORY_OCTETS / size) {
        return NULL;
    }
    size_t octets = sizeof(piece) + n * size;
    if (!taken(octets)) {
        return NULL;
    }
    piece *made = calloc(1, octets);
    if (made == NULL) {
        atomic_fetch_sub(&used, octets);
        atomic_store(&refused, 1);
        return NULL;
    }
    made->octets = octets;
    return made + 1;
}

void rst_tls_free(void *place) {
    if (place != NULL) {
        piece *made = (piece *)place - 1;
        atomic_fetch_sub(&used, made->octets);
        free(made);
    }
}

size_t rst_tls_memory_used(void) {
    return atomic_load(&used);
}

size_t rst_tls_memory_most(void) {
    return atomic_load(&most);
}

int rst_tls_memory_refused(void) {
    return atomic_exchange(&refused, 0);
}
