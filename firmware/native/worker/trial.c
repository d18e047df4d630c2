// See trial.h. The process is locked in as a worker is, before it reads the first octet of the
// set.
#include "trial.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../engine/engine.h"
#include "sandbox.h"

// What the process tells. One program is both ends, so it goes as it lies in memory.
typedef struct {
    uint32_t status; // rst_db_status, or NAME_IS_BAD
    rst_set_facts facts;
} told;

enum { NAME_IS_BAD = 1000 };

static void look(told *t, const rst_set *set) {
    rst_db db;
    rst_db_info info;
    t->status = rst_db_open(&db, set->map, set->size);
    if (t->status != RST_DB_OK) {
        return;
    }
    rst_db_describe(&db, &info);
    if (!rst_set_name_is_good(info.name, RST_SET_NAME)) {
        t->status = NAME_IS_BAD;
        return;
    }
    t->facts.built = info.built;
    t->facts.hashes = info.hashes;
    t->facts.patterns = info.patterns;
    memcpy(t->facts.name, info.name, strlen(info.name));
}

static noreturn void run(int fd, int parent, const rst_set *set, uint32_t deadline_ms) {
    static told t;
    if (rst_sandbox_enclose(fd, parent) == -1 || rst_sandbox_seal(deadline_ms, 0) == -1) {
        _exit(1);
    }
    look(&t, set);
    ssize_t n = send(RST_SANDBOX_SOCKET, &t, sizeof t, MSG_DONTWAIT | MSG_NOSIGNAL);
    _exit(n == (ssize_t)sizeof t ? 0 : 1);
}

bool rst_trial_begin(rst_trial *trial, const rst_set *set, uint32_t deadline_ms) {
    int pair[2];
    pid_t parent = getpid();
    trial->fd = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1) {
        return false;
    }
    trial->process = fork();
    if (trial->process == 0) {
        run(pair[1], parent, set, deadline_ms);
    }
    int error = errno;
    close(pair[1]);
    if (trial->process == -1) {
        close(pair[0]);
        errno = error;
        return false;
    }
    trial->fd = pair[0];
    return true;
}

const char *rst_trial_end(rst_trial *trial, rst_set *set, int status) {
    told t;
    ssize_t n = recv(trial->fd, &t, sizeof t, MSG_DONTWAIT);
    close(trial->fd);
    trial->fd = -1;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || n != (ssize_t)sizeof t) {
        return "looking into the signature file ended without an answer";
    }
    if (t.status == NAME_IS_BAD) {
        return "the signature set's name is empty, too long or not printable";
    }
    if (t.status != RST_DB_OK) {
        return rst_db_status_text((rst_db_status)t.status);
    }
    if (!rst_set_name_is_good(t.facts.name, sizeof t.facts.name)) {
        return "looking into the signature file gave a wrong answer";
    }
    set->facts = t.facts;
    return NULL;
}

const char *rst_trial_run(rst_set *set, uint32_t deadline_ms) {
    rst_trial trial;
    int status;
    if (!rst_trial_begin(&trial, set, deadline_ms)) {
        return "no process to look into the signature file";
    }
    struct pollfd polled = {.fd = trial.fd, .events = POLLIN};
    if (poll(&polled, 1, (int)deadline_ms) != 1) {
        kill(trial.process, SIGKILL);
    }
    if (waitpid(trial.process, &status, 0) == -1) {
        status = -1;
    }
    return rst_trial_end(&trial, set, status);
}
