// What office files are besides containers: which program's, and whether they hold macros. Types
// rise from plain to external, macro, autorun, and the file that holds such an object rises too.
#ifndef RST_OFFICE_H
#define RST_OFFICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "type.h"

typedef struct rst_scanner rst_scanner;
typedef struct rst_layer rst_layer;

// What the entries of a zip say of it.
typedef struct {
    bool package; // OPC: has [Content_Types].xml
    rst_type base;
    rst_type raised; // RST_TYPE_UNKNOWN: nothing to say
} rst_office;

// The object is at least this: RST_TYPE_OFFICE_EXTERNAL, _MACRO or _AUTORUN.
void rst_office_raise(rst_scanner *s, rst_layer *l, rst_type type);

// Zip container `l` holds an entry of this name.
void rst_office_entry(rst_scanner *s, rst_layer *l, const char *name);
// The entry in `child` of zip container `l` was read.
void rst_office_entry_end(rst_scanner *s, rst_layer *l, const rst_layer *child);

// Names of macros that run by themselves, in source or among the names of compiled code.
typedef struct {
    uint8_t n;
    bool found;
    char word[24];
} rst_autorun;

void rst_autorun_look(rst_autorun *a, const uint8_t *data, size_t n);
void rst_autorun_end(rst_autorun *a);

#endif
