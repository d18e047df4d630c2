// Drives the matcher alone for the tests: match_cli [-m] [-t] [-y] [-b BUDGET] DATABASE SPLITS
// FILE... Each FILE is one object, matched once per split in the comma-separated SPLITS: fed n
// octets at a time (0: whole; -n: all but the last n, then the rest; "all": every cut in two, one
// line if all agree). Prints for each: name or "-", work, "overflow" or "ok". -m: the objects are
// raw messages; -t: messages in transit. -y: prints instead the type that the signatures' marks
// see in each file, or "-".
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

static void unload(blob object) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (object.size + page - 1) / page * page;
    munmap(object.data + object.size - room, room + page);
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

typedef struct {
    uint32_t id;
    uint64_t work;
    bool overflow;
} answer;

typedef struct {
    rst_db db;
    rst_object_kind kind;
    uint64_t budget;
    rst_match *matcher;
} setting;

static answer match(const setting *with, blob object, long split) {
    rst_match *m = with->matcher;
    rst_match_init(m, &with->db, with->kind);
    rst_match_budget(m, with->budget);
    feed(m, object, split);
    uint32_t id = rst_match_final(m);
    return (answer){id, rst_match_work(m), rst_match_overflow(m)};
}

static void print(const setting *with, answer a) {
    const char *name = a.id == RST_NO_SIGNATURE ? "-" : rst_db_signature_name(&with->db, a.id);
    printf("%s %" PRIu64 " %s\n", name, a.work, a.overflow ? "overflow" : "ok");
}

// One line if every cut in two gives the same answer as the whole, else one per difference.
static void match_all_cuts(const setting *with, blob object) {
    answer whole = match(with, object, 0);
    print(with, whole);
    for (size_t tail = 1; tail < object.size; tail++) {
        answer cut = match(with, object, -(long)tail);
        if (cut.id != whole.id || cut.work != whole.work || cut.overflow != whole.overflow) {
            print(with, cut);
        }
    }
}

static void match_splits(const setting *with, blob object, const char *splits) {
    if (strcmp(splits, "all") == 0) {
        match_all_cuts(with, object);
        return;
    }
    for (const char *at = splits; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        print(with, match(with, object, strtol(at, NULL, 10)));
    }
}

int main(int argc, char **argv) {
    setting with = {.kind = RST_OBJECT_FILE, .budget = UINT64_MAX};
    bool types = false;
    int option;
    while ((option = getopt(argc, argv, "+mtyb:")) != -1) {
        if (option == 'm') {
            with.kind = RST_OBJECT_MAIL;
        } else if (option == 't') {
            with.kind = RST_OBJECT_TRANSIT;
        } else if (option == 'y') {
            types = true;
        } else if (option == 'b') {
            with.budget = strtoull(optarg, NULL, 10);
        } else {
            return 2;
        }
    }
    if (argc - optind < 2) {
        fprintf(stderr, "match_cli [-m] [-t] [-y] [-b BUDGET] DATABASE SPLITS FILE...\n");
        return 2;
    }
    blob file = load(argv[optind]);
    rst_db_status status = rst_db_open(&with.db, file.data, file.size);
    if (status != RST_DB_OK) {
        printf("%s\n", rst_db_status_text(status));
        return 3;
    }
    rst_db_info info;
    rst_db_describe(&with.db, &info);
    fprintf(stderr, "%s: %u patterns, %u hashes\n", info.name, info.patterns, info.hashes);
    with.matcher = malloc(sizeof *with.matcher);
    if (with.matcher == NULL) {
        return 2;
    }
    for (int i = optind + 2; i < argc; i++) {
        blob object = load(argv[i]);
        if (types) {
            const char *type = rst_db_type(&with.db, object.data, object.size);
            printf("%s\n", type == NULL ? "-" : type);
        } else {
            match_splits(&with, object, argv[optind + 1]);
        }
        unload(object);
    }
    free(with.matcher);
    return 0;
}
