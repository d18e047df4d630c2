// Who is trusted: mbedTLS asks here for the roots, and shows each certificate of a chain.
#ifndef RST_TLS_TRUST_H
#define RST_TLS_TRUST_H

#include <stddef.h>
#include <stdint.h>

#include <mbedtls/x509_crt.h>

#include "session.h"

enum { RST_TLS_PATH = 256 }; // octets of a path with its end

typedef struct {
    char roots[RST_TLS_PATH];
    uint8_t pins[RST_TLS_PINS][RST_TLS_KEY];
    size_t n_pins;
    int by_address;     // the peer is known by an address, not by a name
    uint8_t address[4]; // that one
    int error;          // errno of the file of roots
    // Of the chain that is looked at, from its end to the server's certificate:
    int anchored; // with pins: a pinned key was seen, and all since then were signed by it
    char issuer[RST_TLS_ISSUER];
    uint8_t key[RST_TLS_KEY];
} rst_tls_trust;

// 0, or -1 and errno.
int rst_tls_trust_begin(rst_tls_trust *trust, const char *host, const char *roots,
                        const uint8_t *pins, size_t n_pins);
// mbedtls_x509_crt_ca_cb_t: the roots that may have issued `child`.
int rst_tls_issuers(void *trust, const mbedtls_x509_crt *child, mbedtls_x509_crt **found);
// f_vrfy of mbedTLS: sees each certificate, the chain's end first.
int rst_tls_judge(void *trust, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

#endif
