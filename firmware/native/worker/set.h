// A signature set as the parent holds it: a mapping that it never reads, and the facts that a
// process of its own told about it (trial.h). Linux only; no MicroPython.
#ifndef RST_WORKER_SET_H
#define RST_WORKER_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RST_SET_NAME = 256 }; // octets of a set's name with its final zero

// Largest file in octets: beside the largest message and its scratch it must have addresses on a
// 32-bit box, twice in the parent.
#define RST_MOST_SET_OCTETS (512ull * 1024 * 1024)

typedef struct {
    uint64_t built; // seconds since 1970
    uint32_t hashes, patterns;
    char name[RST_SET_NAME]; // printable ASCII, not empty
} rst_set_facts;

typedef struct {
    const void *map; // NULL: none
    size_t size;
    rst_set_facts facts;
} rst_set;

// Maps an open file and closes it. NULL, or what is wrong in words. Its owner can cut the file
// short later: only processes that may die of it read the mapping.
const char *rst_set_map(rst_set *set, int fd);
// Gives the addresses back; processes that were forked before keep theirs. May be repeated.
void rst_set_unmap(rst_set *set);
// Whether a name is one that replies and logs can carry.
bool rst_set_name_is_good(const char *name, size_t room);

#endif
