// Implode, method 6 of zip (APPNOTE 5.3): octets and copies, whose lengths and the high parts of
// whose distances, and the octets too if the flags say so, are in Shannon-Fano codes.
#include <string.h>

#include "window.h"

enum {
    LARGE_WINDOW = 2, // flags: 8 KiB, not 4
    THREE_TABLES = 4, // octets are coded
    OCTETS = 256,
    PARTS = 64, // lengths, and high parts of distances
    LONGEST = 63,
};

// A table: for each run of codes of one length an octet, behind the number of these octets. The
// codes of APPNOTE with their bits turned over ascend by length, then by symbol. False: broken.
static bool table(rst_window *w, rst_code *code, size_t n) {
    uint8_t lengths[OCTETS];
    size_t runs = 1 + rst_window_bits(w, 8);
    size_t at = 0;
    for (; runs > 0 && !w->lacking; runs--) {
        size_t length = 1 + rst_window_bits(w, 4);
        size_t times = 1 + rst_window_bits(w, 4);
        if (times > n - at) {
            return w->lacking;
        }
        memset(lengths + at, (int)length, times);
        at += times;
    }
    return w->lacking || (at == n && rst_code_make(code, lengths, n) == 0);
}

static rst_step tables(rst_window *w) {
    bool good = (w->flags & THREE_TABLES) == 0 || table(w, &w->codes[0], OCTETS);
    good = good && table(w, &w->codes[1], PARTS) && table(w, &w->codes[2], PARTS);
    w->tables = good && !w->lacking;
    return good ? RST_STEP_NONE : RST_STEP_BROKEN;
}

static rst_step step(rst_window *w) {
    if (!w->tables) {
        return tables(w);
    }
    if (w->out == w->size) {
        return RST_STEP_END;
    }
    bool coded = (w->flags & THREE_TABLES) != 0;
    if (rst_window_bits(w, 1) != 0) {
        w->octet =
            (uint8_t)(coded ? rst_window_symbol(w, &w->codes[0], 1) : rst_window_bits(w, 8));
        return RST_STEP_OCTET;
    }
    unsigned low = (w->flags & LARGE_WINDOW) != 0 ? 7 : 6;
    uint32_t back = rst_window_bits(w, low);
    back += 1 + (rst_window_symbol(w, &w->codes[2], 1) << low);
    uint32_t n = rst_window_symbol(w, &w->codes[1], 1);
    if (n == LONGEST) {
        n += rst_window_bits(w, 8);
    }
    n += coded ? 3 : 2;
    if (!w->lacking && n > w->size - w->out) {
        return RST_STEP_BROKEN;
    }
    w->copy_n = w->lacking ? 0 : n;
    w->copy_back = back; // before the first octet lie zeros
    return RST_STEP_COPY;
}

void rst_explode_begin(rst_window *w, uint16_t flags, uint64_t size) {
    memset(w, 0, sizeof *w);
    w->step = step;
    w->flags = (uint8_t)(flags & (LARGE_WINDOW | THREE_TABLES));
    w->size = size;
}
