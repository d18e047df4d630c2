// Who is trusted: see trust.h.
//
// With pins there are no roots, so mbedTLS finds no trusted issuer: it builds the chain as far as
// the server sent it and says NOT_TRUSTED of the last certificate, and of each one whose signature
// is wrong. A pinned key is as good as a root: what is above it does not matter, what is below it
// must have no NOT_TRUSTED of its own. Dates, names, sizes of keys count as ever.
#include "trust.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <mbedtls/sha256.h>

#include "roots.h"

int rst_tls_trust_begin(rst_tls_trust *trust, const char *host, const char *roots,
                        const uint8_t *pins, size_t n_pins) {
    size_t n = strlen(roots);
    if (n >= sizeof trust->roots || n_pins > RST_TLS_PINS || host[0] == 0) {
        errno = EINVAL;
        return -1;
    }
    memset(trust, 0, sizeof *trust);
    memcpy(trust->roots, roots, n);
    trust->n_pins = n_pins;
    if (n_pins > 0) {
        memcpy(trust->pins, pins, n_pins * RST_TLS_KEY);
    }
    trust->by_address = inet_pton(AF_INET, host, trust->address) == 1;
    return 0;
}

int rst_tls_issuers(void *context, const mbedtls_x509_crt *child, mbedtls_x509_crt **found) {
    rst_tls_trust *trust = context;
    *found = NULL;
    if (trust->n_pins > 0) {
        return 0;
    }
    if (rst_tls_roots(trust->roots, &child->issuer_raw, found) == 0) {
        return 0;
    }
    trust->error = errno;
    return -1;
}

static int is_pinned(const rst_tls_trust *trust, const uint8_t key[RST_TLS_KEY]) {
    for (size_t i = 0; i < trust->n_pins; i++) {
        if (memcmp(trust->pins[i], key, RST_TLS_KEY) == 0) {
            return 1;
        }
    }
    return 0;
}

static void remember(rst_tls_trust *trust, const mbedtls_x509_crt *certificate,
                     const uint8_t key[RST_TLS_KEY]) {
    memcpy(trust->key, key, RST_TLS_KEY);
    if (mbedtls_x509_dn_gets(trust->issuer, sizeof trust->issuer, &certificate->issuer) < 0) {
        trust->issuer[0] = 0; // it is too long to be shown
    }
}

static int has_address(const mbedtls_x509_crt *certificate, const uint8_t address[4]) {
    const mbedtls_x509_sequence *name = &certificate->subject_alt_names;
    for (; name != NULL; name = name->next) {
        int type = name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
        if (type == MBEDTLS_X509_SAN_IP_ADDRESS && name->buf.len == 4 &&
            memcmp(name->buf.p, address, 4) == 0) {
            return 1;
        }
    }
    return 0;
}

static void judge_pinned(rst_tls_trust *trust, const uint8_t key[RST_TLS_KEY], int depth,
                         uint32_t *flags) {
    if (is_pinned(trust, key)) {
        trust->anchored = 1;
    } else if (*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
        trust->anchored = 0;
    }
    *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    if (depth == 0 && !trust->anchored) {
        *flags |= MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    }
}

int rst_tls_judge(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags) {
    rst_tls_trust *trust = context;
    uint8_t key[RST_TLS_KEY];
    if (mbedtls_sha256(certificate->pk_raw.p, certificate->pk_raw.len, key, 0) != 0) {
        return MBEDTLS_ERR_X509_FATAL_ERROR;
    }
    if (*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
        remember(trust, certificate, key);
    }
    if (trust->n_pins > 0) {
        judge_pinned(trust, key, depth, flags);
    }
    if (depth == 0 && trust->by_address && !has_address(certificate, trust->address)) {
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    return 0;
}
