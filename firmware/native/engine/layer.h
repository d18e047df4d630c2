// Layers: the stack of objects that lie one inside the other. Layer 0 is the message; a decoded
// part, a file in a container, a nested message are each one layer above the layer that holds
// them. Every layer is matched against the signatures and handed to the handler of its format,
// which may open the next layer. Strictly last in, first out; no memory but this array.
#ifndef RST_LAYER_H
#define RST_LAYER_H

#include <stdbool.h>

#include "cab.h"
#include "cms.h"
#include "engine.h"
#include "gzip.h"
#include "html.h"
#include "match_state.h"
#include "mime.h"
#include "office.h"
#include "ole.h"
#include "onenote.h"
#include "packed.h"
#include "pdf.h"
#include "relations.h"
#include "rtf.h"
#include "sevenzip.h"
#include "store.h"
#include "tar.h"
#include "text.h"
#include "tnef.h"
#include "type.h"
#include "zip.h"

enum {
    // First octets kept to tell the format: the mark of a PDF may end here, tar has its first
    // header in 512.
    RST_HEAD = 1029,
};

// A stretch of octets that has no place in the wire form: it came out of a decoder.
#define RST_NO_WIRE UINT64_MAX

// What the layer above knows of the object; the first octets may say otherwise.
typedef enum {
    RST_HINT_FILE = 0,
    RST_HINT_TEXT,
    RST_HINT_MAIL,
    RST_HINT_HTML,
    RST_HINT_OLE1, // an embedded object of RTF
} rst_hint;

// What may be replaced if something is found here.
typedef struct {
    rst_edit edit;
    uint64_t start; // of the part or the lines; 0 if the whole message
    uint32_t owner; // serial of the part: one infected part is one finding
    bool sealed;    // below multipart/signed: only the whole message can be replaced
} rst_place;

struct rst_layer {
    rst_match match;
    rst_place place;
    rst_format format;
    rst_type type;
    rst_type content; // by the octets alone
    rst_type by_name; // what the name made of it; a handler may have made `type` another since
    rst_hint hint;
    bool unnamed;   // `name` is made up
    uint64_t room;  // scratch in use when this layer was opened: given back when it closes
    rst_text_charset charset; // of a text, as its header says
    bool wired;     // octets come with their place in the wire form
    bool too_many;  // the entries were used up before
    uint32_t found; // findings when this layer was opened: later ones lie inside
    uint16_t head_n;
    uint64_t head_wire; // of head[0]
    uint8_t head[RST_HEAD];
    char name[RST_MAX_NAME];
    char alias[RST_MAX_NAME];        // another name that some readers go by; "" if none
    char declared[RST_MAX_DECLARED]; // Content-Type in lower case; "" if none
    union {
        rst_mime mime;
        rst_text text;
        rst_zip zip;
        rst_gzip gzip;
        rst_tar tar;
        rst_stored stored;
        rst_relations relations;
        rst_rtf rtf;
        rst_html html;
        rst_cms cms;
        rst_packed packed;
    } u;
};

typedef struct {
    void (*begin)(rst_scanner *s, rst_layer *l);
    // `wire` is where data[0] lies in the wire form, the rest follows on, or RST_NO_WIRE.
    void (*write)(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire);
    void (*end)(rst_scanner *s, rst_layer *l);
} rst_handler;

extern const rst_handler rst_handlers[RST_FORMATS];

// Opens the layer above the topmost. Returns it, or NULL when a limit forbids it: the finding is
// made here, and the caller goes on without looking inside. `name` is printable UTF-8.
rst_layer *rst_layer_open(rst_scanner *s, rst_hint hint, const char *name, const rst_place *place,
                          bool wired);
void rst_layer_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire);
// A handler knows better what the content is. What runs by its name stays what the name made of it.
void rst_layer_refine(rst_layer *l, rst_type type);
// Ends the topmost layer, which must be `l`.
void rst_layer_close(rst_scanner *s, rst_layer *l);

// The type without what the name made of it.
static inline rst_type rst_layer_content(const rst_layer *l) {
    return l->type == l->by_name ? l->content : l->type;
}

// One more part or entry. False: more than the limit, and the finding has been made.
bool rst_count_entry(rst_scanner *s, const rst_layer *in);

// The wire position n octets further on.
static inline uint64_t rst_wire(uint64_t wire, size_t n) {
    return wire == RST_NO_WIRE ? RST_NO_WIRE : wire + n;
}

#endif
