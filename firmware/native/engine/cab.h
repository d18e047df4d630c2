// Cabinets (MS-CAB): folders that are stored, MSZIP, LZX or Quantum are read. The object is stored
// whole: its directory stands in front, but files may lie in the folders in any order.
#ifndef RST_CAB_H
#define RST_CAB_H

#include "expand.h"

void rst_cab_end(rst_scanner *s, rst_layer *l);

#endif
