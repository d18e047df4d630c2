// Compound files as objects: each stream is one, told by root and stream names what program made
// it. What streams of office programs hold besides (macros, embedded files, passwords) is found
// here and in the files named below.
#ifndef RST_OLE_H
#define RST_OLE_H

#include "cfb.h"

// ole.c: stored whole, read at the end
void rst_ole_end(rst_scanner *s, rst_layer *l);

// ole1.c: objects as RTF keeps them, and packages
void rst_ole1_end(rst_scanner *s, rst_layer *l);
// The native data of an embedded object: a file with its name, or just data. False: no more.
bool rst_ole1_native(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n);

// office_streams.c
void rst_word_stream(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n);
void rst_excel_stream(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n);
// A sheet that lies in no compound file: stored whole, read at the end.
void rst_sheet_end(rst_scanner *s, rst_layer *l);
void rst_slides_user(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n);
// Embedded objects and macros lie in records of the slides' stream, folded. False: no more.
bool rst_slides_stream(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n);

#endif
