// OneNote sections (MS-ONESTORE), stored whole: files that were dropped into a page.
#ifndef RST_ONENOTE_H
#define RST_ONENOTE_H

#include "store.h"

void rst_onenote_end(rst_scanner *s, rst_layer *l);

#endif
