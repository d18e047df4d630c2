// Linked into screen-worker-greedy by --wrap: a message that begins with `X-Take: N` takes N
// octets of the scratch, writes them all and looks whether they are there; then it is screened as
// any other. `X-Overrun: N` writes to octet N without asking. So the whole way of the scratch is
// tried, whatever formats need it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../firmware/native/engine/scanner.h"

void __real_rst_scanner_feed(rst_scanner *s, const uint8_t *data, size_t n);
void __wrap_rst_scanner_feed(rst_scanner *s, const uint8_t *data, size_t n);

// The number behind `field`, 0 if the message does not begin with it.
static uint64_t asked(const uint8_t *data, size_t n, const char *field) {
    char text[64] = {0};
    memcpy(text, data, n < sizeof text ? n : sizeof text - 1);
    size_t length = strlen(field);
    return strncmp(text, field, length) == 0 ? strtoull(text + length, NULL, 10) : 0;
}

static void take(rst_scanner *s, uint64_t wanted) {
    uint8_t *at = rst_scratch_take(s, &s->layers[0], wanted);
    if (at == NULL) {
        return;
    }
    for (uint64_t i = 0; i < wanted; i++) {
        at[i] = (uint8_t)(i * 7);
    }
    for (uint64_t i = 0; i < wanted; i++) {
        if (at[i] != (uint8_t)(i * 7)) {
            abort();
        }
    }
    s->scratch_n = 0;
}

void __wrap_rst_scanner_feed(rst_scanner *s, const uint8_t *data, size_t n) {
    uint64_t wanted = asked(data, n, "X-Take: ");
    uint64_t beyond = asked(data, n, "X-Overrun: ");
    if (wanted > 0) {
        take(s, wanted);
    }
    if (beyond > 0) {
        s->scratch.base[beyond] = 1;
    }
    __real_rst_scanner_feed(s, data, n);
}
