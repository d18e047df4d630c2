// See server.h. One loop over poll moves each connection through its states. A connection ends
// without a reply whenever something is wrong with it: the gate takes that as "no verdict".
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "job.h"
#include "request.h"

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// A request still in the socket is taken out first: closing on top of it would turn our silence,
// or a reply on its way, into a reset.
static void drop(rst_connection *c) {
    uint8_t unread[RST_REQUEST_OCTETS]; // what does not fit goes with the packet
    ssize_t n = recv(c->fd, unread, sizeof unread, MSG_DONTWAIT);
    (void)n;
    close(c->fd);
    c->state = RST_FREE;
}

static size_t count(const rst_server *server, rst_connection_state state) {
    size_t n = 0;
    for (size_t i = 0; i < RST_CONNECTIONS; i++) {
        n += server->connections[i].state == state;
    }
    return n;
}

const char *rst_server_open(rst_server *server, int listener, const char *const *paths, size_t n) {
    memset(server, 0, sizeof *server);
    server->listener = listener;
    server->trial.fd = -1;
    for (size_t i = 0; i < n && i < RST_STARTS; i++) {
        // A link or a pipe in the gate's folder would lead us elsewhere, or block.
        int fd = open(paths[i], O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        server->starts[i].path = paths[i];
        server->starts[i].error = fd == -1 ? errno : 0;
        server->starts[i].fd = fd;
        server->starts_n++;
    }
    void *memory =
        mmap(NULL, rst_scanner_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return "no memory for the scanner";
    }
    server->scanner = memory;
    return NULL;
}

static const char *take_at_start(rst_server *server, size_t i) {
    if (server->starts[i].fd == -1) {
        errno = server->starts[i].error;
        return "the signature file cannot be opened";
    }
    const char *wrong = rst_set_map(&server->set, server->starts[i].fd);
    server->starts[i].fd = -1;
    if (wrong == NULL) {
        wrong = rst_trial_run(&server->set, RST_START_MS);
    }
    if (wrong != NULL) {
        rst_set_unmap(&server->set);
        errno = EINVAL;
    }
    return wrong;
}

const char *rst_server_start(rst_server *server) {
    const char *wrong = "no signature file is named";
    for (size_t i = 0; i < server->starts_n && i < RST_STARTS; i++) {
        if (server->set.map != NULL) {
            close(server->starts[i].fd);
            continue;
        }
        wrong = take_at_start(server, i);
        if (wrong == NULL) {
            server->origin = (uint8_t)(i + 1);
        } else if (server->starts[i].error != ENOENT || i + 1 == server->starts_n) {
            fprintf(stderr, "screen: %s: %s\n", server->starts[i].path, wrong);
        }
    }
    return server->set.map != NULL ? NULL : wrong;
}

static void start_worker(rst_server *server, rst_connection *c) {
    const rst_set *set = c->tries ? &server->candidate : &server->set;
    if (set->map == NULL) { // the candidate was adopted or withdrawn while it waited
        drop(c);
        return;
    }
    pid_t parent = getpid();
    pid_t worker = fork();
    if (worker == 0) {
        rst_job_run(c->fd, parent, set, server->scanner);
    }
    server->counts.started++;
    if (worker == -1) {
        server->counts.without_verdict++;
        drop(c);
        return;
    }
    c->state = RST_WORKING;
    c->worker = worker;
    c->until = now_ms() + c->deadline_ms;
}

static rst_connection *longest_waiting(rst_server *server) {
    rst_connection *first = NULL;
    for (size_t i = 0; i < RST_CONNECTIONS; i++) {
        rst_connection *c = &server->connections[i];
        if (c->state == RST_WAITING && (first == NULL || c->order < first->order)) {
            first = c;
        }
    }
    return first;
}

static void start_workers(rst_server *server) {
    rst_connection *c;
    while (count(server, RST_WORKING) + count(server, RST_ENDING) < RST_WORKERS &&
           (c = longest_waiting(server)) != NULL) {
        start_worker(server, c);
    }
}

// Also a stopped process dies of SIGKILL. Its connection is dropped when it is reaped.
static void kill_worker(rst_connection *c) {
    kill(c->worker, SIGKILL);
    c->state = RST_ENDING;
}

static void send_reply(rst_connection *c, const uint8_t *reply, size_t n) {
    // Not sent: the client is gone, or never reads. Either way the connection ends here.
    ssize_t sent = send(c->fd, reply, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent;
    drop(c);
}

// `wrong`: why what was asked is not done, else NULL.
static void reply_set(rst_server *server, rst_connection *c, const char *wrong) {
    static uint8_t reply[RST_REPLY_OCTETS];
    const rst_set *set = server->candidate.map != NULL ? &server->candidate : &server->set;
    send_reply(c, reply,
               rst_reply_set(reply, c->tag, wrong, server->candidate_number, &set->facts));
}

static void forget_candidate(rst_server *server) {
    rst_set_unmap(&server->candidate);
    server->candidate_number = 0;
}

// The process that looked into an offer is reaped.
static void end_offer(rst_server *server, rst_connection *c, int status) {
    const char *wrong = rst_trial_end(&server->trial, &server->offered, status);
    if (wrong != NULL || c->left) {
        rst_set_unmap(&server->offered);
    } else {
        forget_candidate(server);
        server->candidate = server->offered;
        server->candidate_number = ++server->offers;
        memset(&server->offered, 0, sizeof server->offered);
    }
    reply_set(server, c, wrong);
}

// Closing our end is what tells the client of a worker that left without a word.
static void reap_workers(rst_server *server) {
    int status;
    pid_t worker;
    struct rusage used;
    while ((worker = wait4(-1, &status, WNOHANG, &used)) > 0) {
        uint32_t kib = (uint32_t)used.ru_maxrss;
        if (kib > server->counts.peak_kib) {
            server->counts.peak_kib = kib;
        }
        for (size_t i = 0; i < RST_CONNECTIONS; i++) {
            rst_connection *c = &server->connections[i];
            bool busy = c->state != RST_FREE && c->worker == worker;
            if (busy && c->offers) {
                end_offer(server, c, status);
            } else if (busy) {
                bool replied = WIFEXITED(status) && WEXITSTATUS(status) == 0;
                server->counts.without_verdict += !replied && !c->left;
                drop(c);
            }
        }
    }
}

// One that is not being killed already.
static bool has_process(const rst_connection *c) {
    return c->state == RST_WORKING || c->state == RST_LOOKING;
}

static void expire(rst_server *server) {
    int64_t now = now_ms();
    for (size_t i = 0; i < RST_CONNECTIONS; i++) {
        rst_connection *c = &server->connections[i];
        if (c->state == RST_ASKING && c->until <= now) {
            drop(c);
        } else if (has_process(c) && c->until <= now) {
            kill_worker(c);
        }
    }
}

static void reply_status(rst_server *server, rst_connection *c) {
    static uint8_t reply[RST_REPLY_OCTETS];
    send_reply(
        c, reply,
        rst_reply_status(reply, c->tag, &server->counts, &server->set.facts, server->origin));
}

static void adopt(rst_server *server, rst_connection *c, uint64_t number) {
    if (number != server->candidate_number) {
        reply_set(server, c, "the candidate is another set, or there is none");
        return;
    }
    rst_set_unmap(&server->set); // workers of now have it to their end
    server->set = server->candidate;
    server->origin = RST_ORIGIN_GATE;
    server->counts.adopted++;
    memset(&server->candidate, 0, sizeof server->candidate);
    server->candidate_number = 0;
    reply_set(server, c, NULL);
}

// The one descriptor of the request, which is taken out of the socket; -1 if there is another
// number of them. More than there is room for are closed by the system.
static int take_descriptor(const rst_connection *c) {
    uint8_t data[RST_REQUEST_OCTETS];
    union {
        struct cmsghdr header; // aligns the octets
        char octets[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = data, .iov_len = sizeof data};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.octets,
        .msg_controllen = sizeof control.octets,
    };
    ssize_t n = recvmsg(c->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = n < 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
        return -1;
    }
    int fds[2]; // the padding has room for a second one
    size_t octets = header->cmsg_len - CMSG_LEN(0);
    size_t count = octets / sizeof(int) < 2 ? octets / sizeof(int) : 2;
    memcpy(fds, CMSG_DATA(header), count * sizeof(int));
    if (count == 1 && (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) {
        return fds[0];
    }
    for (size_t i = 0; i < count; i++) {
        close(fds[i]);
    }
    return -1;
}

// NULL if a process looks into the set now, else why not.
static const char *look_into_offer(rst_server *server, rst_connection *c, const rst_request *r) {
    int fd = take_descriptor(c);
    if (fd == -1) {
        return "a signature set is offered with one descriptor";
    }
    if (server->trial.fd != -1) {
        close(fd);
        return "another signature set is being looked into";
    }
    const char *wrong = rst_set_map(&server->offered, fd);
    if (wrong == NULL && server->offered.size != r->octets) {
        wrong = "the signature file is not of the size that was said";
    }
    if (wrong == NULL && !rst_trial_begin(&server->trial, &server->offered, r->deadline_ms)) {
        wrong = "no process to look into the signature file";
    }
    if (wrong != NULL) {
        rst_set_unmap(&server->offered);
    }
    return wrong;
}

static void offer(rst_server *server, rst_connection *c, const rst_request *request) {
    const char *wrong = look_into_offer(server, c, request);
    if (wrong != NULL) {
        reply_set(server, c, wrong);
        return;
    }
    c->state = RST_LOOKING;
    c->offers = true;
    c->worker = server->trial.process;
    c->until = now_ms() + request->deadline_ms;
}

static void serve_request(rst_server *server, rst_connection *c, const rst_request *request) {
    c->tag = request->tag;
    switch (request->kind) {
    case RST_REQUEST_STATUS:
        reply_status(server, c);
        break;
    case RST_REQUEST_OFFER:
        offer(server, c, request);
        break;
    case RST_REQUEST_ADOPT:
        adopt(server, c, request->octets);
        break;
    case RST_REQUEST_WITHDRAW:
        forget_candidate(server);
        reply_set(server, c, NULL);
        break;
    case RST_REQUEST_SCREEN:
    case RST_REQUEST_TRY: // it stays in the socket, with its descriptor, for the worker
        c->state = RST_WAITING;
        c->deadline_ms = request->deadline_ms;
        c->tries = request->kind == RST_REQUEST_TRY;
        break;
    }
}

static void ask(rst_server *server, rst_connection *c) {
    uint8_t data[RST_MOST_REQUEST_OCTETS];
    rst_request request;
    ssize_t n = recv(c->fd, data, sizeof data, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);
    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    // MSG_TRUNC: n may be more than there is room for.
    if (n <= 0 || (size_t)n > sizeof data || !rst_request_decode(&request, data, (size_t)n)) {
        drop(c);
    } else {
        serve_request(server, c, &request);
    }
}

static void attend(rst_server *server, rst_connection *c, short events) {
    if (c->state == RST_ASKING) {
        ask(server, c);
    } else if (c->state == RST_WAITING) {
        drop(c); // the client is gone
    } else if (has_process(c) && (events & (POLLHUP | POLLERR)) != 0) {
        c->left = true; // perhaps with the reply, of a worker that is just ending
        kill_worker(c);
    }
}

// -1 and errno if the socket itself is broken.
static int accept_all(rst_server *server) {
    for (size_t i = 0; i < RST_CONNECTIONS; i++) {
        rst_connection *c = &server->connections[i];
        if (c->state != RST_FREE) {
            continue;
        }
        int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd == -1) {
            bool later = errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
            return later ? 0 : -1;
        }
        *c = (rst_connection){.state = RST_ASKING,
                              .fd = fd,
                              .order = server->arrivals++,
                              .until = now_ms() + RST_REQUEST_MS};
    }
    return 0;
}

static struct timespec until_next(const rst_server *server, bool *any) {
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < RST_CONNECTIONS; i++) {
        const rst_connection *c = &server->connections[i];
        if ((c->state == RST_ASKING || has_process(c)) && c->until < next) {
            next = c->until;
        }
    }
    *any = next != INT64_MAX;
    int64_t left = *any ? next - now_ms() : 0;
    left = left > 0 ? left : 0;
    return (struct timespec){.tv_sec = (time_t)(left / 1000),
                             .tv_nsec = (long)(left % 1000) * 1000000};
}

// Waits for the next thing to do; SIGCHLD comes in here and nowhere else.
static int wait_and_attend(rst_server *server, const sigset_t *while_waiting) {
    struct pollfd polled[RST_CONNECTIONS + 1];
    bool any;
    for (size_t i = 0; i < RST_CONNECTIONS; i++) {
        const rst_connection *c = &server->connections[i];
        polled[i].fd = c->state == RST_FREE || c->state == RST_ENDING ? -1 : c->fd;
        polled[i].events = c->state == RST_ASKING ? POLLIN : 0;
    }
    bool room = count(server, RST_FREE) > 0;
    polled[RST_CONNECTIONS] = (struct pollfd){room ? server->listener : -1, POLLIN, 0};
    struct timespec left = until_next(server, &any);
    int n = ppoll(polled, RST_CONNECTIONS + 1, any ? &left : NULL, while_waiting);
    if (n <= 0) {
        return n == 0 || errno == EINTR ? 0 : -1;
    }
    for (size_t i = 0; i < RST_CONNECTIONS; i++) {
        if (polled[i].fd != -1 && polled[i].revents != 0) {
            attend(server, &server->connections[i], polled[i].revents);
        }
    }
    return polled[RST_CONNECTIONS].revents == 0 ? 0 : accept_all(server);
}

static void woken(int number) {
    (void)number; // its job is to end ppoll
}

int rst_server_run(rst_server *server) {
    struct sigaction action = {.sa_handler = woken};
    sigset_t blocked, while_waiting;
    sigemptyset(&action.sa_mask);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    if (sigaction(SIGCHLD, &action, NULL) == -1 ||
        sigprocmask(SIG_BLOCK, &blocked, &while_waiting) == -1) {
        return -1;
    }
    sigdelset(&while_waiting, SIGCHLD);
    for (;;) {
        reap_workers(server);
        expire(server);
        start_workers(server);
        if (wait_and_attend(server, &while_waiting) == -1) {
            return -1;
        }
    }
}
