// Fuzz target of what decodes octets: base64, quoted-printable, parameters, encoded words. The
// first octet chooses, the next two cut. Invariant: no crash; decoding in pieces gives the same
// octets; text for people is terminated, fits, and holds no control character.
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "params.h"
#include "print.h"
#include "qp.h"

enum { MOST = 1 << 16, ROOM = 4096 };

static size_t base64(const uint8_t *in, size_t n, size_t cut, uint8_t *out) {
    rst_base64 b = {0};
    size_t o = 0;
    for (size_t at = 0; at < n; at += cut) {
        size_t end = n - at < cut ? n : at + cut;
        for (size_t i = at; i < end;) {
            size_t got;
            i += rst_base64_take(&b, in + i, end - i, out + o, 3 + cut % ROOM, &got);
            o += got;
        }
    }
    return o + rst_base64_end(&b, out + o);
}

static size_t quoted(const uint8_t *in, size_t n, size_t cut, uint8_t *out) {
    rst_qp q = {0};
    size_t o = 0;
    for (size_t at = 0; at < n; at += cut) {
        size_t end = n - at < cut ? n : at + cut;
        for (size_t i = at; i < end;) {
            size_t got;
            i += rst_qp_take(&q, in + i, end - i, out + o, RST_QP_HELD + 4 + cut % ROOM, &got);
            o += got;
        }
    }
    return o + rst_qp_end(&q, out + o);
}

static void check_text(const char *text, size_t cap) {
    size_t n = strnlen(text, cap);
    if (n == cap) {
        abort();
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
            abort();
        }
    }
}

static void texts(const uint8_t *in, size_t n, size_t cut) {
    char text[300];
    size_t cap = 1 + cut % sizeof text;
    rst_param_text(in, n, "name", text, cap);
    check_text(text, cap);
    rst_print p;
    rst_print_init(&p, text, cap);
    rst_print_words(&p, in, n);
    rst_print_end(&p);
    check_text(text, cap);
    uint8_t octets[257];
    size_t got;
    rst_param_octets(in, n, "boundary", octets, 1 + cut % sizeof octets, &got);
    if (got > 1 + cut % sizeof octets) {
        abort();
    }
    size_t rest;
    rst_param_value(in, n, text, cap, &rest);
    if (rest > n || strnlen(text, cap) == cap) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    static uint8_t whole[2 * MOST], pieces[2 * MOST];
    if (n < 3 || n > MOST) {
        return 0;
    }
    size_t cut = 1 + (size_t)(input[1] | input[2] << 8) % 300;
    int choice = input[0] % 3;
    n -= 3;
    uint8_t *copy = malloc(n + 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, input + 3, n);
    if (choice == 2) {
        texts(copy, n, cut);
    } else {
        size_t (*decode)(const uint8_t *, size_t, size_t, uint8_t *) =
            choice == 0 ? base64 : quoted;
        size_t a = decode(copy, n, n + 1, whole);
        size_t b = decode(copy, n, cut, pieces);
        if (a != b || memcmp(whole, pieces, a) != 0) {
            abort();
        }
    }
    free(copy);
    return 0;
}
