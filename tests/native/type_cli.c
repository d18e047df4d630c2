// Screens files and prints the type of each one's body: type_cli FILE ... Each file is a message
// in wire form that is no multipart. A layer's state stays readable after it was closed.
#include <stdio.h>
#include <stdlib.h>

#include "scanner.h"

enum { FILE_MAX = 16 * 1024 * 1024 };

int main(int argc, char **argv) {
    static uint8_t content[FILE_MAX];
    static rst_scratch scratch = {.size = RST_SCRATCH_OCTETS};
    rst_scanner *s = malloc(rst_scanner_size());
    scratch.base = malloc(RST_SCRATCH_OCTETS);
    if (s == NULL || scratch.base == NULL) {
        return 2;
    }
    rst_limits limits;
    rst_limits_default(&limits);
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (file == NULL) {
            perror(argv[i]);
            return 2;
        }
        size_t n = fread(content, 1, sizeof content, file);
        fclose(file);
        rst_scanner_init(s, NULL, &limits, &scratch);
        rst_scanner_feed(s, content, n);
        rst_scanner_end(s);
        printf("%s\n", rst_types[s->layers[1].type].name);
    }
    free(scratch.base);
    free(s);
    return 0;
}
