// Text for people: turns octets in a charset into printable UTF-8 of bounded size.
#ifndef RST_PRINT_H
#define RST_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { RST_CHARSET_UTF8 = 0, RST_CHARSET_LATIN1, RST_CHARSET_OTHER } rst_charset;

enum { RST_PRINT_TAIL = 40 }; // octets kept of the end of a text that is too long

typedef struct {
    char *out;
    size_t cap; // octets of out, the terminating NUL included
    size_t n;
    uint32_t code; // code point being collected, UTF-8 only
    uint8_t want;  // octets of it still to come
    uint8_t size;  // octets of it in all
    bool nul;      // there was a NUL, which some readers stop at
    bool full;     // a character did not fit: from here on only the end is kept
    uint8_t tail_n;
    char tail[RST_PRINT_TAIL];
} rst_print;

// Text that does not fit is cut in its middle, "...": the end of a name says what opens it. Of a
// run of dots and blanks in it some are left out, and a NUL that was cut out stands for "...".
// Very short buffers keep the beginning only.
void rst_print_init(rst_print *p, char *out, size_t cap);
void rst_print_octet(rst_print *p, rst_charset charset, uint8_t c);
void rst_print_octets(rst_print *p, rst_charset charset, const uint8_t *data, size_t n);
void rst_print_code(rst_print *p, uint32_t code); // of Unicode
void rst_print_ascii(rst_print *p, const char *text);
void rst_print_number(rst_print *p, uint32_t number);
// Ends an unfinished character and terminates the text.
void rst_print_end(rst_print *p);

// Adds an octet to a raw name, of which the beginning and, when it is full, the end are kept, as
// above.
void rst_keep_ends(uint8_t *name, uint16_t *n, size_t cap, uint8_t c);

rst_charset rst_charset_named(const uint8_t *name, size_t n);

// Header text with encoded words (RFC 2047), raw octets taken as UTF-8.
void rst_print_words(rst_print *p, const uint8_t *data, size_t n);

#endif
