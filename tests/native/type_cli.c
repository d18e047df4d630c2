// Screens files and prints for each the type of its last part, a name a line: what the tests of
// types talk to.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner.h"

static uint8_t *load(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        fprintf(stderr, "type_cli: %s: cannot be read\n", path);
        exit(2);
    }
    *n = (size_t)ftell(f);
    rewind(f);
    uint8_t *data = malloc(*n + 1);
    if (data == NULL || fread(data, 1, *n, f) != *n) {
        fprintf(stderr, "type_cli: %s: cannot be read to its end\n", path);
        exit(2);
    }
    fclose(f);
    return data;
}

int main(int argc, char **argv) {
    enum { SCRATCH = 64 * 1024 * 1024 };
    rst_scanner *s = calloc(1, rst_scanner_size());
    rst_scratch scratch = {.base = malloc(SCRATCH), .size = SCRATCH};
    rst_limits limits;
    rst_limits_default(&limits);
    for (int i = 1; i < argc && s != NULL && scratch.base != NULL; i++) {
        size_t n;
        uint8_t *data = load(argv[i], &n);
        rst_scanner_init(s, NULL, &limits, NULL, &scratch);
        s->layers[1].type = RST_TYPE_UNKNOWN;
        rst_scanner_feed(s, data, n);
        rst_scanner_end(s);
        printf("%s\n", rst_types[s->layers[1].type].name);
        free(data);
    }
    free(scratch.base);
    free(s);
    return 0;
}
