// Hostile signature files: match_corrupt DATABASE ROUNDS SEED OBJECT...
// Damages a good file in every octet of header and section table, cuts it off, then flips octets
// anywhere for ROUNDS rounds, and matches the objects against whatever still opens. The file ends
// at a page nobody may touch. The sanitizers are the judge; printed is what happened how often.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "match.h"
#include "match_state.h"

enum {
    OBJECT_MAX = 1 << 20,
    OBJECTS_MAX = 16,
    BUDGET = 2000000, // work units per object: a damaged file may ask for anything
    FLIPS_MAX = 8,
};

typedef struct {
    uint8_t *data;
    size_t size;
} blob;

static blob good, objects[OBJECTS_MAX];
static int object_count;
static uint8_t *guarded_end;
static uint64_t opened, refused, matched, overflowed;
static uint64_t dice;

static uint32_t roll(uint32_t sides) {
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((dice >> 33) % sides);
}

static blob read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    blob b = {malloc(OBJECT_MAX), 0};
    if (file == NULL || b.data == NULL) {
        perror(path);
        exit(2);
    }
    b.size = fread(b.data, 1, OBJECT_MAX, file);
    fclose(file);
    return b;
}

static void try(const uint8_t *file, size_t size) {
    static rst_match m;
    rst_db db;
    uint8_t *placed = guarded_end - size;
    memmove(placed, file, size);
    if (rst_db_open(&db, placed, size) != RST_DB_OK) {
        refused++;
        return;
    }
    opened++;
    rst_db_info info;
    rst_db_describe(&db, &info);
    (void)strlen(info.name);
    uint64_t work = 0;
    const rst_entry entry = {RST_CONTAINER_ZIP, false, 1, 10, 20, "a/invoice.exe"};
    uint32_t rule = rst_match_entry(&db, &entry, &work);
    matched += rule != RST_NO_SIGNATURE;
    (void)strlen(rst_db_signature_name(&db, rule));
    (void)rst_match_text(&db, RST_BY_SUBJECT, "you won a prize", &work);
    const char *type = rst_db_type(&db, objects[0].data, objects[0].size);
    (void)strlen(type != NULL ? type : "");
    for (int i = 0; i < object_count; i++) {
        rst_match_init(&m, &db, i % 2 ? RST_OBJECT_MAIL : RST_OBJECT_FILE);
        rst_match_budget(&m, BUDGET);
        rst_match_update(&m, objects[i].data, objects[i].size);
        uint32_t id = rst_match_final(&m);
        matched += id != RST_NO_SIGNATURE;
        overflowed += rst_match_overflow(&m);
        (void)strlen(rst_db_signature_name(&db, id));
    }
}

static void damage_head(uint8_t *copy) {
    static const uint8_t values[] = {0, 1, 0x7F, 0x80, 0xFF};
    size_t head = rst_load32(good.data + RST_HEAD_SIZE);
    for (size_t at = 0; at < head; at++) {
        for (size_t v = 0; v < sizeof values; v++) {
            memcpy(copy, good.data, good.size);
            copy[at] = values[v];
            try(copy, good.size);
        }
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, good.data, good.size);
            copy[at] ^= (uint8_t)(1u << bit);
            try(copy, good.size);
        }
    }
    for (size_t size = 0; size < good.size; size++) {
        try(good.data, size);
    }
}

static void damage_anywhere(uint8_t *copy) {
    static const uint8_t values[] = {0, 1, 0x7F, 0x80, 0xFF, 0xFE};
    memcpy(copy, good.data, good.size);
    size_t head = rst_load32(good.data + RST_HEAD_SIZE);
    for (uint32_t flips = 1 + roll(FLIPS_MAX); flips > 0; flips--) {
        size_t at = head + roll((uint32_t)(good.size - head));
        copy[at] = roll(2) ? values[roll(sizeof values)] : (uint8_t)(copy[at] ^ 1u << roll(8));
    }
    try(copy, good.size);
}

int main(int argc, char **argv) {
    if (argc < 5 || argc - 4 > OBJECTS_MAX) {
        fprintf(stderr, "match_corrupt DATABASE ROUNDS SEED OBJECT...\n");
        return 2;
    }
    good = read_file(argv[1]);
    dice = strtoull(argv[3], NULL, 10);
    for (int i = 4; i < argc; i++) {
        objects[object_count++] = read_file(argv[i]);
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *map =
        mmap(NULL, OBJECT_MAX + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *copy = malloc(good.size);
    if (map == MAP_FAILED || copy == NULL || mprotect(map + OBJECT_MAX, page, PROT_NONE) != 0) {
        perror("match_corrupt");
        return 2;
    }
    guarded_end = map + OBJECT_MAX;
    damage_head(copy);
    for (uint64_t rounds = strtoull(argv[2], NULL, 10); rounds > 0; rounds--) {
        damage_anywhere(copy);
    }
    printf("opened %" PRIu64 " refused %" PRIu64 " matched %" PRIu64 " overflowed %" PRIu64 "\n",
           opened, refused, matched, overflowed);
    free(copy);
    munmap(map, OBJECT_MAX + page);
    for (int i = 0; i < object_count; i++) {
        free(objects[i].data);
    }
    free(good.data);
    return 0;
}
