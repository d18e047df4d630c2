// Properties of MAPI as TNEF lists them (MS-OXTNEF 2.1.3.4): each is a type, a name and its
// values, padded to four octets.
#include "report.h"
#include "scanner.h"
#include "tnef.h"

enum {
    MANY = 0x1000, // flag of a type: any number of values
    NAMED = 0x8000,
    RICH = 0x1009,
    HTML = 0x1013,
    BODY = 0x1000,
    DATA = 0x3701,
    NAME = 0x3704,
    LONG_NAME = 0x3707,
    TEXT = 0x1e,
    WIDE_TEXT = 0x1f,
};

typedef struct {
    const uint8_t *data;
    size_t n, at;
    bool short_;
} cursor;

static size_t padded(size_t n) {
    return (n + 3) & ~(size_t)3;
}

static uint32_t number(cursor *c) {
    if (c->n - c->at < 4) {
        c->short_ = true;
        return 0;
    }
    c->at += 4;
    return rst_le32(c->data + c->at - 4);
}

// The padding behind the last value may be missing.
static rst_span octets(cursor *c, size_t n) {
    if (n > c->n - c->at) {
        c->short_ = true;
        return (rst_span){c->data + c->at, c->n - c->at};
    }
    rst_span v = {c->data + c->at, n};
    size_t step = padded(n);
    c->at += step < c->n - c->at ? step : c->n - c->at;
    return v;
}

// Octets of a value of this type; 0: it says so itself, or SIZE_MAX: no such type.
static size_t fixed(unsigned type) {
    switch (type) {
    case 0x00:
    case 0x01:
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x0a:
    case 0x0b:
        return 4;
    case 0x05:
    case 0x06:
    case 0x07:
    case 0x14:
    case 0x40:
        return 8;
    case 0x48:
        return 16;
    case 0x0d:
    case TEXT:
    case WIDE_TEXT:
    case 0x102:
        return 0;
    default:
        return SIZE_MAX;
    }
}

static void keep(rst_tnef_object *o, unsigned name, unsigned type, rst_span v) {
    if (name == DATA) {
        o->binary = v;
    } else if (name == LONG_NAME || (name == NAME && o->long_name.data == NULL)) {
        o->long_name = v;
        o->wide = type == WIDE_TEXT;
    } else if (name == RICH) {
        o->rich = v;
    } else if (name == HTML) {
        o->html = v;
    } else if (name == BODY) {
        o->body = v;
    }
}

// A name of the sender's own: a set, and a number or a text.
static void skip_name(cursor *c) {
    octets(c, 16);
    if (number(c) == 0) {
        number(c);
    } else {
        octets(c, number(c));
    }
}

static void values(rst_scanner *s, cursor *c, unsigned name, unsigned type, rst_tnef_object *o) {
    size_t size = fixed(type & ~(unsigned)MANY);
    if (size == SIZE_MAX) {
        c->short_ = true;
        return;
    }
    uint32_t n = size == 0 || (type & MANY) != 0 ? number(c) : 1;
    for (uint32_t i = 0; i < n && !c->short_; i++) {
        rst_spend(s, 1);
        rst_span v = octets(c, size == 0 ? number(c) : size);
        if (size == 0) {
            keep(o, name, type, v);
        }
    }
}

bool rst_tnef_props(rst_scanner *s, const uint8_t *data, size_t n, rst_tnef_object *o) {
    cursor c = {data, n, 0, false};
    uint32_t count = number(&c);
    for (uint32_t i = 0; i < count && !c.short_; i++) {
        uint32_t tag = number(&c);
        unsigned name = tag >> 16;
        if (name >= NAMED) {
            skip_name(&c);
        }
        if (!c.short_) {
            values(s, &c, name, tag & 0xffff, o);
        }
    }
    return !c.short_;
}
