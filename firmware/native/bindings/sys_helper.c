// The helper thread: a ring of jobs under one mutex. `next_free` … `next_run` … `next_taken` chase
// each other around it, so that results come back in the order of the submits.
#include "sys_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <mbedtls/sha256.h>

#include "argon2.h"
#include "sodium/utils.h"

enum {
    HASH_CHUNK = 65536,    // octets per read: few calls, little memory
    STACK_OCTETS = 131072, // the deepest call is a handshake's, under 16 KiB; libc may need more
    // Tickets wrap before they leave the small integers of a 32-bit MicroPython.
    LAST_TICKET = 0x3fffffff,
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t work;
    bool running;
    int event;
    uint32_t last_ticket;
    // Counters that only grow; a slot's index is the counter modulo the ring's size.
    uint32_t submitted, done, taken;
    rst_helper_job ring[RST_HELPER_JOBS];
    uint8_t chunk[HASH_CHUNK];
} helper = {.mutex = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};

static bool takes_descriptor(int operation) {
    return operation == RST_HELPER_FSYNC || operation == RST_HELPER_SHA256;
}

static int sync_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }
    int result = fsync(fd);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

static int hash_file(int fd, uint8_t hash[RST_HELPER_HASH]) {
    mbedtls_sha256_context context;
    off_t at = 0;
    ssize_t n = 0;
    mbedtls_sha256_init(&context);
    mbedtls_sha256_starts(&context, 0);
    while ((n = pread(fd, helper.chunk, sizeof helper.chunk, at)) > 0) {
        mbedtls_sha256_update(&context, helper.chunk, (size_t)n);
        at += n;
    }
    mbedtls_sha256_finish(&context, hash);
    mbedtls_sha256_free(&context);
    return n == -1 ? -1 : 0;
}

// Its 8 MiB are there for as long as it runs, and are mapped, so that they go back to the system.
static int hash_password(rst_helper_job *job) {
    argon2_context context = {
        .out = job->hash,
        .outlen = RST_HELPER_HASH,
        .pwd = (uint8_t *)job->path,
        .pwdlen = (uint32_t)strlen(job->path),
        .salt = (uint8_t *)job->other,
        .saltlen = RST_HELPER_SALT,
        .t_cost = RST_HELPER_ARGON2_PASSES,
        .m_cost = RST_HELPER_ARGON2_KIB,
        .lanes = 1,
        .threads = 1,
        .flags = ARGON2_DEFAULT_FLAGS,
    };
    // All it can lack is memory: the rest is constant, or was checked by the caller.
    int result = argon2_ctx(&context, Argon2_id);
    errno = ENOMEM;
    return result == ARGON2_OK ? 0 : -1;
}

static int perform(rst_helper_job *job) {
    switch (job->operation) {
    case RST_HELPER_FSYNC:
        return fsync(job->fd);
    case RST_HELPER_FSYNC_DIR:
        return sync_folder(job->path);
    case RST_HELPER_RENAME:
        return rename(job->path, job->other);
    case RST_HELPER_UNLINK:
        return unlink(job->path);
    case RST_HELPER_SHA256:
        return hash_file(job->fd, job->hash);
    case RST_HELPER_ARGON2:
        return hash_password(job);
    case RST_HELPER_HANDSHAKE:
        rst_tls_handshake_lent(job->session);
        return 0;
    default:
        errno = EINVAL;
        return -1;
    }
}

// A slot is the thread's alone from the submit to `done`, so it works without the mutex.
static void run(rst_helper_job *job) {
    job->error = perform(job) == -1 ? errno : 0;
    if (takes_descriptor(job->operation)) {
        close(job->fd);
    }
    if (job->operation == RST_HELPER_ARGON2) {
        sodium_memzero(job->path, sizeof job->path);
    }
}

static void *main_of_thread(void *unused) {
    (void)unused;
    pthread_mutex_lock(&helper.mutex);
    helper.running = true;
    pthread_cond_signal(&helper.work);
    for (;;) {
        while (helper.done == helper.submitted) {
            pthread_cond_wait(&helper.work, &helper.mutex);
        }
        rst_helper_job *job = &helper.ring[helper.done % RST_HELPER_JOBS];
        pthread_mutex_unlock(&helper.mutex);
        run(job);
        pthread_mutex_lock(&helper.mutex);
        helper.done++;
        // Cannot fail: the counter never comes near 2^64.
        eventfd_write(helper.event, 1);
    }
    return NULL;
}

// Signals stay with the main thread: its handlers belong to the loop.
static int start_thread(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_OCTETS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, &attributes, main_of_thread, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

int rst_helper_start(void) {
    if (helper.running) {
        errno = EBUSY;
        return -1;
    }
    helper.event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (helper.event == -1) {
        return -1;
    }
    int error = start_thread();
    if (error != 0) {
        close(helper.event);
        errno = error;
        return -1;
    }
    // Until it runs our code: the system calls of its birth must be over before a filter is set.
    pthread_mutex_lock(&helper.mutex);
    while (!helper.running) {
        pthread_cond_wait(&helper.work, &helper.mutex);
    }
    pthread_mutex_unlock(&helper.mutex);
    return helper.event;
}

int rst_helper_submit(rst_helper_job *job) {
    if (takes_descriptor(job->operation)) {
        // The caller may close its own, and the number be used anew, before the job runs.
        job->fd = fcntl(job->fd, F_DUPFD_CLOEXEC, 0);
        if (job->fd == -1) {
            return -1;
        }
    }
    pthread_mutex_lock(&helper.mutex);
    bool full = helper.submitted - helper.taken == RST_HELPER_JOBS;
    bool borrows = job->operation == RST_HELPER_HANDSHAKE;
    if (!full && borrows && rst_tls_lend(job->session) == -1) {
        pthread_mutex_unlock(&helper.mutex);
        errno = EBUSY;
        return -1;
    }
    if (!full) {
        helper.last_ticket = helper.last_ticket == LAST_TICKET ? 1 : helper.last_ticket + 1;
        job->ticket = helper.last_ticket;
        helper.ring[helper.submitted % RST_HELPER_JOBS] = *job;
        helper.submitted++;
        pthread_cond_signal(&helper.work);
    }
    pthread_mutex_unlock(&helper.mutex);
    if (full && takes_descriptor(job->operation)) {
        close(job->fd);
    }
    errno = full ? EAGAIN : 0;
    return full ? -1 : 0;
}

int rst_helper_collect(rst_helper_job *job) {
    pthread_mutex_lock(&helper.mutex);
    bool some = helper.taken != helper.done;
    if (some) {
        *job = helper.ring[helper.taken % RST_HELPER_JOBS];
        helper.taken++;
    }
    if (helper.taken == helper.done) {
        // Nothing left: the event is cleared under the mutex, so no result slips between.
        eventfd_t count;
        eventfd_read(helper.event, &count);
    }
    pthread_mutex_unlock(&helper.mutex);
    return some;
}
