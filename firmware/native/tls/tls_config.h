// mbedTLS as the firmware takes it (MBEDTLS_CONFIG_FILE of the whole build): the engine's digests,
// and a TLS client. The rule: what no server of today needs is not there. TLS 1.2 and 1.3 only,
// key exchange with ECDHE only, ciphers that authenticate what they encrypt only; no
// renegotiation, no compression, no session tickets, no early data.
#ifndef RST_TLS_CONFIG_H
#define RST_TLS_CONFIG_H

// ---- The engine's digests (digest_config.h), and the rest of what certificates are signed with
#define MBEDTLS_MD5_C
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_MD_C

// ---- The system: its clock judges certificates, its getrandom(2) is the only source of chance
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG
// Handshakes run in the helper thread, records in the loop's.
#define MBEDTLS_THREADING_C
#define MBEDTLS_THREADING_PTHREAD
// All memory is counted, and has a bound: memory.h.
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_CALLOC_MACRO rst_tls_calloc
#define MBEDTLS_PLATFORM_FREE_MACRO rst_tls_free

// ---- Ciphers
#define MBEDTLS_CIPHER_C
#define MBEDTLS_AES_C
#define MBEDTLS_AES_ROM_TABLES   // in the program, which is read only, not in memory
#define MBEDTLS_AES_FEWER_TABLES // 2 KiB instead of 8: bundles are small
#define MBEDTLS_GCM_C
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C

// ---- Public keys
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_DP_CURVE25519_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C

// ---- Certificates
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT
// A root is read from the file when a chain asks for it: 140 of them need no memory.
#define MBEDTLS_X509_TRUSTED_CERTIFICATE_CALLBACK
// Between the server's certificate and the root; the public ones have one or two.
#define MBEDTLS_X509_MAX_INTERMEDIATE_CA 5

// ---- TLS
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE // some firewalls break what does not look like 1.2
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE // asked for by TLS 1.3
// A server may send records of 16 KiB (RFC 8446 §5.1) and does; a chain of certificates must fit,
// too. What the box sends is a request.
#define MBEDTLS_SSL_IN_CONTENT_LEN 16384
#define MBEDTLS_SSL_OUT_CONTENT_LEN 2048

// ---- What TLS 1.3 is made of, in mbedTLS 3.6
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_HKDF_C
// Keys in use at once; a session of TLS 1.3 has under 8.
#define MBEDTLS_PSA_KEY_SLOT_COUNT 24

#include "memory.h"

#endif
