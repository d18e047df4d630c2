// Types by marks of the signatures' own (".ftm"): for what the engine does not know by itself.
#ifndef RST_MARKS_H
#define RST_MARKS_H

#include "layer.h"

// The type that the signatures see in the layer's first octets, or RST_TYPE_UNKNOWN: there is no
// mark, or its type has a name that means nothing here.
rst_type rst_marks_type(rst_scanner *s, const rst_layer *l);

#endif
