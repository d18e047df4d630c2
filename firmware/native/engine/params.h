// Parameters of Content-Type and Content-Disposition: RFC 2045 section 5.1, RFC 2231, and the
// ways in which real programs miss them.
#ifndef RST_PARAMS_H
#define RST_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RST_PARAM_TEXT = 8192 }; // octets of one parameter: as many as a field may have

typedef struct {
    bool found;
    bool conflict; // given twice, differently
    bool cut;      // RFC 2231: in more pieces than are read
} rst_param;

// The octets of parameter `name` (lower-case) of an unfolded field body whose value ends before
// body[0], as for a boundary: RFC 2231 pieces joined, nothing decoded but %XX. *n is at most cap.
rst_param rst_param_octets(const uint8_t *body, size_t body_n, const char *name, uint8_t *out,
                           size_t cap, size_t *n);
// The same as a name for people: charset and encoded words decoded, printable UTF-8.
rst_param rst_param_text(const uint8_t *body, size_t body_n, const char *name, char *out,
                         size_t cap);

// Only the form without RFC 2231, if there is one.
bool rst_param_plain(const uint8_t *body, size_t body_n, const char *name, char *out, size_t cap);

// Octets of the leading value ("text/plain", "base64") without blanks and comments, lower case.
// *rest is where parameters begin. False if something that is neither follows the value.
bool rst_param_value(const uint8_t *body, size_t n, char *out, size_t cap, size_t *rest);

#endif
