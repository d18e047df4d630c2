// Hyperscan as a peer of the matcher: hyperscan_peer PATTERNS < list of files
// PATTERNS: one "ID REGEX" a line. Each file is one object, scanned in one block, which is its
// fastest way. Only the time of scanning counts. Prints "found ID PATH", last a line of figures:
// octets, microseconds to compile, microseconds of processor time, octets of its database.
#include <hs/hs.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FILE_MAX = 64 * 1024 * 1024, LINE_OCTETS = 16384, MOST = 200000 };

static char content[FILE_MAX];
static char *expressions[MOST];
static unsigned ids[MOST], flags[MOST];
static const char *path;

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void fail(const char *what) {
    fprintf(stderr, "hyperscan_peer: %s\n", what);
    exit(2);
}

static int matched(unsigned id, unsigned long long from, unsigned long long to, unsigned flag,
                   void *context) {
    (void)from;
    (void)to;
    (void)flag;
    (void)context;
    printf("found %u %s\n", id, path);
    return 1; // one signature is enough, as for the matcher
}

static unsigned read_patterns(const char *name) {
    static char line[LINE_OCTETS];
    unsigned n = 0;
    FILE *f = fopen(name, "r");
    while (f != NULL && n < MOST && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = 0;
        char *space = strchr(line, ' ');
        if (space == NULL) {
            fail("a pattern without an id");
        }
        ids[n] = (unsigned)strtoul(line, NULL, 10);
        flags[n] = HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH;
        expressions[n++] = strdup(space + 1);
    }
    if (f == NULL || n == 0) {
        fail("no patterns");
    }
    fclose(f);
    return n;
}

int main(int argc, char **argv) {
    static char line[LINE_OCTETS];
    if (argc != 2) {
        fail("PATTERNS < list of files");
    }
    unsigned n = read_patterns(argv[1]);
    hs_database_t *db;
    hs_compile_error_t *error;
    hs_scratch_t *scratch = NULL;
    uint64_t began = now_us();
    if (hs_compile_multi((const char *const *)expressions, flags, ids, n, HS_MODE_BLOCK, NULL, &db,
                         &error) != HS_SUCCESS) {
        fail(error->message);
    }
    if (hs_alloc_scratch(db, &scratch) != HS_SUCCESS) {
        fail("no memory");
    }
    uint64_t compiled = now_us() - began;
    uint64_t octets = 0;
    uint64_t spent = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = 0;
        path = line;
        FILE *f = fopen(path, "rb");
        if (f == NULL) {
            fail(path);
        }
        size_t size = fread(content, 1, sizeof content, f);
        fclose(f);
        began = now_us();
        hs_scan(db, content, (unsigned)size, 0, scratch, matched, NULL);
        spent += now_us() - began;
        octets += size;
    }
    size_t database = 0;
    hs_database_size(db, &database);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %zu\n", octets, compiled, spent, database);
    return 0;
}
