// The matcher alone, timed: match_bench DATABASE FEED < list of files. Every file is one object of
// raw octets, fed FEED octets at a time. Prints one line of figures: octets, microseconds of
// opening the database, microseconds of matching, objects that matched, resident KiB.
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "match.h"
#include "match_state.h"

enum { FILE_MAX = 64 * 1024 * 1024, PATH_OCTETS = 4096 };

static uint8_t content[FILE_MAX];
static rst_match matcher;

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
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

static bool matches(const rst_db *db, size_t size, size_t feed) {
    rst_match_init(&matcher, db, RST_OBJECT_FILE);
    for (size_t at = 0; at < size; at += feed) {
        rst_match_update(&matcher, content + at, size - at < feed ? size - at : feed);
    }
    return rst_match_final(&matcher) != RST_NO_SIGNATURE;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "match_bench DATABASE FEED < list\n");
        return 2;
    }
    uint64_t began = now_us();
    size_t db_size;
    const void *map = map_file(argv[1], &db_size);
    rst_db db;
    if (rst_db_open(&db, map, db_size) != RST_DB_OK) {
        fprintf(stderr, "%s: not a signature file\n", argv[1]);
        return 2;
    }
    uint64_t opened = now_us() - began;
    size_t feed = strtoul(argv[2], NULL, 10);
    char path[PATH_OCTETS];
    uint64_t octets = 0, spent = 0, found = 0;
    while (fgets(path, sizeof path, stdin) != NULL) {
        path[strcspn(path, "\n")] = 0;
        size_t size = read_file(path);
        began = now_us();
        found += matches(&db, size, feed);
        spent += now_us() - began;
        octets += size;
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %ld\n", octets, opened, spent, found,
           usage.ru_maxrss);
    return 0;
}
