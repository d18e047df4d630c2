// TNEF ("winmail.dat", MS-OXTNEF): what Outlook wraps attachments in. Stored whole, read at the
// end.
#ifndef RST_TNEF_H
#define RST_TNEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rst_scanner rst_scanner;
typedef struct rst_layer rst_layer;

// Octets of an object in the file. NULL: not there.
typedef struct {
    const uint8_t *data;
    size_t n;
} rst_span;

// One attachment, or the message itself, as its attributes come.
typedef struct {
    rst_span title;     // attAttachTitle
    rst_span data;      // attAttachData
    rst_span long_name; // PR_ATTACH_LONG_FILENAME, PR_ATTACH_FILENAME
    bool wide;          // long_name is UTF-16
    rst_span binary;    // PR_ATTACH_DATA_BIN
    rst_span rich;      // PR_RTF_COMPRESSED
    rst_span html;      // PR_BODY_HTML
    rst_span body;      // PR_BODY
} rst_tnef_object;

void rst_tnef_end(rst_scanner *s, rst_layer *l);

// tnef_props.c: properties of MAPI into `o`. False: they contradict themselves.
bool rst_tnef_props(rst_scanner *s, const uint8_t *data, size_t n, rst_tnef_object *o);

// lzfu.c: compressed rich text (MS-OXRTFCP) becomes an object in `l`. False: nothing more may
// come.
bool rst_lzfu(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n);

#endif
