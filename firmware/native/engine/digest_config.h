// mbedTLS configuration of a build that takes only its digests (MBEDTLS_CONFIG_FILE): tests, fuzz
// targets and the bench. In the firmware the digests come with TLS's configuration
// (tls/tls_config.h), which defines the same.
#define MBEDTLS_MD5_C
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
