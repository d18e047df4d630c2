// Text in charsets whose octets are not the letters: UTF-16, UTF-32, UTF-7. Turned into UTF-8, so
// that what looks for lines and words sees what a client shows.
#ifndef RST_TEXT_CHARSET_H
#define RST_TEXT_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    RST_TEXT_OCTETS = 0, // ASCII and what extends it: read as it lies
    RST_TEXT_UTF16,      // of either order
    RST_TEXT_UTF16LE,
    RST_TEXT_UTF16BE,
    RST_TEXT_UTF32LE,
    RST_TEXT_UTF32BE,
    RST_TEXT_UTF7,
} rst_text_charset;

enum { RST_RECODE_MOST = 4 }; // octets out for one in

typedef struct {
    rst_text_charset charset;
    uint32_t unit; // being collected; in UTF-7 the bits
    uint8_t have;  // octets of it; in UTF-7 the number of bits
    bool shifted;  // UTF-7: within modified base64
    bool fresh;    // UTF-7: nothing has followed '+' so far
} rst_recode;

// The charset that the first octets of a text and what is said of it come to; *odd if what is
// said cannot be.
rst_text_charset rst_recode_tell(const uint8_t *head, size_t n, rst_text_charset said, bool *odd);
// One octet in, up to RST_RECODE_MOST octets out.
size_t rst_recode_octet(rst_recode *r, uint8_t c, uint8_t *out);

#endif
