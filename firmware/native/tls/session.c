// Sessions: see session.h.
#include "session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mbedtls/platform.h>
#include <mbedtls/ssl.h>
#include <psa/crypto.h>

#include "trust.h"

enum { IDLE, LENT, ABANDONED };

enum {
    // What one call takes from the peer: two records. Who sends without end what means nothing
    // (tickets, empty records) must not keep the caller here.
    OCTETS_AT_ONCE = 32768,
};

struct rst_tls {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    rst_tls_trust trust;
    rst_tls_fault why;
    int fd;
    int result;  // of the last step
    int up;      // the handshake is over
    int error;   // errno of what the system refused
    size_t left; // of OCTETS_AT_ONCE
    atomic_int state;
};

// getrandom(2) gives at most 256 octets whole.
static int chance(void *unused, unsigned char *to, size_t n) {
    (void)unused;
    while (n > 0) {
        ssize_t got = getrandom(to, n < 256 ? n : 256, 0);
        if (got == -1 && errno != EINTR) {
            return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
        }
        if (got > 0) {
            to += got;
            n -= (size_t)got;
        }
    }
    return 0;
}

// What mbedTLS's PSA half asks for random octets.
psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *unused,
                                             uint8_t *to, size_t n, size_t *got) {
    (void)unused;
    *got = n;
    return chance(NULL, to, n) == 0 ? PSA_SUCCESS : PSA_ERROR_INSUFFICIENT_ENTROPY;
}

// -- the descriptor

static int passing(rst_tls *tls, int want) {
    if (errno == EAGAIN || errno == EINTR) {
        return want;
    }
    tls->error = errno;
    return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int send_octets(void *context, const unsigned char *from, size_t n) {
    rst_tls *tls = context;
    ssize_t sent = send(tls->fd, from, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent == -1 ? passing(tls, MBEDTLS_ERR_SSL_WANT_WRITE) : (int)sent;
}

static int receive_octets(void *context, unsigned char *to, size_t n) {
    rst_tls *tls = context;
    if (n > tls->left) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    tls->left -= n;
    ssize_t got = recv(tls->fd, to, n, MSG_DONTWAIT);
    return got == -1 ? passing(tls, MBEDTLS_ERR_SSL_WANT_READ) : (int)got;
}

// -- making and freeing

static int ready(rst_tls *tls, const char *host) {
    mbedtls_ssl_config *config = &tls->config;
    if (psa_crypto_init() != PSA_SUCCESS ||
        mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        return -1;
    }
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_rng(config, chance, NULL);
    mbedtls_ssl_conf_ca_cb(config, rst_tls_issuers, &tls->trust);
    mbedtls_ssl_conf_verify(config, rst_tls_judge, &tls->trust);
    // A name is compared by mbedTLS; an address by us, since it must not be sent as a name (RFC
    // 6066 §3).
    if (mbedtls_ssl_setup(&tls->ssl, config) != 0 ||
        mbedtls_ssl_set_hostname(&tls->ssl, tls->trust.by_address ? NULL : host) != 0) {
        return -1;
    }
    mbedtls_ssl_set_bio(&tls->ssl, tls, send_octets, receive_octets, NULL);
    return 0;
}

static void free_all(rst_tls *tls) {
    mbedtls_ssl_free(&tls->ssl);
    mbedtls_ssl_config_free(&tls->config);
    if (tls->fd != -1) {
        close(tls->fd);
    }
    rst_tls_free(tls);
}

rst_tls *rst_tls_client(int fd, const char *host, const char *roots, const uint8_t *pins,
                        size_t n_pins) {
    rst_tls *tls = rst_tls_calloc(1, sizeof *tls);
    if (tls == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    mbedtls_ssl_init(&tls->ssl);
    mbedtls_ssl_config_init(&tls->config);
    tls->why.fault = RST_TLS_NO_FAULT;
    errno = EINVAL;
    tls->fd = -1;
    if (rst_tls_trust_begin(&tls->trust, host, roots, pins, n_pins) == 0) {
        tls->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (tls->fd != -1) {
            errno = ENOMEM;
            if (ready(tls, host) == 0) {
                return tls;
            }
        }
    }
    int error = errno;
    free_all(tls);
    errno = error;
    return NULL;
}

void rst_tls_close(rst_tls *tls) {
    int lent = LENT;
    if (atomic_compare_exchange_strong(&tls->state, &lent, ABANDONED)) {
        return; // the other thread frees it
    }
    if (tls->up && tls->result != RST_TLS_FAILED) {
        mbedtls_ssl_close_notify(&tls->ssl);
    }
    free_all(tls);
}

// -- faults

static int of_certificate(int error) {
    int high = -error & 0x7f80;
    // X.509, PK, ASN.1 and RSA (mbedtls/error.h); what a server's certificate is made of.
    return (high >= 0x2080 && high <= 0x3000) || (high >= 0x3880 && high <= 0x3f80) ||
           (-error >= 0x60 && -error <= 0x6c);
}

static int fault_of(rst_tls *tls, int error) {
    rst_tls_fault *why = &tls->why;
    why->number = (uint32_t)-error;
    if (tls->trust.error != 0) {
        why->number = (uint32_t)tls->trust.error;
        return tls->trust.error == ENOMEM ? RST_TLS_MEMORY : RST_TLS_ROOTS;
    }
    if (tls->error != 0) {
        why->number = (uint32_t)tls->error;
        return RST_TLS_SYSTEM;
    }
    switch (error) {
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
        why->number = mbedtls_ssl_get_verify_result(&tls->ssl);
        memcpy(why->issuer, tls->trust.issuer, sizeof why->issuer);
        memcpy(why->key, tls->trust.key, sizeof why->key);
        return RST_TLS_CERTIFICATE;
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
        why->number = tls->ssl.MBEDTLS_PRIVATE(in_msg)[1];
        return RST_TLS_ALERT;
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
        return RST_TLS_VERSION;
    case MBEDTLS_ERR_SSL_CONN_EOF:
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return RST_TLS_CLOSED;
    case MBEDTLS_ERR_SSL_BAD_CERTIFICATE:
        return RST_TLS_BAD_CERTIFICATE;
    default:
        break;
    }
    // mbedTLS has a code of its own for "no memory" in each of its parts.
    if (rst_tls_memory_refused()) {
        return RST_TLS_MEMORY;
    }
    return of_certificate(error) ? RST_TLS_BAD_CERTIFICATE : RST_TLS_PROTOCOL;
}

static int outcome(rst_tls *tls, int result) {
    if (result >= 0) {
        tls->result = RST_TLS_DONE;
        return result;
    }
    if (result == MBEDTLS_ERR_SSL_WANT_READ) {
        tls->result = RST_TLS_WANT_READ;
    } else if (result == MBEDTLS_ERR_SSL_WANT_WRITE) {
        tls->result = RST_TLS_WANT_WRITE;
    } else {
        tls->why.fault = fault_of(tls, result);
        tls->result = RST_TLS_FAILED;
    }
    return tls->result;
}

// A step begins: what it may take, and nothing of what others were refused.
static void begin(rst_tls *tls) {
    tls->left = OCTETS_AT_ONCE;
    (void)rst_tls_memory_refused();
}

// What a call that cannot be made returns; else 0.
static int refused(rst_tls *tls) {
    if (atomic_load(&tls->state) != IDLE) {
        return RST_TLS_BUSY;
    }
    return tls->why.fault == RST_TLS_NO_FAULT ? 0 : RST_TLS_FAILED;
}

// -- the work

static void shake_hands(rst_tls *tls) {
    if (tls->why.fault == RST_TLS_NO_FAULT && !tls->up) {
        begin(tls);
        tls->up = outcome(tls, mbedtls_ssl_handshake(&tls->ssl)) == RST_TLS_DONE;
    }
}

int rst_tls_handshake(rst_tls *tls) {
    if (atomic_load(&tls->state) != IDLE) {
        return RST_TLS_BUSY;
    }
    shake_hands(tls);
    return tls->result;
}

int rst_tls_lend(rst_tls *tls) {
    int idle = IDLE;
    errno = EBUSY;
    return atomic_compare_exchange_strong(&tls->state, &idle, LENT) ? 0 : -1;
}

void rst_tls_handshake_lent(rst_tls *tls) {
    shake_hands(tls);
    int lent = LENT;
    if (!atomic_compare_exchange_strong(&tls->state, &lent, IDLE)) {
        free_all(tls);
    }
}

int rst_tls_result(rst_tls *tls) {
    return atomic_load(&tls->state) == IDLE ? tls->result : RST_TLS_BUSY;
}

ssize_t rst_tls_read(rst_tls *tls, void *to, size_t n) {
    int cannot = refused(tls);
    if (cannot || !tls->up) {
        return cannot ? cannot : RST_TLS_BUSY;
    }
    begin(tls);
    int got = mbedtls_ssl_read(&tls->ssl, to, n);
    if (got == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        return 0;
    }
    // 0 is how mbedTLS says that the connection ended without a goodbye.
    return outcome(tls, got == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : got);
}

ssize_t rst_tls_write(rst_tls *tls, const void *from, size_t n) {
    int cannot = refused(tls);
    if (cannot || !tls->up) {
        return cannot ? cannot : RST_TLS_BUSY;
    }
    begin(tls);
    return outcome(tls, mbedtls_ssl_write(&tls->ssl, from, n));
}

const rst_tls_fault *rst_tls_why(const rst_tls *tls) {
    return &tls->why;
}

const char *rst_tls_version(const rst_tls *tls) {
    return mbedtls_ssl_get_version(&tls->ssl);
}

const char *rst_tls_suite(const rst_tls *tls) {
    return mbedtls_ssl_get_ciphersuite(&tls->ssl);
}
