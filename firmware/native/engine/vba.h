// Macro source (MS-OVBA): the compressed containers in which modules and their list are kept.
#ifndef RST_VBA_H
#define RST_VBA_H

#include "cfb.h"

// The storage that holds entry `dir`, the list of modules, is a project: its modules' source
// becomes objects in container `l`. False: nothing more may come out.
bool rst_vba_project(rst_scanner *s, rst_layer *l, rst_cfb *c, uint32_t dir);

#endif
