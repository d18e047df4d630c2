// Screens files and prints one JSON report a line: what the tests, the fuzz runner and the bench
// talk to. Options before the files:
//   --db FILE       compiled signatures; without it nothing is infected
//   --feed N        octets per feed; 0, the default, gives the whole file at once
//   --block N       regroup into blocks of N octets instead of RST_BLOCK
//   --rules HEX     rules as the gate sends them (rules.h)
//   --limit KEY=N   depth, entries, expanded, ratio or work
//   --scratch N     octets of scratch instead of RST_SCRATCH_OCTETS
//   --repeat N      screen each file N times; the report tells the seconds of processor time
//   --guard         let the input end at a page that must not be touched
//   --objects       also list what was taken out of the message: path, type, octets, SHA-256
//   --every-cut     also screen it cut in two at each octet, and in blocks of each size; end with
//                   code 1 if any report differs
//   --every-prefix  one report for each octet count from 0 on, each input ending at that page
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <mbedtls/sha256.h>

#include "scanner.h"

typedef struct {
    rst_db db;
    bool has_db, guard, objects, every_cut, every_prefix;
    size_t feed, block;
    unsigned long repeat;
    rst_limits limits;
    rst_rules rules;
    rst_scratch scratch;
} options;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "scan_cli: %s: %s\n", what, why);
    exit(2);
}

// Reads a file into memory that ends where `guard` wants it: just before a forbidden page.
static uint8_t *load(const char *path, bool guard, size_t *n) {
    int fd = open(path, O_RDONLY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        fail(path, "cannot be read");
    }
    *n = (size_t)st.st_size;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (*n + page - 1) / page * page;
    uint8_t *base =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED || (guard && mprotect(base + room, page, PROT_NONE) != 0)) {
        fail(path, "no memory");
    }
    uint8_t *data = base + (room - *n);
    for (size_t got = 0; got < *n;) {
        ssize_t r = read(fd, data + got, *n - got);
        if (r <= 0) {
            fail(path, "cannot be read to its end");
        }
        got += (size_t)r;
    }
    close(fd);
    return data;
}

// As the worker has it: addresses at once, memory as it is touched. Ends at a forbidden page.
static uint8_t *load_scratch(uint64_t n) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = ((size_t)n + page - 1) / page * page;
    uint8_t *base = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED || mprotect(base + room, page, PROT_NONE) != 0) {
        fail("scratch", "no memory");
    }
    return base + (room - (size_t)n) / 16 * 16;
}

static void put_string(const char *s) {
    putchar('"');
    for (; *s != 0; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            printf("\\%c", c);
        } else if (c < 0x20) {
            printf("\\u%04x", c);
        } else {
            putchar(c);
        }
    }
    putchar('"');
}

// The objects of one message while it is screened, by layer, and how many of them have ended.
typedef struct {
    const rst_scanner *s;
    mbedtls_sha256_context hash[RST_MAX_DEPTH];
    uint64_t octets[RST_MAX_DEPTH];
    bool open[RST_MAX_DEPTH];
    uint32_t listed;
} objects;

static void object_octets(void *user, const rst_layer *l, const uint8_t *data, size_t n) {
    objects *o = user;
    size_t at = (size_t)(l - o->s->layers);
    if (!o->open[at]) {
        o->open[at] = true;
        o->octets[at] = 0;
        mbedtls_sha256_init(&o->hash[at]);
        mbedtls_sha256_starts(&o->hash[at], 0);
    }
    o->octets[at] += n;
    mbedtls_sha256_update(&o->hash[at], data, n);
}

static void object_end(void *user, const rst_layer *l) {
    objects *o = user;
    size_t at = (size_t)(l - o->s->layers);
    uint8_t digest[32];
    object_octets(user, l, (const uint8_t *)"", 0);
    mbedtls_sha256_finish(&o->hash[at], digest);
    mbedtls_sha256_free(&o->hash[at]);
    o->open[at] = false;
    printf("%s{\"path\": [", o->listed++ > 0 ? ", " : "{\"objects\": [");
    for (size_t i = 1; i <= at; i++) {
        printf(i > 1 ? ", " : "");
        put_string(o->s->layers[i].name);
    }
    printf("], \"type\": \"%s\", \"octets\": %llu, \"sha256\": \"", rst_types[l->type].name,
           (unsigned long long)o->octets[at]);
    for (size_t i = 0; i < sizeof digest; i++) {
        printf("%02x", digest[i]);
    }
    printf("\"}");
}

static void put_report(const rst_report *r, double seconds, bool listed) {
    printf(listed ? "], " : "{");
    printf("\"verdict\": %d, \"found\": %u, \"entries\": %u, \"expanded\": %llu, "
           "\"work\": %llu, \"seconds\": %.6f, \"from\": ",
           (int)r->verdict, r->found, r->entries, (unsigned long long)r->expanded,
           (unsigned long long)r->work, seconds);
    put_string(r->from);
    printf(", \"subject\": ");
    put_string(r->subject);
    printf(", \"keep\": [");
    for (uint32_t i = 0; i < r->keep_n; i++) {
        printf("%s[%llu, %llu]", i > 0 ? ", " : "", (unsigned long long)r->keep[i].start,
               (unsigned long long)r->keep[i].end);
    }
    printf("], \"findings\": [");
    for (uint32_t i = 0; i < r->findings_n; i++) {
        const rst_finding *f = &r->findings[i];
        printf("%s{\"verdict\": %d, \"edit\": %d, \"start\": %llu, \"end\": %llu, \"signature\": ",
               i > 0 ? ", " : "", (int)f->verdict, (int)f->edit, (unsigned long long)f->start,
               (unsigned long long)f->end);
        put_string(f->signature);
        printf(", \"part\": ");
        put_string(f->part);
        printf("}");
    }
    printf("]}\n");
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// Screens data[0..n) in feeds of `feed` octets but for the first, which has `first`.
static const rst_report *scan(rst_scanner *s, const options *o, const uint8_t *data, size_t n,
                              size_t first, size_t feed, size_t block) {
    rst_scanner_init(s, o->has_db ? &o->db : NULL, &o->limits, &o->rules, &o->scratch);
    s->block = block > 0 && block < RST_BLOCK ? (uint32_t)block : RST_BLOCK;
    static objects list;
    if (o->objects) {
        memset(&list, 0, sizeof list);
        list.s = s;
        s->watch = (rst_watch){object_octets, object_end, &list};
    }
    if (first > 0) {
        rst_scanner_feed(s, data, first);
    }
    for (size_t at = first; at < n; at += feed) {
        rst_scanner_feed(s, data + at, n - at < feed ? n - at : feed);
    }
    return rst_scanner_end(s);
}

static void every_cut(rst_scanner *s, const options *o, const uint8_t *data, size_t n) {
    static rst_report whole;
    memcpy(&whole, scan(s, o, data, n, 0, n, 0), sizeof whole);
    for (size_t cut = 1; cut < n; cut++) {
        if (memcmp(&whole, scan(s, o, data, n, cut, n, 0), sizeof whole) != 0 ||
            memcmp(&whole, scan(s, o, data, n, 0, n, cut), sizeof whole) != 0) {
            fprintf(stderr, "scan_cli: cut at %zu, the report differs\n", cut);
            exit(1);
        }
    }
}

static void screen(rst_scanner *s, const options *o, const char *path) {
    size_t n;
    uint8_t *data = load(path, o->guard || o->every_prefix, &n);
    if (o->every_cut) {
        every_cut(s, o, data, n);
    }
    uint8_t *copy = o->every_prefix ? malloc(n + 1) : NULL;
    for (size_t size = o->every_prefix ? 0 : n; size < n && copy != NULL; size++) {
        if (size == 0) {
            memcpy(copy, data, n);
        }
        memcpy(data + n - size, copy, size); // to the forbidden page
        put_report(scan(s, o, data + n - size, size, 0, size > 0 ? size : 1, o->block), 0,
                   o->objects);
    }
    if (copy != NULL) {
        memcpy(data, copy, n);
        free(copy);
    }
    const rst_report *report = NULL;
    double begun = now();
    for (unsigned long i = 0; i < o->repeat; i++) {
        report = scan(s, o, data, n, 0, o->feed > 0 ? o->feed : n, o->block);
    }
    put_report(report, now() - begun, o->objects);
}

static void set_limit(rst_limits *limits, const char *text) {
    const char *eq = strchr(text, '=');
    unsigned long long v = eq != NULL ? strtoull(eq + 1, NULL, 10) : 0;
    if (strncmp(text, "depth=", 6) == 0) {
        limits->depth = (uint32_t)v;
    } else if (strncmp(text, "entries=", 8) == 0) {
        limits->entries = (uint32_t)v;
    } else if (strncmp(text, "expanded=", 9) == 0) {
        limits->expanded = v;
    } else if (strncmp(text, "ratio=", 6) == 0) {
        limits->ratio = (uint32_t)v;
    } else if (strncmp(text, "work=", 5) == 0) {
        limits->work = v;
    } else {
        fail(text, "no such limit");
    }
}

static void read_rules(options *o, const char *text) {
    static uint8_t blob[RST_MAX_RULES + 1];
    size_t n = strlen(text) / 2;
    for (size_t i = 0; i < n && i < sizeof blob; i++) {
        char octet[3] = {text[2 * i], text[2 * i + 1], 0};
        blob[i] = (uint8_t)strtoul(octet, NULL, 16);
    }
    o->rules = (rst_rules){blob, n};
    if (!rst_rules_check(&o->rules)) {
        fail("rules", "not well formed");
    }
}

static void open_db(options *o, const char *path) {
    size_t n;
    uint8_t *map = load(path, false, &n);
    rst_db_status status = rst_db_open(&o->db, map, n);
    if (status != RST_DB_OK) {
        fail(path, rst_db_status_text(status));
    }
    o->has_db = true;
}

int main(int argc, char **argv) {
    options o = {.repeat = 1, .scratch = {.size = RST_SCRATCH_OCTETS}};
    rst_limits_default(&o.limits);
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        bool *flag = strcmp(argv[i], "--guard") == 0          ? &o.guard
                     : strcmp(argv[i], "--objects") == 0      ? &o.objects
                     : strcmp(argv[i], "--every-cut") == 0    ? &o.every_cut
                     : strcmp(argv[i], "--every-prefix") == 0 ? &o.every_prefix
                                                              : NULL;
        if (flag != NULL) {
            *flag = true;
            continue;
        }
        if (strcmp(argv[i], "--db") == 0) {
            open_db(&o, value);
        } else if (strcmp(argv[i], "--feed") == 0) {
            o.feed = strtoul(value, NULL, 10);
        } else if (strcmp(argv[i], "--block") == 0) {
            o.block = strtoul(value, NULL, 10);
        } else if (strcmp(argv[i], "--repeat") == 0) {
            o.repeat = strtoul(value, NULL, 10);
        } else if (strcmp(argv[i], "--scratch") == 0) {
            o.scratch.size = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--rules") == 0) {
            read_rules(&o, value);
        } else if (strcmp(argv[i], "--limit") == 0) {
            set_limit(&o.limits, value);
        } else {
            fail(argv[i], "no such option");
        }
        i++;
    }
    rst_scanner *s = malloc(rst_scanner_size());
    if (s == NULL) {
        fail("scanner", "no memory");
    }
    o.scratch.base = load_scratch(o.scratch.size);
    for (; i < argc; i++) {
        screen(s, &o, argv[i]);
    }
    free(s);
    return 0;
}
