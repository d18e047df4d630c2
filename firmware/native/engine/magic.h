// Tells a type by its first octets.
#ifndef RST_MAGIC_H
#define RST_MAGIC_H

#include "layer.h"

// The type of head[0..n), or RST_TYPE_UNKNOWN.
rst_type rst_magic(const uint8_t *head, size_t n);
// True if nothing is opened in objects of this type, and nothing said of that.
bool rst_magic_quiet(rst_type type);
// The kind of a text by its first word, past a byte order mark and blanks: scripts, markup. Only
// says what it is, not how it is opened.
rst_type rst_magic_words(const uint8_t *head, size_t n);
// True if nothing in it is no text: letters of any charset, line ends.
bool rst_magic_text(const uint8_t *head, size_t n);
// True if the octets or the name promise a zip that begins further on (self-extractors).
bool rst_magic_zip_inside(const uint8_t *head, size_t n, const char *name);
// True if readers of PDF would take it as one: junk may precede the mark (ISO 32000-1, Annex
// H.3), and by its name some take it without.
bool rst_magic_pdf_inside(const uint8_t *head, size_t n);
bool rst_magic_pdf_name(const char *name);
// True if the octets begin as XML.
bool rst_magic_xml(const uint8_t *head, size_t n);
// True if the name says that this is a message, as saved by a mail program.
bool rst_magic_mail_name(const char *name);

#endif
