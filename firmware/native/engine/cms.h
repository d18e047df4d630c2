// Cryptographic messages (RFC 5652), as S/MIME carries them: what is only signed is opened.
#ifndef RST_CMS_H
#define RST_CMS_H

#include "store.h"

typedef struct {
    rst_stored stored; // first, as store.h wants it
} rst_cms;

// The last third of the handler; the others are those of store.h.
void rst_cms_end(rst_scanner *s, rst_layer *l);

// PGP (RFC 4880): says that it is encrypted.
void rst_pgp_begin(rst_scanner *s, rst_layer *l);

#endif
