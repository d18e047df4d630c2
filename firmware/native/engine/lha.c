// See lha.h. lhasa was made for files that one trusts more than mail. What it does not bound is
// bounded here: input is handed out only while it is paid for, output ends at the size that the
// header says.
#include "lha.h"

#include <string.h>

#include <lha_decoder.h>

#include "arj_fastest.h"
#include "lha_pm2.h"
#include "report.h"
#include "scanner.h"

extern LHADecoderType lha_lz5_decoder, lha_lzs_decoder, lha_lh1_decoder, lha_lh4_decoder,
    lha_lh5_decoder, lha_lh6_decoder, lha_lh7_decoder, lha_lhx_decoder, lha_lk7_decoder,
    lha_pm1_decoder;

enum {
    SLACK = 128, // octets that may be left over: CP/M counts in records
    // Octets that one read may take of a stream with tables: a block's tables are 1.1 KiB at most,
    // unless somebody wants to make work with blocks that hold nothing.
    MOST_TABLES = 2048,
    // Units for each octet of input: bits are read one by one.
    UNITS = 4,
    // Units for each octet of a table: up to 31 octets make 22,000 steps.
    TABLE_UNITS = 384,
    SYMBOL = 8, // octets that a symbol may take, with what is read ahead
};

static const struct {
    char method[4];
    bool tables;
    const LHADecoderType *type;
} known[] = {
    {"lh1", false, &lha_lh1_decoder},     {"lh4", true, &lha_lh4_decoder},
    {"lh5", true, &lha_lh5_decoder},      {"lh6", true, &lha_lh6_decoder},
    {"lh7", true, &lha_lh7_decoder},      {"lhx", true, &lha_lhx_decoder},
    {"lk7", true, &lha_lk7_decoder},      {"lzs", false, &lha_lzs_decoder},
    {"lz5", false, &lha_lz5_decoder},     {"pm1", false, &lha_pm1_decoder},
    {"pm2", false, &rst_lha_pm2_decoder}, {"aj4", false, &rst_arj_fastest_decoder},
};

static int row_of(const char *method) {
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (memcmp(known[i].method, method, 3) == 0) {
            return (int)i;
        }
    }
    return -1;
}

bool rst_lha_known(const char *method) {
    return row_of(method) >= 0;
}

uint16_t rst_lha_crc16(uint16_t crc, const uint8_t *data, size_t n) {
    // Of the numbers 0 to 15; polynomial 0x8005, lowest bit first.
    static const uint16_t table[16] = {0x0000, 0xcc01, 0xd801, 0x1400, 0xf001, 0x3c00,
                                       0x2800, 0xe401, 0xa001, 0x6c00, 0x7800, 0xb401,
                                       0x5000, 0x9c01, 0x8801, 0x4400};
    for (size_t i = 0; i < n; i++) {
        crc = (uint16_t)(crc >> 4 ^ table[(crc ^ data[i]) & 15]);
        crc = (uint16_t)(crc >> 4 ^ table[(crc ^ data[i] >> 4) & 15]);
    }
    return crc;
}

typedef struct {
    rst_scanner *s;
    const uint8_t *data;
    size_t n, at;
    size_t since; // where the decoder's read began
    bool tables;
} source;

// The decoder's way to its input.
static size_t pull(void *to, size_t want, void *user) {
    source *in = user;
    size_t take = in->n - in->at < want ? in->n - in->at : want;
    size_t read = in->at - in->since;
    if (take == 0 || in->s->halted || (in->tables && read > MOST_TABLES)) {
        return 0;
    }
    memset(to, 0, want); // some decoders look at more than they got
    memcpy(to, in->data + in->at, take);
    in->at += take;
    rst_spend(in->s, take * (in->tables && read > SYMBOL ? TABLE_UNITS : UNITS));
    return take;
}

typedef struct {
    rst_layer *child;
    const rst_lha_entry *e;
    uint64_t out;
    uint32_t crc;
} sink;

// Hands on n octets, or what the entry has left.
static bool give(rst_scanner *s, rst_layer *l, sink *to, const uint8_t *data, size_t n) {
    n = n < to->e->size - to->out ? n : (size_t)(to->e->size - to->out);
    to->out += n;
    to->crc = to->e->wide ? (uint32_t)crc32(to->crc, data, (uInt)n)
                          : rst_lha_crc16((uint16_t)to->crc, data, n);
    return rst_expand(s, l, to->child, data, n);
}

// Reads until the entry's size is reached. `room` holds the decoder's state, then what came out.
static rst_inflated decode(rst_scanner *s, rst_layer *l, const LHADecoderType *type, source *in,
                           sink *to, uint8_t *room, bool *over) {
    uint8_t *out = room + type->extra_size;
    size_t n = 0;
    size_t got = 1;
    if (!type->init(room, pull, in)) {
        return RST_INFLATE_BROKEN;
    }
    while (got > 0 && to->out < to->e->size) {
        in->since = in->at;
        got = type->read(room, out + n);
        n += got;
        if (in->tables && in->at - in->since > SYMBOL && !rst_budget_left(s)) {
            return RST_INFLATE_LIMIT;
        }
        if (n < RST_BLOCK && got > 0 && to->out + n < to->e->size) {
            continue;
        }
        if (!give(s, l, to, out, n)) {
            *over = true;
            return RST_INFLATE_LIMIT;
        }
        n = 0;
        if (!rst_expand_ratio(s, l, to->child, in->at, to->out)) {
            return RST_INFLATE_LIMIT;
        }
    }
    bool whole = to->out == to->e->size && in->n - in->at <= SLACK;
    return whole && to->crc == to->e->crc ? RST_INFLATE_DONE : RST_INFLATE_BROKEN;
}

rst_inflated rst_lha_expand(rst_scanner *s, rst_layer *l, const rst_lha_entry *e, bool *over) {
    int row = row_of(e->method);
    uint64_t before = s->scratch_n;
    *over = row < 0 || !rst_count_entry(s, l);
    if (*over) {
        return RST_INFLATE_LIMIT;
    }
    const LHADecoderType *type = known[row].type;
    uint8_t *room = rst_scratch_take(s, l, type->extra_size + type->max_read + RST_BLOCK);
    rst_inflated result = RST_INFLATE_LIMIT;
    if (room != NULL) {
        source in = {.s = s, .data = e->data, .n = e->n, .tables = known[row].tables};
        sink to = {.e = e};
        to.child = rst_layer_open(s, RST_HINT_FILE, e->name, &l->place, false);
        if (!s->halted) {
            result = decode(s, l, type, &in, &to, room, over);
        }
        if (to.child != NULL) {
            rst_layer_close(s, to.child);
        }
    }
    *over = *over || s->halted;
    s->scratch_n = before;
    return result;
}
