// See server.h. One loop over poll moves each connection through its states. A connection ends
// without a reply whenever something is wrong with it: the gate takes that as "no verdict".
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
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

static const char *map_signatures(rst_server *server, int fd) {
    struct stat info;
    if (fstat(fd, &info) == -1) {
        return "the signature file cannot be examined";
    }
    if (!S_ISREG(info.st_mode) || info.st_size <= 0 || info.st_size > PTRDIFF_MAX) {
        errno = EINVAL;
        return "the signature file is empty or no regular file";
    }
    size_t size = (size_t)info.st_size;
    void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        return "the signature file cannot be mapped";
    }
    rst_db_status status = rst_db_open(&server->db, map, size);
    if (status != RST_DB_OK) {
        munmap(map, size);
        errno = EINVAL;
        return rst_db_status_text(status);
    }
    rst_db_describe(&server->db, &server->bundle);
    return NULL;
}

const char *rst_server_open(rst_server *server, int listener, const char *signatures) {
    memset(server, 0, sizeof *server);
    server->listener = listener;
    int fd = open(signatures, O_RDONLY | O_CLOEXEC);
    if (fd == -1) {
        return "the signature file cannot be opened";
    }
    const char *wrong = map_signatures(server, fd);
    int error = errno;
    close(fd);
    errno = error;
    if (wrong != NULL) {
        return wrong;
    }
    void *memory =
        mmap(NULL, rst_scanner_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return "no memory for the scanner";
    }
    server->scanner = memory;
    return NULL;
}

static void start_worker(rst_server *server, rst_connection *c) {
    pid_t parent = getpid();
    pid_t worker = fork();
    if (worker == 0) {
        rst_job_run(c->fd, parent, &server->db, server->bundle.name, server->scanner);
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

// Closing our end is what tells the client of a worker that left without a word.
static void reap_workers(rst_server *server) {
    int status;
    pid_t worker;
    while ((worker = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < RST_CONNECTIONS; i++) {
            rst_connection *c = &server->connections[i];
            if ((c->state == RST_WORKING || c->state == RST_ENDING) && c->worker == worker) {
                bool replied = WIFEXITED(status) && WEXITSTATUS(status) == 0;
                server->counts.without_verdict += !replied && !c->left;
                drop(c);
            }
        }
    }
}

static void expire(rst_server *server) {
    int64_t now = now_ms();
    for (size_t i = 0; i < RST_CONNECTIONS; i++) {
        rst_connection *c = &server->connections[i];
        if (c->state == RST_ASKING && c->until <= now) {
            drop(c);
        } else if (c->state == RST_WORKING && c->until <= now) {
            kill_worker(c);
        }
    }
}

static void reply_status(rst_server *server, rst_connection *c, uint64_t tag) {
    static uint8_t reply[RST_REPLY_OCTETS];
    size_t n = rst_reply_status(reply, tag, &server->counts, &server->bundle);
    // Not sent: the client is gone, or never reads. Either way the connection ends here.
    ssize_t sent = send(c->fd, reply, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent;
    drop(c);
}

// Looks at the request and leaves it, with its descriptor, to the worker.
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
    } else if (request.kind == RST_REQUEST_STATUS) {
        reply_status(server, c, request.tag);
    } else {
        c->state = RST_WAITING;
        c->deadline_ms = request.deadline_ms;
    }
}

static void attend(rst_server *server, rst_connection *c, short events) {
    if (c->state == RST_ASKING) {
        ask(server, c);
    } else if (c->state == RST_WAITING) {
        drop(c); // the client is gone
    } else if (c->state == RST_WORKING && (events & (POLLHUP | POLLERR)) != 0) {
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
        if ((c->state == RST_ASKING || c->state == RST_WORKING) && c->until < next) {
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
