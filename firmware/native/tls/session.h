// One TLS session over a descriptor that does not block, on mbedTLS. It knows nothing of
// MicroPython. The rules: a peer is verified, chain and name, and nothing here can switch that
// off; what failed once stays failed; a session that another thread works on is nobody else's.
//
// Today a session is a client's. A server's needs another maker beside rst_tls_client; all else is
// the same.
#ifndef RST_TLS_SESSION_H
#define RST_TLS_SESSION_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct rst_tls rst_tls;

// What handshake, read and write return besides a count.
enum {
    RST_TLS_DONE = 0,
    RST_TLS_WANT_READ = -1,  // poll the descriptor for reading, then call again
    RST_TLS_WANT_WRITE = -2, // for writing
    RST_TLS_FAILED = -3,     // rst_tls_why says why
    RST_TLS_BUSY = -4,       // another thread works on it
};

// Why a session failed, with what `number` is.
enum {
    RST_TLS_NO_FAULT,
    RST_TLS_CERTIFICATE,     // not trusted: flags MBEDTLS_X509_BADCERT_*
    RST_TLS_BAD_CERTIFICATE, // cannot be read, or is too much: mbedTLS's error
    RST_TLS_VERSION,         // the peer speaks no TLS that we do: mbedTLS's error
    RST_TLS_ALERT,           // the peer ended it: the alert (RFC 8446 §6)
    RST_TLS_CLOSED,          // the connection ended without a goodbye
    RST_TLS_MEMORY,          // over the bound of memory.h
    RST_TLS_SYSTEM,          // errno
    RST_TLS_ROOTS,           // the file of roots cannot be used: errno
    RST_TLS_PROTOCOL,        // what came is no TLS, or wrong: mbedTLS's error
};

enum {
    RST_TLS_KEY = 32,     // octets of the SHA-256 of a public key, as pins are
    RST_TLS_PINS = 4,     // an old and a new one, of two servers
    RST_TLS_ISSUER = 128, // octets of an issuer's name as text, with its end
};

typedef struct {
    int fault;
    uint32_t number;
    // Of the chain's end, where it is not trusted: who issued the last certificate, and the
    // SHA-256 of that one's public key.
    char issuer[RST_TLS_ISSUER];
    uint8_t key[RST_TLS_KEY];
} rst_tls_fault;

// A client's session over a duplicate of `fd`, for a server that must prove to be `host` (a name,
// or an IPv4 address as text). With pins it is trusted if its chain leads to a certificate with
// one of these public keys (SHA-256 of SubjectPublicKeyInfo) and to no other; else if it leads to
// one in the file `roots`. NULL and errno.
rst_tls *rst_tls_client(int fd, const char *host, const char *roots, const uint8_t *pins,
                        size_t n_pins);

// One step of the handshake: tens to hundreds of milliseconds of arithmetic, once or twice in it.
int rst_tls_handshake(rst_tls *tls);
// As above, by a thread that was given the session with rst_tls_lend; gives it back.
void rst_tls_handshake_lent(rst_tls *tls);
// 0, or -1 and errno EBUSY.
int rst_tls_lend(rst_tls *tls);
// What the last step returned.
int rst_tls_result(rst_tls *tls);

// Octets read, at least 1; 0: the peer has said goodbye. n is not 0.
ssize_t rst_tls_read(rst_tls *tls, void *to, size_t n);
// Octets taken; after RST_TLS_WANT_* the same octets must be given again.
ssize_t rst_tls_write(rst_tls *tls, const void *from, size_t n);

const rst_tls_fault *rst_tls_why(const rst_tls *tls);
// "TLSv1.3" and the name of the cipher suite, once the handshake is over.
const char *rst_tls_version(const rst_tls *tls);
const char *rst_tls_suite(const rst_tls *tls);

// Says goodbye if that needs no waiting, and frees all; where another thread works on the session,
// at the end of that.
void rst_tls_close(rst_tls *tls);

#endif
