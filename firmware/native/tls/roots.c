// Looks a CA up in the file of roots.
#include "roots.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <mbedtls/platform.h>
#include <mbedtls/sha256.h>

enum {
    HEAD = 12,
    ROW = 16,
    KEY = 8,            // octets of a subject's hash
    MOST_ROOTS = 1024,  // Mozilla has 140
    ROOT_OCTETS = 8192, // of one certificate; the largest has 2,100
    ROWS_AT_ONCE = 32,
};

static uint32_t number(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static int whole(int fd, void *to, size_t n, size_t at) {
    ssize_t got = pread(fd, to, n, (off_t)at);
    if (got == -1) {
        return -1;
    }
    errno = EINVAL;
    return (size_t)got == n ? 0 : -1;
}

static int add(int fd, const uint8_t *row, mbedtls_x509_crt **found) {
    size_t n = number(row + KEY + 4);
    if (n > ROOT_OCTETS) {
        errno = EINVAL;
        return -1;
    }
    if (*found == NULL) {
        *found = mbedtls_calloc(1, sizeof **found);
        if (*found == NULL) {
            errno = ENOMEM;
            return -1;
        }
        mbedtls_x509_crt_init(*found);
    }
    uint8_t *octets = mbedtls_calloc(1, n);
    if (octets == NULL) {
        errno = ENOMEM;
        return -1;
    }
    int result = whole(fd, octets, n, number(row + KEY));
    if (result == 0) {
        // Copies it; also appends to the list.
        result = mbedtls_x509_crt_parse_der(*found, octets, n) == 0 ? 0 : -1;
        errno = EINVAL;
    }
    mbedtls_free(octets);
    return result;
}

static int search(int fd, const uint8_t key[KEY], mbedtls_x509_crt **found) {
    uint8_t head[HEAD];
    if (whole(fd, head, sizeof head, 0) != 0) {
        return -1;
    }
    size_t left = number(head + KEY);
    if (memcmp(head, "RSTROOTS", KEY) != 0 || left > MOST_ROOTS) {
        errno = EINVAL;
        return -1;
    }
    uint8_t rows[ROWS_AT_ONCE * ROW];
    for (size_t at = HEAD; left > 0;) {
        size_t n = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
        if (whole(fd, rows, n * ROW, at) != 0) {
            return -1;
        }
        for (size_t i = 0; i < n; i++) {
            const uint8_t *row = rows + i * ROW;
            if (memcmp(row, key, KEY) == 0 && add(fd, row, found) != 0) {
                return -1;
            }
        }
        at += n * ROW;
        left -= n;
    }
    return 0;
}

int rst_tls_roots(const char *path, const mbedtls_x509_buf *name, mbedtls_x509_crt **found) {
    uint8_t hash[32];
    *found = NULL;
    if (mbedtls_sha256(name->p, name->len, hash, 0) != 0) {
        errno = EINVAL;
        return -1;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }
    int result = search(fd, hash, found);
    int error = errno;
    close(fd);
    if (result != 0 && *found != NULL) {
        mbedtls_x509_crt_free(*found);
        mbedtls_free(*found);
        *found = NULL;
    }
    errno = error;
    return result;
}
