// Walks a ContentInfo in DER or BER (X.690): lengths may be indefinite, strings may be cut in
// pieces. Only the content of signed data is looked at, no signature and no certificate.
#include "cms.h"

#include <string.h>

#include "ascii.h"
#include "report.h"
#include "scanner.h"

enum { OCTETS = 0x04, OCTETS_IN_PIECES = 0x24, OID = 0x06, SEQUENCE = 0x30, CONTENT = 0xa0 };

typedef struct {
    const uint8_t *at, *end;
} span;

typedef struct {
    uint8_t tag;
    bool indefinite; // `body` goes on to the end of what holds it
    span body;
} element;

// Takes the head of an element; its body is left to the caller, who goes on behind `body.end`.
static bool take(span *in, element *e) {
    size_t n = (size_t)(in->end - in->at);
    if (n < 2 || (in->at[0] & 0x1f) == 0x1f) {
        return false; // no tag above 30 is in use here
    }
    e->tag = in->at[0];
    size_t size = in->at[1];
    size_t head = 2;
    e->indefinite = size == 0x80 && (e->tag & 0x20) != 0;
    if (size > 0x80) {
        size_t octets = size & 0x7f;
        if (octets > 4 || n - head < octets) {
            return false;
        }
        for (size = 0; octets > 0; octets--) {
            size = size << 8 | in->at[head++];
        }
    } else if (size == 0x80) {
        size = n - head;
    }
    if (size > n - head || (in->at[1] == 0x80 && !e->indefinite)) {
        return false;
    }
    e->body.at = in->at + head;
    e->body.end = e->body.at + size;
    return true;
}

static bool enter(span *in, uint8_t tag, span *inside) {
    element e;
    if (!take(in, &e) || e.tag != tag) {
        return false;
    }
    *inside = e.body;
    return true;
}

// Passes over one element, however deep it is: elements of indefinite size end at their marks.
static bool skip(span *in) {
    size_t open = 0;
    do {
        element e;
        if (!take(in, &e)) {
            return false;
        }
        if (e.indefinite) {
            open++;
            in->at = e.body.at;
        } else {
            open -= e.tag == 0 && open > 0 ? 1 : 0;
            in->at = e.body.end;
        }
    } while (open > 0);
    return true;
}

// Hands on the pieces of an octet string. False: it is cut off.
static bool write_pieces(rst_scanner *s, rst_layer *child, span in, bool indefinite) {
    size_t open = indefinite ? 1 : 0;
    while (in.at < in.end) {
        element e;
        if (!take(&in, &e)) {
            return false;
        }
        if (e.tag == OCTETS_IN_PIECES) {
            open += e.indefinite ? 1 : 0;
            in.at = e.body.at; // its pieces come next
        } else if (e.tag == 0) {
            in.at = e.body.end;
            open -= open > 0 ? 1 : 0;
            if (open == 0 && indefinite) {
                return true;
            }
        } else if (e.tag == OCTETS) {
            rst_layer_write(s, child, e.body.at, (size_t)(e.body.end - e.body.at), RST_NO_WIRE);
            in.at = e.body.end;
        } else {
            return false;
        }
    }
    return open == 0;
}

// The first octets of an octet string, whether in pieces or not.
static span first_piece(span in) {
    element e = {0};
    while (take(&in, &e) && e.tag == OCTETS_IN_PIECES) {
        in = e.body;
    }
    return e.body;
}

// A header field, or the empty line that ends an empty header. A single piece may be short.
static bool like_mail(span text) {
    const uint8_t *p = text.at;
    while (p < text.end && *p > ' ' && *p < 0x7f && *p != ':') {
        p++;
    }
    return p == text.end || *p == ':' || (p == text.at && (*p == '\r' || *p == '\n'));
}

static void open_content(rst_scanner *s, rst_layer *l, span in) {
    element e;
    if (!take(&in, &e)) {
        rst_found(s, RST_MALFORMED, "S/MIME that is cut off", l, &l->place, NULL);
        return;
    }
    if (!rst_count_entry(s, l)) {
        return;
    }
    rst_hint hint = like_mail(first_piece(in)) ? RST_HINT_MAIL : RST_HINT_FILE;
    rst_layer *child = rst_layer_open(s, hint, "signed", &l->place, false);
    if (child == NULL) {
        return;
    }
    bool whole = true;
    if (e.tag == OCTETS_IN_PIECES) {
        whole = write_pieces(s, child, e.body, e.indefinite);
    } else { // an octet string, or what Authenticode has in its place
        rst_layer_write(s, child, e.body.at, (size_t)(e.body.end - e.body.at), RST_NO_WIRE);
    }
    rst_layer_close(s, child);
    if (!whole) {
        rst_found(s, RST_MALFORMED, "S/MIME that is cut off", l, &l->place, NULL);
    }
}

// SignedData: version, digest algorithms, and the content with its type. False: none of these.
static bool open_signed(rst_scanner *s, rst_layer *l, span in) {
    span inside, content;
    if (!enter(&in, SEQUENCE, &inside) || !skip(&inside) || !skip(&inside) ||
        !enter(&inside, SEQUENCE, &content) || !skip(&content)) {
        return false;
    }
    if (content.at < content.end && content.at[0] == CONTENT) {
        span octets;
        if (!enter(&content, CONTENT, &octets)) {
            return false;
        }
        open_content(s, l, octets);
    }
    return true; // without: a signature of something else, or certificates
}

typedef enum {
    DATA = 1,
    SIGNED = 2,
    ENVELOPED = 3,
    ENCRYPTED = 6,
    AUTH_ENVELOPED = 23
} content_type;

static bool open_info(rst_scanner *s, rst_layer *l, span in) {
    span inside, oid, content;
    if (!enter(&in, SEQUENCE, &inside)) {
        return false;
    }
    span whole = inside;
    if (!enter(&inside, OID, &oid) || oid.at == oid.end || !skip(&whole) ||
        !enter(&whole, CONTENT, &content)) {
        return false;
    }
    int type = oid.end[-1];
    bool pkcs7 = oid.end - oid.at == 9;
    if (pkcs7 && type == SIGNED) {
        return open_signed(s, l, content);
    }
    if (pkcs7 && type == DATA) {
        open_content(s, l, content);
    } else if (pkcs7 ? type == ENVELOPED || type == ENCRYPTED : type == AUTH_ENVELOPED) {
        rst_found(s, RST_ENCRYPTED, "S/MIME", l, &l->place, NULL);
    } else {
        rst_found(s, RST_UNSCANNABLE, "S/MIME of another kind", l, &l->place, NULL);
    }
    return true;
}

void rst_cms_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *data = rst_store_whole(s, l, &n);
    if (data != NULL && !open_info(s, l, (span){data, data + n})) {
        rst_found(s, RST_MALFORMED, "S/MIME that is cut off", l, &l->place, NULL);
    }
}

void rst_pgp_begin(rst_scanner *s, rst_layer *l) {
    rst_found(s, RST_ENCRYPTED, "PGP", l, &l->place, NULL);
}
