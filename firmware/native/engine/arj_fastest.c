// See arj_fastest.h. A number has a prefix of ones, ended by a zero or by being as long as it can
// be; each makes the number one bit longer. First comes a length: 0 is an octet of 8 bits, else
// that length and 2 more, from a distance behind it.
#include "arj_fastest.h"

#include <stdbool.h>
#include <string.h>

enum {
    HISTORY = 32768, // ARJ's window has 26,624 octets
    LENGTH_MIN = 0,  // bits of numbers
    LENGTH_MAX = 7,
    DISTANCE_MIN = 9,
    DISTANCE_MAX = 13,
    MOST_LENGTH = 256, // of a copy
};

typedef struct {
    LHADecoderCallback pull;
    void *user;
    uint32_t bits; // read ahead, the next one highest
    unsigned bits_n;
    bool ended;
    size_t out;
    uint8_t history[HISTORY];
} fastest;

static uint32_t take(fastest *f, unsigned n) {
    uint32_t value = 0;
    for (; n > 0; n--) {
        if (f->bits_n == 0) {
            uint8_t octet = 0;
            f->ended = f->ended || f->pull(&octet, 1, f->user) == 0;
            f->bits = octet;
            f->bits_n = 8;
        }
        f->bits_n--;
        value = value << 1 | (f->bits >> f->bits_n & 1);
    }
    return value;
}

static uint32_t number(fastest *f, unsigned least, unsigned most) {
    unsigned width = least;
    uint32_t base = 0;
    while (width < most && take(f, 1) != 0) {
        base += (uint32_t)1 << width;
        width++;
    }
    return base + take(f, width);
}

static void put(fastest *f, uint8_t *to, uint8_t octet) {
    f->history[f->out++ % HISTORY] = octet;
    *to = octet;
}

static int begin(void *state, LHADecoderCallback callback, void *user) {
    fastest *f = state;
    memset(f, 0, sizeof *f);
    f->pull = callback;
    f->user = user;
    return 1;
}

static size_t step(void *state, uint8_t *to) {
    fastest *f = state;
    uint32_t n = number(f, LENGTH_MIN, LENGTH_MAX);
    if (n == 0) {
        uint32_t octet = take(f, 8);
        if (f->ended) {
            return 0;
        }
        put(f, to, (uint8_t)octet);
        return 1;
    }
    uint32_t back = number(f, DISTANCE_MIN, DISTANCE_MAX) + 1;
    if (f->ended || back > f->out) {
        return 0;
    }
    n += 2;
    for (uint32_t i = 0; i < n; i++) {
        put(f, to + i, f->history[(f->out - back) % HISTORY]);
    }
    return n;
}

_Static_assert((1 << (LENGTH_MAX + 1)) <= MOST_LENGTH, "a copy fits");

const LHADecoderType rst_arj_fastest_decoder = {begin,           NULL,        step,
                                                sizeof(fastest), MOST_LENGTH, HISTORY};
