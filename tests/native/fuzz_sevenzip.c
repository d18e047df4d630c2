// Fuzz target of what 7-Zip's own decoders read: PPMd of 7z and zip, BCJ2, without the containers
// around them, so that the settings are what the input says. Input: a kind, a u16 that says how to
// cut, settings, data. The state and the model of PPMd have just the octets that they ask for.
// Invariants: what comes out does not depend on the cuts, nor on what the memory held before.
#include "fuzz_common.h"
#include "ppmd.h"

enum { MOST_MODEL = 1 << 17, LEAST_ZIP = 1 << 20, HEAD = 3, MOST_OUT = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

typedef struct {
    rst_inflated end;
    size_t n;
    uint8_t octets[MOST_OUT];
} result;

static void *filled(size_t n, int with) {
    void *p = malloc(n);
    if (p == NULL) {
        exit(0);
    }
    memset(p, with, n);
    return p;
}

static void unpack(const rst_ppmd_settings *o, size_t size, const uint8_t *data, size_t n,
                   size_t cut, int with, result *r) {
    void *state = filled(rst_ppmd_state(), with);
    void *model = filled((size_t)rst_ppmd_model(o), with);
    rst_ppmd *p = rst_ppmd_begin(state, model, o, size);
    r->n = 0;
    size_t at = 0;
    do {
        size_t take = n - at < cut ? n - at : cut;
        rst_pipe pipe = {.in = data + at, .in_n = take};
        at += take;
        do {
            pipe.out = r->octets + r->n;
            pipe.out_n = sizeof r->octets - r->n < cut ? sizeof r->octets - r->n : cut;
            size_t room = pipe.out_n;
            r->end = rst_ppmd_run(p, &pipe, at == n);
            r->n += room - pipe.out_n;
        } while (r->end == RST_INFLATE_MORE && pipe.out_n == 0);
        if (r->end == RST_INFLATE_MORE && pipe.in_n > 0) {
            abort(); // it waits, and has something to take
        }
    } while (r->end == RST_INFLATE_MORE && at < n);
    if (r->end == RST_INFLATE_MORE || (r->end == RST_INFLATE_DONE && r->n != size)) {
        abort(); // no end
    }
    free(state);
    free(model);
}

static void ppmd(rst_ppmd_settings *o, const uint8_t *data, size_t n, size_t cut) {
    static result whole, pieces;
    if (n < 7) {
        return;
    }
    o->order = o->zip ? 2 + data[0] % 15U : 2 + data[0] % 63U;
    // Zip cannot say less than 1 MiB. With a few KiB, variant I that cuts its model off goes round
    // in circles for ever.
    o->memory = o->zip ? LEAST_ZIP : 2048 + rst_le32(data + 1) % MOST_MODEL;
    size_t size = rst_le16(data + 5);
    unpack(o, size, data + 7, n - 7, n, 0xaa, &whole);
    unpack(o, size, data + 7, n - 7, cut, 0x55, &pieces);
    if (whole.end != pieces.end || whole.n != pieces.n ||
        memcmp(whole.octets, pieces.octets, whole.n) != 0) {
        abort();
    }
}

static bool count(rst_scanner *s, rst_layer *l, void *user, const uint8_t *data, size_t n) {
    (void)s;
    (void)l;
    (void)data;
    *(uint64_t *)user += n;
    return true;
}

static void bcj2(const uint8_t *data, size_t n) {
    static rst_scanner scanner;
    static uint8_t room[1 << 20];
    if (n < 6) {
        return;
    }
    rst_7z_folder f = {.coders_n = 1, .packed_n = 4, .packed_ins = {0, 1, 2, 3}};
    f.coders[0] = (rst_7z_coder){.id = 0x0303011b, .ins = 4};
    size_t left = n - 6;
    for (size_t i = 0; i < 4; i++) {
        size_t want = i == 3 ? left : rst_le16(data + 2 * i) * (i == 0 ? (size_t)1 : 4);
        f.packed_sizes[i] = want < left ? want : left;
        f.packed += f.packed_sizes[i];
        left -= (size_t)f.packed_sizes[i];
        f.sizes[0] += i < 3 ? f.packed_sizes[i] : 0;
    }
    rst_limits limits;
    rst_limits_default(&limits);
    rst_scratch scratch = {.base = room, .size = sizeof room};
    rst_scanner_init(&scanner, NULL, &limits, NULL, &scratch);
    uint64_t out = 0;
    bool good = !rst_7z_is_bcj2(&f) ||
                rst_7z_unpack_bcj2(&scanner, &scanner.layers[0], &f, data + 6, count, &out);
    if (out > f.sizes[0] || (good && out != f.sizes[0])) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    if (n < HEAD) {
        return 0;
    }
    size_t cut = 1 + (size_t)rst_le16(input + 1) % 600;
    rst_ppmd_settings o = {.zip = input[0] % 4 != 0, .restore = input[0] % 4 == 2};
    // A copy of its own, so that the address sanitizer sees its end.
    uint8_t *copy = malloc(n - HEAD + 1);
    if (copy != NULL) {
        memcpy(copy, input + HEAD, n - HEAD);
        if (input[0] % 4 == 3) {
            bcj2(copy, n - HEAD);
        } else {
            ppmd(&o, copy, n - HEAD, cut);
        }
        free(copy);
    }
    return 0;
}
