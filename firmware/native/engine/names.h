// What a file's name promises: endings, and the tricks that hide them. Pure: text in, facts out.
#ifndef RST_NAMES_H
#define RST_NAMES_H

#include "type.h"

// What stands in a printed name (print.c) for what must not be shown.
#define RST_SHOWN_NUL "\xe2\x90\x80"      // U+2400 for NUL
#define RST_SHOWN_OVERRIDE "\xe2\x90\xa6" // U+2426 for a direction override

typedef struct {
    const char *ending; // lower case, without the dot
    rst_type type;      // what a file of this ending is at home
    rst_family family;  // that type's, but for endings that say less: RST_FAMILY_NONE
    rst_type carrier;   // a more general type of content that is right too, or RST_TYPE_UNKNOWN
    bool desktop;       // opened by a double click, as a rule under Windows
} rst_ending;

typedef struct {
    const char *base;         // behind the last slash or backslash
    size_t base_n;            // without dots and blanks at the end
    size_t full_n;            // with them
    const rst_ending *last;   // of the last ending; NULL: none, or an unknown one
    const rst_ending *before; // of the one before that
    size_t blanks;            // between the stem and the last dot
} rst_name;

void rst_name_read(rst_name *out, const char *name);

// The type that an object of this name has if its octets told no more than `content`.
rst_type rst_name_type(const rst_name *name, rst_type content, bool text);

#endif
