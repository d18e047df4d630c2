// See ppmd.h. A decoder of 7-Zip's cannot stop in the middle of a symbol: so one is decoded only
// when more octets lie ready than any symbol takes, or when all are there.
#include "ppmd.h"

#include <string.h>

#include <Ppmd7.h>
#include <Ppmd8.h>

enum {
    // Octets of one symbol: at most one escape for each order (64), each with two octets in
    // variant
    // H; at most 16 with four in variant I; and five to begin with.
    SYMBOL = 256,
    HOLD = 4096,
    PROPS_7Z = 5,
};

struct rst_ppmd {
    IByteIn reader; // first, so that its address is that of the whole
    ISzAlloc memory;
    void *model;
    bool zip, started, broken;
    unsigned order, restore;
    uint64_t left; // octets to come out
    size_t at, n;  // of what is held
    uint8_t hold[HOLD];
    union {
        CPpmd7 h;
        CPpmd8 i;
    } u;
};

bool rst_ppmd_of_7z(rst_ppmd_settings *o, const uint8_t *props, size_t n) {
    if (n != PROPS_7Z) {
        return false;
    }
    *o = (rst_ppmd_settings){.order = props[0]};
    for (int i = 4; i > 0; i--) {
        o->memory = o->memory << 8 | props[i];
    }
    return o->order >= PPMD7_MIN_ORDER && o->order <= PPMD7_MAX_ORDER &&
           o->memory >= PPMD7_MIN_MEM_SIZE && o->memory <= PPMD7_MAX_MEM_SIZE;
}

bool rst_ppmd_of_zip(rst_ppmd_settings *o, uint16_t head) {
    *o = (rst_ppmd_settings){.zip = true,
                             .order = (head & 15U) + 1,
                             .memory = ((head >> 4 & 255U) + 1) << 20,
                             .restore = head >> 12};
    return o->order >= PPMD8_MIN_ORDER && o->restore < PPMD8_RESTORE_METHOD_UNSUPPPORTED;
}

size_t rst_ppmd_state(void) {
    return sizeof(rst_ppmd);
}

uint64_t rst_ppmd_model(const rst_ppmd_settings *o) {
    return (uint64_t)o->memory + 3; // the decoders align its end
}

// Behind the end everything reads as 0, and it is broken.
static Byte next_octet(IByteInPtr in) {
    // The reader is never constant; its type is so for all readers.
    rst_ppmd *p = (rst_ppmd *)(uintptr_t)in; // NOLINT(performance-no-int-to-ptr)
    if (p->at == p->n) {
        p->broken = true;
        return 0;
    }
    return p->hold[p->at++];
}

static void *give_model(ISzAllocPtr memory, size_t n) {
    (void)n;
    const uint8_t *p = (const uint8_t *)memory - offsetof(rst_ppmd, memory);
    return ((const rst_ppmd *)(const void *)p)->model;
}

static void take_model(ISzAllocPtr memory, void *address) {
    (void)memory;
    (void)address;
}

rst_ppmd *rst_ppmd_begin(void *state, void *model, const rst_ppmd_settings *o, uint64_t size) {
    rst_ppmd *p = state;
    p->reader.Read = next_octet;
    p->memory = (ISzAlloc){give_model, take_model};
    p->model = model;
    p->zip = o->zip;
    p->started = false;
    p->broken = false;
    p->order = o->order;
    p->restore = o->restore;
    p->left = size;
    p->at = 0;
    p->n = 0;
    if (o->zip) {
        Ppmd8_Construct(&p->u.i);
        Ppmd8_Alloc(&p->u.i, o->memory, &p->memory);
        p->u.i.Stream.In = &p->reader;
    } else {
        Ppmd7_Construct(&p->u.h);
        Ppmd7_Alloc(&p->u.h, o->memory, &p->memory);
        p->u.h.rc.dec.Stream = &p->reader;
    }
    return p;
}

static void start(rst_ppmd *p) {
    bool good;
    if (p->zip) {
        good = Ppmd8_Init_RangeDec(&p->u.i);
        Ppmd8_Init(&p->u.i, p->order, p->restore);
    } else {
        good = Ppmd7z_RangeDec_Init(&p->u.h.rc.dec);
        Ppmd7_Init(&p->u.h, p->order);
    }
    p->started = true;
    p->broken = p->broken || !good;
}

// `all`: no octets come behind those that are held.
static void decode(rst_ppmd *p, rst_pipe *pipe, bool all) {
    while (pipe->out_n > 0 && p->left > 0 && (all || p->n - p->at >= SYMBOL)) {
        if (!p->started) {
            start(p);
        }
        int symbol = 0;
        if (!p->broken) {
            symbol = p->zip ? Ppmd8_DecodeSymbol(&p->u.i) : Ppmd7z_DecodeSymbol(&p->u.h);
        }
        p->broken = p->broken || symbol < 0;
        if (p->broken) {
            return;
        }
        *pipe->out++ = (uint8_t)symbol;
        pipe->out_n--;
        p->left--;
    }
}

static void fill(rst_ppmd *p, rst_pipe *pipe) {
    memmove(p->hold, p->hold + p->at, p->n - p->at);
    p->n -= p->at;
    p->at = 0;
    size_t take = sizeof p->hold - p->n < pipe->in_n ? sizeof p->hold - p->n : pipe->in_n;
    memcpy(p->hold + p->n, pipe->in, take);
    p->n += take;
    pipe->in += take;
    pipe->in_n -= take;
}

rst_inflated rst_ppmd_run(rst_ppmd *p, rst_pipe *pipe, bool last) {
    do {
        fill(p, pipe);
        decode(p, pipe, last && pipe->in_n == 0);
        if (p->broken) {
            return RST_INFLATE_BROKEN;
        }
        if (p->left == 0) {
            p->at = p->n;
            pipe->in += pipe->in_n;
            pipe->in_n = 0;
            return last ? RST_INFLATE_DONE : RST_INFLATE_MORE;
        }
    } while (pipe->out_n > 0 && pipe->in_n > 0);
    return RST_INFLATE_MORE;
}
