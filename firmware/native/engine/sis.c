#include "old_archives.h"
void rst_sis_end(rst_scanner *s, rst_layer *l) { (void)s; (void)l; }
