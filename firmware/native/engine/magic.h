// Tells a format by its first octets.
#ifndef RST_MAGIC_H
#define RST_MAGIC_H

#include "layer.h"

// The container format of head[0..n), or RST_FORMAT_PLAIN. For a container that the engine does
// not open, *closed says which in words; else it is NULL.
rst_format rst_magic(const uint8_t *head, size_t n, const char **closed);
// True if the octets or the name promise a zip that begins further on (self-extractors).
bool rst_magic_zip_inside(const uint8_t *head, size_t n, const char *name);
// True if the name says that this is a message, as saved by a mail program.
bool rst_magic_mail_name(const char *name);

#endif
