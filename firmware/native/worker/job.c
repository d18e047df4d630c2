// See job.h. The order matters: what the gate sent (56 octets and a descriptor) is read within the
// limits but before the filter, the message (hostile) only behind it.
#include "job.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reply.h"
#include "request.h"
#include "sandbox.h"

enum {
    FEED = 65536, // octets at a time: stays in the processor's cache
    // Octets of the mapping that are handed back at a time, so that a large message never counts
    // whole as our memory. A multiple of every page size.
    WINDOW = 1024 * 1024,
};

typedef struct {
    const uint8_t *data; // NULL if there is no octet
    size_t n;
} message;

// One packet with one descriptor; -1 if it is anything else.
static int receive(int connection, rst_request *request) {
    uint8_t data[RST_REQUEST_OCTETS];
    union {
        struct cmsghdr header; // aligns the octets
        char octets[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = data, .iov_len = sizeof data};
    struct msghdr packet = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.octets,
        .msg_controllen = sizeof control.octets,
    };
    ssize_t n = recvmsg(connection, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 || (packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        return -1;
    }
    struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(int))) {
        return -1;
    }
    if (!rst_request_decode(request, data, (size_t)n) || request->kind != RST_REQUEST_SCREEN) {
        return -1;
    }
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

// A regular file of the stated size that we could not write to.
static bool map(int fd, const rst_request *request, message *m) {
    struct stat info;
    if (fstat(fd, &info) == -1 || !S_ISREG(info.st_mode) ||
        (uint64_t)info.st_size != request->octets ||
        (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY) {
        return false;
    }
    m->data = NULL;
    m->n = (size_t)request->octets;
    if (m->n > 0) {
        void *at = mmap(NULL, m->n, PROT_READ, MAP_PRIVATE, fd, 0);
        if (at == MAP_FAILED) {
            return false;
        }
        madvise(at, m->n, MADV_SEQUENTIAL); // only advice: its failure changes nothing
        m->data = at;
    }
    return close(fd) == 0;
}

static const rst_report *scan(rst_scanner *scanner, const rst_db *db, const rst_limits *limits,
                              message m) {
    rst_scanner_init(scanner, db, limits, NULL, NULL);
    for (size_t at = 0; at < m.n;) {
        size_t n = m.n - at < FEED ? m.n - at : FEED;
        rst_scanner_feed(scanner, m.data + at, n);
        at += n;
        if (at % WINDOW == 0) {
            munmap((void *)(m.data + at - WINDOW), WINDOW);
        }
    }
    return rst_scanner_end(scanner);
}

noreturn void rst_job_run(int connection, int parent, const rst_db *db, const char *bundle,
                          rst_scanner *scanner) {
    static uint8_t reply[RST_REPLY_OCTETS];
    rst_request request;
    message m;
    if (rst_sandbox_enclose(connection, parent) == -1) {
        _exit(1);
    }
    int fd = receive(RST_SANDBOX_SOCKET, &request);
    if (fd == -1 || !map(fd, &request, &m) || rst_sandbox_seal(request.deadline_ms) == -1) {
        _exit(1);
    }
    const rst_report *report = scan(scanner, db, &request.limits, m);
    size_t n = rst_reply_verdict(reply, request.tag, report, bundle);
    // One packet on a socket that has sent nothing yet: it goes at once or never.
    bool sent = send(RST_SANDBOX_SOCKET, reply, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n;
    _exit(sent ? 0 : 1);
}
