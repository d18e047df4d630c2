// See tnef.h. Check sums are not looked at: no reader insists on them.
#include "tnef.h"

#include <string.h>

#include "print.h"
#include "report.h"
#include "scanner.h"

enum {
    HEADER = 6,     // mark and key
    ATTRIBUTE = 9,  // level, name, octets
    ATTACHMENT = 2, // level
    BODY = 0x800c,
    DATA = 0x800f,
    TITLE = 0x8010,
    RENDERING = 0x9002, // begins the next attachment
    MESSAGE_PROPS = 0x9003,
    ATTACHMENT_PROPS = 0x9005,
};

static void print_name(const rst_tnef_object *o, char *out, size_t cap) {
    rst_print p;
    rst_print_init(&p, out, cap);
    rst_span name = o->long_name.n > 0 ? o->long_name : o->title;
    bool wide = o->long_name.n > 0 && o->wide;
    for (size_t i = 0; i + (wide ? 2 : 1) <= name.n && !p.full; i += wide ? 2 : 1) {
        uint32_t c = wide ? rst_le16(name.data + i) : name.data[i];
        if (c == 0) {
            break;
        }
        rst_print_code(&p, wide || c < 0x80 ? c : '?');
    }
    rst_print_end(&p);
    if (out[0] == 0) {
        memcpy(out, "attachment", sizeof "attachment");
    }
}

static bool give(rst_scanner *s, rst_layer *l, const char *name, rst_span octets) {
    return octets.data == NULL || octets.n == 0 ||
           rst_expand_whole(s, l, name, octets.data, octets.n);
}

// PR_ATTACH_DATA_OBJ begins with the interface's name; that of a message is a TNEF itself.
static rst_span behind_interface(rst_span b) {
    static const uint8_t tail[] = {0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46};
    if (b.data != NULL && b.n > 16 && memcmp(b.data + 4, tail, sizeof tail) == 0) {
        return (rst_span){b.data + 16, b.n - 16};
    }
    return b;
}

// What was gathered becomes objects. False: nothing more may come out.
static bool finish(rst_scanner *s, rst_layer *l, rst_tnef_object *o) {
    char name[RST_MAX_NAME];
    print_name(o, name, sizeof name);
    bool more = give(s, l, name, o->data) && give(s, l, name, behind_interface(o->binary)) &&
                give(s, l, "body", o->body) && give(s, l, "body.html", o->html) &&
                (o->rich.data == NULL || rst_lzfu(s, l, o->rich.data, o->rich.n));
    *o = (rst_tnef_object){0};
    return more;
}

// One attribute. False: nothing more may come out.
static bool attribute(rst_scanner *s, rst_layer *l, unsigned id, rst_span v, rst_tnef_object *o) {
    bool more = true;
    switch (id) {
    case RENDERING:
        return finish(s, l, o);
    case BODY:
        return give(s, l, "body", v);
    case TITLE:
        more = o->title.data == NULL || finish(s, l, o);
        o->title = v;
        return more;
    case DATA:
        more = o->data.data == NULL || finish(s, l, o);
        o->data = v;
        return more;
    case MESSAGE_PROPS:
    case ATTACHMENT_PROPS:
        more = (o->binary.data == NULL && o->rich.data == NULL) || finish(s, l, o);
        if (!rst_tnef_props(s, v.data, v.n, o)) {
            rst_found(s, RST_MALFORMED, "tnef properties", l, &l->place, NULL);
        }
        return more;
    default:
        return true;
    }
}

void rst_tnef_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *data = rst_store_whole(s, l, &n);
    if (data == NULL) {
        return;
    }
    rst_tnef_object o = {0};
    size_t at = n < HEADER ? n : HEADER;
    bool more = true;
    bool cut = n < HEADER;
    while (more && n - at >= ATTRIBUTE && (data[at] == 1 || data[at] == 2)) {
        unsigned id = rst_le16(data + at + 1);
        uint32_t size = rst_le32(data + at + 5);
        at += ATTRIBUTE;
        cut = size > n - at;
        rst_span v = {data + at, size > n - at ? n - at : size};
        at += v.n;
        at += n - at < 2 ? n - at : 2; // the check sum, which some lack at the end
        more = attribute(s, l, id, v, &o) && rst_budget_left(s);
    }
    cut = cut || (n > at && n - at < ATTRIBUTE && (data[at] == 1 || data[at] == 2));
    if (more) {
        finish(s, l, &o);
    }
    if (cut && !s->halted) {
        rst_found(s, RST_MALFORMED, "tnef is cut off", l, &l->place, NULL);
    }
}
