// Rules of the signatures about what is told from outside: names, sender, subject, and what a
// container says of an entry. Each makes a finding if one matches.
#ifndef RST_SIGRULES_H
#define RST_SIGRULES_H

#include "layer.h"

// The name of the object in layer `l`.
void rst_sigrules_name(rst_scanner *s, const rst_layer *l);
// An entry of the container in layer `l`; also where no layer is opened for it.
void rst_sigrules_entry(rst_scanner *s, const rst_layer *l, const rst_entry *entry);
// A field of the message's own header, as it stands there.
void rst_sigrules_field(rst_scanner *s, const rst_layer *l, rst_rule kind, const uint8_t *body,
                        size_t n);

#endif
