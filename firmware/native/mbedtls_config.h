// What is compiled of mbedTLS: three hash functions, nothing else. The C versions in their fast
// form; ARMv7 has no hash instructions.
#define MBEDTLS_MD5_C
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA256_C
