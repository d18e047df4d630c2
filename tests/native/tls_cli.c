// A client of native/tls for tests, under the sanitizers:
//     tls_cli roots FILE                      reads and finds each certificate of the file
//     tls_cli get PORT HOST FILE [PIN ...]    prints fault, number, octets read, most memory taken
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memory.h"
#include "roots.h"
#include "session.h"

enum {
    HEAD = 12,
    ROW = 16,
    PATIENCE_MS = 20000,
    MOST_OCTETS = 1 << 20,
};

static uint32_t number(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static int is_found(const char *path, const uint8_t *der, size_t n) {
    mbedtls_x509_crt one;
    mbedtls_x509_crt *found = NULL;
    mbedtls_x509_crt_init(&one);
    int result = mbedtls_x509_crt_parse_der(&one, der, n);
    if (result != 0) {
        printf("-%x\n", (unsigned)-result);
    } else if (rst_tls_roots(path, &one.subject_raw, &found) != 0 || found == NULL) {
        result = -1;
    }
    mbedtls_x509_crt_free(&one);
    mbedtls_x509_crt_free(found);
    rst_tls_free(found);
    return result == 0;
}

static int roots(const char *path) {
    static uint8_t octets[MOST_OCTETS];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return 1;
    }
    size_t n = fread(octets, 1, sizeof octets, file);
    fclose(file);
    uint32_t count = n < HEAD ? 0 : number(octets + 8);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *row = octets + HEAD + (size_t)i * ROW;
        if (!is_found(path, octets + number(row + 8), number(row + 12))) {
            printf("certificate %u cannot be used\n", i);
            return 1;
        }
    }
    printf("%u\n", count);
    return 0;
}

static int connected(int port) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&place, sizeof place) == 0 ? fd : -1;
}

// Whether there is more to do.
static int waited(int fd, ssize_t result) {
    struct pollfd one = {.fd = fd, .events = result == RST_TLS_WANT_READ ? POLLIN : POLLOUT};
    int wants = result == RST_TLS_WANT_READ || result == RST_TLS_WANT_WRITE;
    return wants && poll(&one, 1, PATIENCE_MS) == 1;
}

static size_t talk(rst_tls *tls, int fd) {
    static const char request[] = "GET / HTTP/1.1\r\n\r\n";
    char room[4096];
    size_t total = 0;
    ssize_t n = 0;
    do {
        n = rst_tls_handshake(tls);
    } while (waited(fd, n));
    if (n != RST_TLS_DONE) {
        return 0;
    }
    do {
        n = rst_tls_write(tls, request, sizeof request - 1);
    } while (waited(fd, n));
    do {
        n = rst_tls_read(tls, room, sizeof room);
        total += n > 0 ? (size_t)n : 0;
    } while (n > 0 || waited(fd, n));
    return total;
}

static int get(int argc, char **argv) {
    uint8_t pins[RST_TLS_PINS][RST_TLS_KEY];
    size_t n_pins = 0;
    for (; n_pins < RST_TLS_PINS && 5 + (int)n_pins < argc; n_pins++) {
        for (size_t i = 0; i < RST_TLS_KEY; i++) {
            sscanf(argv[5 + n_pins] + 2 * i, "%2hhx", &pins[n_pins][i]);
        }
    }
    int fd = connected(atoi(argv[2]));
    rst_tls *tls = rst_tls_client(fd, argv[3], argv[4], pins[0], n_pins);
    if (fd == -1 || tls == NULL) {
        return 1;
    }
    size_t total = talk(tls, fd);
    const rst_tls_fault *why = rst_tls_why(tls);
    printf("%d %u %zu %zu\n", why->fault, (unsigned)why->number, total, rst_tls_memory_most());
    rst_tls_close(tls);
    close(fd);
    return rst_tls_memory_used() == 0 ? 0 : 2;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "roots") == 0) {
        return roots(argv[2]);
    }
    return argc >= 5 && strcmp(argv[1], "get") == 0 ? get(argc, argv) : 1;
}
