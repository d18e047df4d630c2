// Content against what a name and a declared type promise. Pure.
#ifndef RST_VERIFY_H
#define RST_VERIFY_H

#include "names.h"

// What an object is and what is said of it.
typedef struct {
    rst_type content;     // by its octets
    rst_type type;        // with its name
    const rst_name *name; // as told
    const char *declared; // Content-Type in lower case, or ""
    bool inside;          // of a document: only what runs is judged
} rst_claims;

// Why the name deceives its reader, or NULL.
const char *rst_verify_name(const rst_name *name);
// Why content and claims contradict each other, or NULL. Confusions that real programs make are
// none: any text, application/octet-stream, kinds of one family for each other.
const char *rst_verify(const rst_claims *c);

#endif
