// Drives the matcher alone for the tests: match_cli [-m] [-t] [-b BUDGET] DATABASE SPLIT FILE...
// Each FILE is one object, fed SPLIT octets at a time (0: whole; -n: all but the last n, then the
// rest). Prints per file: name or "-", work, "overflow" or "ok". -m: the objects are raw messages;
// -t: messages in transit.
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "match.h"
#include "match_state.h"

typedef struct {
    uint8_t *data;
    size_t size;
} blob;

// A copy that ends at a page nobody may touch, so that reading one octet too many is a crash.
static blob load(const char *path) {
    struct stat about;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &about) != 0) {
        perror(path);
        exit(2);
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (size_t)about.st_size;
    size_t room = (size + page - 1) / page * page;
    uint8_t *map =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED || mprotect(map + room, page, PROT_NONE) != 0) {
        perror("mmap");
        exit(2);
    }
    uint8_t *data = map + room - size;
    for (size_t got = 0; got < size;) {
        ssize_t n = read(fd, data + got, size - got);
        if (n <= 0) {
            perror(path);
            exit(2);
        }
        got += (size_t)n;
    }
    close(fd);
    return (blob){data, size};
}

static void feed(rst_match *m, blob object, long split) {
    if (split <= 0) {
        size_t tail = (size_t)-split < object.size ? (size_t)-split : object.size;
        rst_match_update(m, object.data, object.size - tail);
        rst_match_update(m, object.data + object.size - tail, tail);
        return;
    }
    for (size_t at = 0; at < object.size; at += (size_t)split) {
        size_t rest = object.size - at;
        rst_match_update(m, object.data + at, rest < (size_t)split ? rest : (size_t)split);
    }
}

int main(int argc, char **argv) {
    rst_object_kind kind = RST_OBJECT_FILE;
    uint64_t budget = UINT64_MAX;
    int option;
    while ((option = getopt(argc, argv, "+mtb:")) != -1) {
        if (option == 'm') {
            kind = RST_OBJECT_MAIL;
        } else if (option == 't') {
            kind = RST_OBJECT_TRANSIT;
        } else if (option == 'b') {
            budget = strtoull(optarg, NULL, 10);
        } else {
            return 2;
        }
    }
    if (argc - optind < 2) {
        fprintf(stderr, "match_cli [-m] [-t] [-b BUDGET] DATABASE SPLIT FILE...\n");
        return 2;
    }
    blob file = load(argv[optind]);
    long split = strtol(argv[optind + 1], NULL, 10);
    rst_db db;
    rst_db_status status = rst_db_open(&db, file.data, file.size);
    if (status != RST_DB_OK) {
        printf("%s\n", rst_db_status_text(status));
        return 3;
    }
    rst_match *m = malloc(sizeof *m);
    if (m == NULL) {
        return 2;
    }
    for (int i = optind + 2; i < argc; i++) {
        blob object = load(argv[i]);
        rst_match_init(m, &db, kind);
        rst_match_budget(m, budget);
        feed(m, object, split);
        uint32_t id = rst_match_final(m);
        printf("%s %" PRIu64 " %s\n", id == RST_NO_SIGNATURE ? "-" : rst_db_signature_name(&db, id),
               rst_match_work(m), rst_match_overflow(m) ? "overflow" : "ok");
        munmap(object.data - (uintptr_t)object.data % (uintptr_t)sysconf(_SC_PAGESIZE),
               object.size);
    }
    free(m);
    return 0;
}
