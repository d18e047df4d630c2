// The file of roots: certificates of public CAs, made by host-tools/restante_tools/build/roots.py.
// It is read where a chain asks for an issuer, so that none of it stays in memory.
//
//     8 octets     "RSTROOTS"
//     4            n: certificates, 1 to 1024
//     n times 16   8 the begin of the SHA-256 of its subject (DER), 4 where it begins, 4 its
//     octets;
//                  in rising order
//     …            certificates, DER
//
// Numbers are little-endian. The file is of the image, which nobody can write to; what is wrong in
// it is an error all the same.
#ifndef RST_TLS_ROOTS_H
#define RST_TLS_ROOTS_H

#include <mbedtls/x509_crt.h>

// All roots with the subject `name` (DER), parsed, NULL if there is none: to be freed by mbedTLS.
// 0, or -1 and errno.
int rst_tls_roots(const char *path, const mbedtls_x509_buf *name, mbedtls_x509_crt **found);

#endif
