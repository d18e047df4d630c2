// Compiled HTML help (ITSF): stored whole, its files lie plain or in one stream of LZX.
#ifndef RST_CHM_H
#define RST_CHM_H

typedef struct rst_scanner rst_scanner;
typedef struct rst_layer rst_layer;

void rst_chm_end(rst_scanner *s, rst_layer *l);

#endif
