// Times the engine: engine_bench engine|worker|matcher DATABASE FEED < list of files
// engine: each file is a message in wire form. worker: the same, each in a process of its own, as
// the screen program does it, so that what is resident is one message's. matcher: each file is one
// object of raw octets.
// Fed FEED octets at a time from one buffer; only the engine's own time counts, not reading.
// Prints "found NAME PATH" per detection, "held REASON PATH" for any other verdict but clean, and
// last two lines of figures. "resident": KiB, at most over all processes at their ends, of all
// pages (Rss), of pages by their share (Pss), of pages of no file (Anonymous), and of mapped files
// by themselves (Rss of the database's mapping). Then octets, microseconds to open the database,
// microseconds of processor time, resident KiB at most.
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "match_state.h"

enum { FILE_MAX = 64 * 1024 * 1024, PATH_OCTETS = 4096 };

static uint8_t content[FILE_MAX]; // touched only as far as the largest file reaches

typedef void (*screen)(const rst_db *db, size_t size, size_t feed);

static uint64_t now_us(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void fail(const char *what) {
    perror(what);
    exit(2);
}

static const void *map_file(const char *path, size_t *size) {
    struct stat about;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &about) != 0) {
        fail(path);
    }
    *size = (size_t)about.st_size;
    void *map = mmap(NULL, *size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED) {
        fail(path);
    }
    return map;
}

static size_t read_file(const char *path) {
    int fd = open(path, O_RDONLY);
    size_t size = 0;
    ssize_t n = 1;
    while (fd >= 0 && size < FILE_MAX && (n = read(fd, content + size, FILE_MAX - size)) > 0) {
        size += (size_t)n;
    }
    if (fd < 0 || n < 0) {
        fail(path);
    }
    close(fd);
    return size;
}

// What the last object was found to be: a word and a name, or NULL.
static const char *word, *name;

static void screen_object(const rst_db *db, size_t size, size_t feed) {
    static rst_match matcher;
    rst_match_init(&matcher, db, RST_OBJECT_FILE);
    for (size_t at = 0; at < size; at += feed) {
        rst_match_update(&matcher, content + at, size - at < feed ? size - at : feed);
    }
    uint32_t id = rst_match_final(&matcher);
    word = id != RST_NO_SIGNATURE ? "found" : rst_match_overflow(&matcher) ? "held" : NULL;
    name = id != RST_NO_SIGNATURE ? rst_db_signature_name(db, id) : "overflow";
}

static void screen_message(const rst_db *db, size_t size, size_t feed) {
    static rst_scanner *scanner;
    static rst_scratch scratch = {.size = RST_SCRATCH_OCTETS};
    rst_limits limits;
    if (scanner == NULL) { // neither takes memory until it is touched
        scanner = malloc(rst_scanner_size());
        scratch.base = malloc(RST_SCRATCH_OCTETS);
    }
    if (scanner == NULL || scratch.base == NULL) {
        fail("scanner");
    }
    rst_limits_default(&limits);
    rst_scanner_init(scanner, db, &limits, NULL, &scratch);
    for (size_t at = 0; at < size; at += feed) {
        rst_scanner_feed(scanner, content + at, size - at < feed ? size - at : feed);
    }
    const rst_report *report = rst_scanner_end(scanner);
    word = report->verdict == RST_CLEAN      ? NULL
           : report->verdict == RST_INFECTED ? "found"
                                             : "held";
    name = report->findings_n > 0 ? report->findings[0].signature : "?";
}

typedef struct {
    long rss, pss, anonymous, database;
} resident;

static void most(long *so_far, long now) {
    *so_far = now > *so_far ? now : *so_far;
}

// One line of smaps: the first line of a mapping has its addresses, those after it its figures.
static void note_line(resident *now, const char *line, uintptr_t database, bool *inside) {
    uintptr_t start, end;
    long figure;
    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &start, &end) == 2) {
        *inside = start == database;
    } else if (sscanf(line, "Rss: %ld", &figure) == 1) {
        now->rss += figure;
        now->database += *inside ? figure : 0;
    } else if (sscanf(line, "Pss: %ld", &figure) == 1) {
        now->pss += figure;
    } else if (sscanf(line, "Anonymous: %ld", &figure) == 1) {
        now->anonymous += figure;
    }
}

static void note_resident(resident *all, const void *database) {
    FILE *maps = fopen("/proc/self/smaps", "r");
    resident now = {0, 0, 0, 0};
    bool inside = false;
    char line[PATH_OCTETS];
    if (maps == NULL) {
        fail("smaps");
    }
    while (fgets(line, sizeof line, maps) != NULL) {
        note_line(&now, line, (uintptr_t)database, &inside);
    }
    fclose(maps);
    most(&all->rss, now.rss);
    most(&all->pss, now.pss);
    most(&all->anonymous, now.anonymous);
    most(&all->database, now.database);
}

static void say(const char *path) {
    if (word != NULL) {
        printf("%s %s %s\n", word, name, path);
    }
}

// In a process of its own, whose figures go to `all`, which both share.
static void run_apart(resident *all, const rst_db *db, size_t size, size_t feed,
                      const char *path) {
    int status;
    fflush(stdout);
    pid_t worker = fork();
    if (worker == 0) {
        screen_message(db, size, feed);
        say(path);
        note_resident(all, db->base);
        fflush(stdout);
        _exit(0);
    }
    if (worker == -1 || waitpid(worker, &status, 0) == -1 || status != 0) {
        fail("worker");
    }
    word = NULL;
}

int main(int argc, char **argv) {
    if (argc != 4 || strchr("ewm", argv[1][0]) == NULL) {
        fprintf(stderr, "engine_bench engine|worker|matcher DATABASE FEED < list\n");
        return 2;
    }
    screen run = argv[1][0] == 'm' ? screen_object : screen_message;
    resident *all =
        mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) {
        fail("figures");
    }
    size_t feed = strtoul(argv[3], NULL, 10);
    uint64_t began = now_us(CLOCK_MONOTONIC);
    size_t db_size;
    const void *map = map_file(argv[2], &db_size);
    rst_db db;
    rst_db_status status = rst_db_open(&db, map, db_size);
    if (status != RST_DB_OK) {
        fprintf(stderr, "%s: %s\n", argv[2], rst_db_status_text(status));
        return 2;
    }
    uint64_t opened = now_us(CLOCK_MONOTONIC) - began;
    char path[PATH_OCTETS];
    uint64_t octets = 0;
    uint64_t spent = 0;
    while (fgets(path, sizeof path, stdin) != NULL) {
        path[strcspn(path, "\n")] = 0;
        size_t size = read_file(path);
        began = now_us(CLOCK_PROCESS_CPUTIME_ID);
        if (argv[1][0] == 'w') {
            run_apart(all, &db, size, feed, path);
        } else {
            run(&db, size, feed);
        }
        spent += now_us(CLOCK_PROCESS_CPUTIME_ID) - began;
        octets += size;
        say(path);
    }
    if (argv[1][0] != 'w') {
        note_resident(all, map);
    }
    printf("resident %ld %ld %ld %ld\n", all->rss, all->pss, all->anonymous, all->database);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %ld\n", octets, opened, spent, usage.ru_maxrss);
    return 0;
}
