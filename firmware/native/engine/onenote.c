// See onenote.h. Each file is a FileDataStoreObject (MS-ONESTORE 2.6.13): a GUID, its size, its
// octets. They are found by the GUID, so no list of nodes can lead past one or in a circle. The
// search goes on inside of a file, for a false size must not hide the next one.
#include "onenote.h"

#include <string.h>

#include "expand.h"
#include "print.h"
#include "report.h"
#include "scanner.h"

enum { HEADER = 36 }; // GUID, size, 12 octets unused

static const uint8_t file_data[16] = {0xe7, 0x16, 0xe3, 0xbd, 0x65, 0x26, 0x11, 0x45,
                                      0xa4, 0xc4, 0x8d, 0x4d, 0x0b, 0x7a, 0x9e, 0xac};

static uint64_t le64(const uint8_t *p) {
    uint64_t v = 0;
    for (size_t i = 8; i-- > 0;) {
        v = v << 8 | p[i];
    }
    return v;
}

static void file_name(uint32_t number, char *out) {
    rst_print p;
    rst_print_init(&p, out, RST_MAX_NAME);
    rst_print_ascii(&p, "file-");
    rst_print_number(&p, number);
    rst_print_end(&p);
}

void rst_onenote_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *p = rst_store_whole(s, l, &n);
    if (p == NULL) {
        return;
    }
    uint32_t files = 0;
    rst_spend(s, n);
    for (size_t at = 0; n - at >= sizeof file_data && rst_budget_left(s); at++) {
        const uint8_t *next = memchr(p + at, file_data[0], n - at);
        if (next == NULL) {
            return;
        }
        at = (size_t)(next - p);
        if (n - at < sizeof file_data || memcmp(next, file_data, sizeof file_data) != 0) {
            continue;
        }
        uint64_t size = n - at < HEADER ? UINT64_MAX : le64(next + sizeof file_data);
        size_t room = n - at < HEADER ? 0 : n - at - HEADER;
        if (size > room) {
            rst_found(s, RST_MALFORMED, "onenote file is cut off", l, &l->place, NULL);
            size = room;
        }
        char name[RST_MAX_NAME];
        file_name(++files, name);
        if (size > 0 && !rst_expand_whole(s, l, name, next + HEADER, (size_t)size)) {
            return;
        }
    }
}
