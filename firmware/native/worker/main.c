// screen-worker SIGNATURES... SOCKET: the screen program without MicroPython, for tests.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server.h"

enum { BACKLOG = 64 }; // connections; tests open a few dozen

static int listen_on(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1 || bind(fd, (struct sockaddr *)&address, sizeof address) == -1 ||
        listen(fd, BACKLOG) == -1) {
        return -1;
    }
    return fd;
}

int main(int argc, char **argv) {
    static rst_server server;
    if (argc < 3 || argc > 2 + RST_STARTS) {
        fputs("usage: screen-worker SIGNATURES... SOCKET\n", stderr);
        return 2;
    }
    // NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): argc was looked at above
    const char *socket_path = argv[argc - 1];
    int listener = listen_on(socket_path);
    if (listener == -1) {
        fprintf(stderr, "screen-worker: %s: %s\n", socket_path, strerror(errno));
        return 1;
    }
    const char *const *paths = (const char *const *)argv + 1;
    const char *wrong = rst_server_open(&server, listener, paths, (size_t)argc - 2);
    if (wrong == NULL) {
        wrong = rst_server_start(&server);
    }
    if (wrong != NULL) {
        fprintf(stderr, "screen-worker: %s\n", wrong);
        return 1;
    }
    rst_server_run(&server);
    fprintf(stderr, "screen-worker: serving ended: %s\n", strerror(errno));
    return 1;
}
