// See job.h. The order matters: what the gate sent (a request and descriptors) is read within the
// limits but before the filter, the message (hostile) and the signatures only behind it.
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
#include "scratch.h"

enum {
    FEED = 65536, // octets at a time: stays in the processor's cache
    // Octets of the mapping that are handed back at a time, so that a large message never counts
    // whole as our memory. A multiple of every page size.
    WINDOW = 1024 * 1024,
};

// What a request may bring: the message, and a file for the scratch.
enum { MESSAGE = 0, SCRATCH = 1, DESCRIPTORS = 2 };

typedef struct {
    rst_request request;
    int fd[DESCRIPTORS];
    size_t fds; // how many there are
} packet;

typedef struct {
    const uint8_t *data; // NULL if there is no octet
    size_t n;
} message;

// One packet with the message's descriptor, and perhaps the scratch's, else false.
static bool receive(int connection, packet *p) {
    // Static, because the request's rules stay in it.
    static uint8_t data[RST_MOST_REQUEST_OCTETS];
    union {
        struct cmsghdr header; // aligns the octets
        char octets[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
    } control;
    struct iovec part = {.iov_base = data, .iov_len = sizeof data};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.octets,
        .msg_controllen = sizeof control.octets,
    };
    ssize_t n = recvmsg(connection, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        return false;
    }
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
        return false;
    }
    if (header->cmsg_len == CMSG_LEN(sizeof(int))) {
        p->fds = 1;
    } else if (header->cmsg_len == CMSG_LEN(DESCRIPTORS * sizeof(int))) {
        p->fds = DESCRIPTORS;
    } else {
        return false;
    }
    memcpy(p->fd, CMSG_DATA(header), p->fds * sizeof(int));
    return rst_request_decode(&p->request, data, (size_t)n) &&
           (p->request.kind == RST_REQUEST_SCREEN || p->request.kind == RST_REQUEST_TRY) &&
           (p->fds == DESCRIPTORS || p->request.scratch == 0);
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
                              const rst_rules *rules, const rst_scratch *scratch, message m) {
    rst_scanner_init(scanner, db, limits, rules, scratch);
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

noreturn void rst_job_run(int connection, int parent, const rst_set *set, rst_scanner *scanner) {
    static uint8_t reply[RST_REPLY_OCTETS];
    static packet p;
    static rst_scratch_file file;
    const rst_scratch *scratch = NULL;
    message m;
    if (rst_sandbox_enclose(connection, parent) == -1 || !receive(RST_SANDBOX_SOCKET, &p) ||
        !map(p.fd[MESSAGE], &p.request, &m)) {
        _exit(1);
    }
    if (p.fds == DESCRIPTORS) {
        if (!rst_scratch_file_map(&file, p.fd[SCRATCH], p.request.scratch)) {
            _exit(1);
        }
        scratch = &file.engine;
    }
    const rst_rules rules = {.data = p.request.rules, .n = p.request.rules_n};
    if (!rst_rules_check(&rules)) {
        _exit(1); // never without a rule that somebody has set
    }
    if (rst_sandbox_seal(p.request.deadline_ms, p.request.scratch) == -1) {
        _exit(1);
    }
    rst_db db;
    if (rst_db_open(&db, set->map, set->size) != RST_DB_OK) {
        _exit(1); // it was sound when it was tried: somebody has changed the file
    }
    const rst_report *report = scan(scanner, &db, &p.request.limits, &rules, scratch, m);
    size_t n = report->no_room ? rst_reply_no_room(reply, p.request.tag)
                               : rst_reply_verdict(reply, p.request.tag, report, set->facts.name);
    // One packet on a socket that has sent nothing yet: it goes at once or never.
    bool sent = send(RST_SANDBOX_SOCKET, reply, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n;
    _exit(sent ? 0 : 1);
}
