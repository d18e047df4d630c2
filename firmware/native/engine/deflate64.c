// Deflate64, method 9 of zip: deflate (RFC 1951) with a window of 64 KiB. Length code 285 has 16
// extra bits on a base of 3; distance codes 30 and 31 are in use, with 14 extra bits.
#include <string.h>

#include "window.h"

enum {
    LITERALS = 288,
    DISTANCES = 32,
    END_OF_BLOCK = 256,
    FIRST_LENGTH = 257,
    MOST_LITERALS = 286, // that a header may give
    LENGTH_CODES = 19,
};

static void fixed_codes(rst_window *w) {
    uint8_t lengths[LITERALS];
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 256 - 144);
    memset(lengths + 256, 7, 280 - 256);
    memset(lengths + 280, 8, 288 - 280);
    rst_code_make(&w->codes[0], lengths, LITERALS);
    memset(lengths, 5, DISTANCES);
    rst_code_make(&w->codes[1], lengths, DISTANCES);
}

// Lengths of n codes, themselves coded (RFC 1951 section 3.2.7). False: broken.
static bool read_lengths(rst_window *w, const rst_code *code, uint8_t *lengths, size_t n) {
    size_t i = 0;
    while (i < n && !w->lacking) {
        uint32_t symbol = rst_window_symbol(w, code, 0);
        if (symbol < 16) {
            lengths[i++] = (uint8_t)symbol;
            continue;
        }
        if (symbol == 16 && i == 0) {
            return w->lacking;
        }
        uint8_t value = symbol == 16 ? lengths[i - 1] : 0;
        size_t times = symbol == 16   ? 3 + rst_window_bits(w, 2)
                       : symbol == 17 ? 3 + rst_window_bits(w, 3)
                                      : 11 + rst_window_bits(w, 7);
        if (times > n - i) {
            return w->lacking;
        }
        memset(lengths + i, value, times);
        i += times;
    }
    return true;
}

static bool dynamic_codes(rst_window *w) {
    static const uint8_t order[LENGTH_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[MOST_LITERALS + DISTANCES] = {0};
    size_t literals = 257 + rst_window_bits(w, 5);
    size_t distances = 1 + rst_window_bits(w, 5);
    size_t n = 4 + rst_window_bits(w, 4);
    for (size_t i = 0; i < n; i++) {
        lengths[order[i]] = (uint8_t)rst_window_bits(w, 3);
    }
    if (w->lacking) {
        return true;
    }
    if (literals > MOST_LITERALS || rst_code_make(&w->codes[2], lengths, LENGTH_CODES) != 0) {
        return false;
    }
    if (!read_lengths(w, &w->codes[2], lengths, literals + distances) || w->lacking || w->bad) {
        return w->lacking;
    }
    // One distance may stand alone, in a code of one bit, or none at all.
    int32_t left = rst_code_make(&w->codes[1], lengths + literals, distances);
    bool few = w->codes[1].counts[1] <= 1;
    for (unsigned length = 2; length <= RST_CODE_LENGTH; length++) {
        few = few && w->codes[1].counts[length] == 0;
    }
    return lengths[END_OF_BLOCK] != 0 && (left == 0 || (left > 0 && few)) &&
           rst_code_make(&w->codes[0], lengths, literals) == 0;
}

static rst_step block(rst_window *w) {
    if (w->last_block) {
        return RST_STEP_END;
    }
    bool last = rst_window_bits(w, 1) != 0;
    uint32_t kind = rst_window_bits(w, 2);
    bool good = kind != 3;
    uint32_t n = 0;
    if (kind == 0) {
        w->bit = (w->bit + 7) & ~(size_t)7;
        n = rst_window_bits(w, 16);
        good = (n ^ rst_window_bits(w, 16)) == 0xffff;
    } else if (kind == 1) {
        fixed_codes(w);
    } else if (kind == 2) {
        good = dynamic_codes(w);
    }
    if (!good || w->lacking) {
        return RST_STEP_BROKEN;
    }
    w->last_block = last;
    w->plain = kind == 0;
    w->plain_n = n;
    w->in_block = true;
    return RST_STEP_NONE;
}

static rst_step plain(rst_window *w) {
    if (w->plain_n == 0) {
        w->in_block = false;
        return RST_STEP_NONE;
    }
    w->octet = (uint8_t)rst_window_bits(w, 8);
    w->plain_n -= w->lacking ? 0 : 1;
    return RST_STEP_OCTET;
}

// What code n stands for, with its extra bits: from the third group of 2^shift codes on each group
// has one bit more than the one before; the values go on where the last code's end.
static uint32_t value_of(rst_window *w, uint32_t n, unsigned shift, uint32_t first) {
    uint32_t group = 1u << shift; // codes with the same number of extra bits
    if (n < 2 * group) {
        return first + n;
    }
    unsigned extra = n / group - 1;
    return first + ((group + n % group) << extra) + rst_window_bits(w, extra);
}

static rst_step symbol(rst_window *w) {
    uint32_t s = rst_window_symbol(w, &w->codes[0], 0);
    if (s < END_OF_BLOCK) {
        w->octet = (uint8_t)s;
        return RST_STEP_OCTET;
    }
    if (s == END_OF_BLOCK) {
        w->in_block = false;
        return RST_STEP_NONE;
    }
    if (s >= MOST_LITERALS) {
        return RST_STEP_BROKEN;
    }
    uint32_t n =
        s == MOST_LITERALS - 1 ? 3 + rst_window_bits(w, 16) : value_of(w, s - FIRST_LENGTH, 2, 3);
    uint32_t back = value_of(w, rst_window_symbol(w, &w->codes[1], 0), 1, 1);
    if (!w->lacking && (back > w->out || w->bad)) {
        return RST_STEP_BROKEN;
    }
    w->copy_n = w->lacking ? 0 : n;
    w->copy_back = back;
    return RST_STEP_COPY;
}

static rst_step step(rst_window *w) {
    return !w->in_block ? block(w) : w->plain ? plain(w) : symbol(w);
}

void rst_deflate64_begin(rst_window *w) {
    memset(w, 0, offsetof(rst_window, input));
    w->step = step;
}
