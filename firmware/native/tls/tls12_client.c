// mbedTLS's TLS 1.2 client, with one fault of 3.6.6 mended: it offers RSA-PSS, and then refuses a
// server that takes it up, which most servers with an RSA key do. Upstream has mended it since
// (pull request 10674); when the version that is built here has that, this file goes, and
// ssl_tls12_client.c is listed instead.
#include "ssl_misc.h"

static inline int is_supported(const mbedtls_ssl_context *ssl, uint16_t algorithm) {
    switch (algorithm) {
    case MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256:
    case MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384:
    case MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512:
        return 1; // RFC 8446 §4.2.3; that it was offered is checked next
    default:
        return mbedtls_ssl_sig_alg_is_supported(ssl, algorithm);
    }
}

#define mbedtls_ssl_sig_alg_is_supported is_supported
#include "ssl_tls12_client.c"
