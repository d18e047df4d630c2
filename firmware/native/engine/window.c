// See window.h.
#include "window.h"

#include <string.h>

uint32_t rst_window_bits(rst_window *w, unsigned n) {
    uint32_t bits = 0;
    if (n > w->input_n * 8 - w->bit) {
        w->lacking = true;
        return 0;
    }
    for (unsigned i = 0; i < n; i++, w->bit++) {
        bits |= (uint32_t)(w->input[w->bit >> 3] >> (w->bit & 7) & 1) << i;
    }
    return bits;
}

uint32_t rst_window_symbol(rst_window *w, const rst_code *code, unsigned flip) {
    uint32_t first = 0; // code of the length so far
    uint32_t index = 0; // of its symbol
    uint32_t bits = 0;
    for (unsigned length = 1; length <= RST_CODE_LENGTH; length++) {
        if (w->bit == w->input_n * 8) {
            w->lacking = true;
            return 0;
        }
        bits |= (w->input[w->bit >> 3] >> (w->bit & 7) & 1u) ^ flip;
        w->bit++;
        uint32_t count = code->counts[length];
        if (bits - first < count) {
            return code->symbols[index + (bits - first)];
        }
        index += count;
        first = (first + count) << 1;
        bits <<= 1;
    }
    w->bad = true;
    return 0;
}

int32_t rst_code_make(rst_code *code, const uint8_t *lengths, size_t n) {
    uint16_t next[RST_CODE_LENGTH + 1]; // index of the next symbol of each length
    memset(code->counts, 0, sizeof code->counts);
    for (size_t i = 0; i < n; i++) {
        code->counts[lengths[i]]++;
    }
    code->counts[0] = 0;
    int32_t left = 1;
    next[1] = 0;
    for (unsigned length = 1; length <= RST_CODE_LENGTH; length++) {
        left = (left << 1) - code->counts[length];
        if (left < 0) {
            return left;
        }
        if (length < RST_CODE_LENGTH) {
            next[length + 1] = (uint16_t)(next[length] + code->counts[length]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (lengths[i] != 0) {
            code->symbols[next[lengths[i]]++] = (uint16_t)i;
        }
    }
    return left;
}

static void put(rst_window *w, rst_pipe *p, uint8_t octet) {
    w->window[w->out++ % RST_WINDOW_OCTETS] = octet;
    *p->out++ = octet;
    p->out_n--;
}

static void copy(rst_window *w, rst_pipe *p) {
    for (; w->copy_n > 0 && p->out_n > 0; w->copy_n--) {
        put(w, p, w->window[(w->out - w->copy_back) % RST_WINDOW_OCTETS]);
    }
}

// Drops what has been read and fills up from the pipe. False if nothing came.
static bool refill(rst_window *w, rst_pipe *p) {
    size_t read = w->bit / 8;
    memmove(w->input, w->input + read, w->input_n - read);
    w->input_n -= read;
    w->bit %= 8;
    size_t room = sizeof w->input - w->input_n;
    size_t take = p->in_n < room ? p->in_n : room;
    if (take > 0) {
        memcpy(w->input + w->input_n, p->in, take);
    }
    w->input_n += take;
    p->in += take;
    p->in_n -= take;
    return take > 0;
}

// Gives octets of which no bit was read back to the pipe. They all came in this call: what lies in
// `input` between two calls is less than a step.
static void give_back(rst_window *w, rst_pipe *p) {
    size_t unread = w->input_n - (w->bit + 7) / 8;
    w->input_n -= unread;
    p->in -= unread;
    p->in_n += unread;
}

rst_inflated rst_window_run(rst_window *w, rst_pipe *p, bool last) {
    for (;;) {
        copy(w, p);
        if (p->out_n == 0) {
            give_back(w, p);
            return RST_INFLATE_MORE;
        }
        size_t before = w->bit;
        w->lacking = false;
        w->bad = false;
        rst_step step = w->step(w);
        if (w->lacking) {
            w->bit = before;
            if (!refill(w, p)) {
                return last ? RST_INFLATE_BROKEN : RST_INFLATE_MORE;
            }
        } else if (step == RST_STEP_END) {
            give_back(w, p);
            return RST_INFLATE_DONE;
        } else if (step == RST_STEP_BROKEN || w->bad) {
            return RST_INFLATE_BROKEN;
        } else if (step == RST_STEP_OCTET) {
            put(w, p, w->octet);
        }
    }
}
