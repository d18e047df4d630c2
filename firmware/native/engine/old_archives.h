// Old archives: ar, cpio, rar, ARJ, LZH, and the small codings SZDD and BinHex. All are stored
// whole (store.h). What is compressed is decoded for ARJ and LZH (lha.h); in rar it is only named,
// once for each archive.
#ifndef RST_OLD_ARCHIVES_H
#define RST_OLD_ARCHIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rst_scanner rst_scanner;
typedef struct rst_layer rst_layer;

// head[0..n) begins a cpio archive of any of its forms.
bool rst_cpio_head(const uint8_t *head, size_t n);

void rst_ar_end(rst_scanner *s, rst_layer *l);
void rst_cpio_end(rst_scanner *s, rst_layer *l);
void rst_rar_end(rst_scanner *s, rst_layer *l);
void rst_arj_end(rst_scanner *s, rst_layer *l);
void rst_lzh_end(rst_scanner *s, rst_layer *l);
void rst_szdd_end(rst_scanner *s, rst_layer *l);
void rst_binhex_end(rst_scanner *s, rst_layer *l);

#endif
