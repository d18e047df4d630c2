// HTML, SVG and other text with tags: files in `data:` URLs are opened, and whether a script can
// run is told by the type. It is no parser of HTML: it looks for the few words that matter, with
// character references (&#100;) undone, wherever a browser might see an attribute. Octets of
// value 0 are left out, so that UTF-16 reads as the ASCII that tags are made of.
#ifndef RST_HTML_H
#define RST_HTML_H

#include <stdbool.h>

#include "base64.h"
#include "text.h"

enum {
    RST_HTML_RECENT = 32, // characters looked back on: longer than any on...= attribute
    RST_HTML_TAG = 48,    // of a tag's text; after its name only scripts' tags are looked at
    RST_HTML_TYPE = 160,  // of a data URL up to its comma; media types have at most 127 + 127
    RST_HTML_OUT = 1024,  // decoded octets handed on at a time
    RST_HTML_ENTITY = 10, // letters of the longest reference that is known
};

typedef enum { RST_HTML_MARKUP = 0, RST_HTML_BASE64, RST_HTML_PERCENT } rst_html_mode;

typedef struct {
    rst_text text; // first: uuencoded files are looked for as in other text
    rst_html_mode mode;
    bool in_tag, rooted;   // in "<a ...>"; the first tag was seen
    uint8_t quote;         // open quote of an attribute, or 0
    uint8_t until;         // what stood before the URL closes it too, or 0
    bool tagging, heading; // characters go to `tag`, to `type`
    uint8_t tag_n, type_n, recent_n;
    uint8_t entity;         // state of a character reference
    uint8_t entity_n;       // letters of it
    uint32_t code;          // what it says
    uint8_t percent, octet; // digits of %XX to come, and what they say
    rst_layer *child;
    rst_base64 base64;
    uint16_t out_n;
    char letters[RST_HTML_ENTITY];
    uint8_t tag[RST_HTML_TAG], type[RST_HTML_TYPE], recent[4 * RST_HTML_RECENT];
    uint8_t out[RST_HTML_OUT];
} rst_html;

void rst_html_begin(rst_scanner *s, rst_layer *l);
void rst_html_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire);
void rst_html_end(rst_scanner *s, rst_layer *l);

// True if an object that begins like this, or is called so, is opened by browsers.
bool rst_html_head(const uint8_t *head, size_t n);
bool rst_html_name(const char *name);
// True while a data URL is open in `l`.
bool rst_html_busy(const rst_layer *l);

// Among html*.c.
// A script can run: the type says so.
void rst_html_active(rst_layer *l);
// What stands between "data:" and the comma is complete.
void rst_html_url_begin(rst_scanner *s, rst_layer *l);
// One character of a data URL. False: it is none any more.
bool rst_html_url_take(rst_scanner *s, rst_layer *l, uint8_t c, bool raw);
// Base64 of a data URL, as far as it needs no look at each character. Returns how many octets.
size_t rst_html_url_run(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n);
void rst_html_url_end(rst_scanner *s, rst_layer *l);

static inline bool rst_html_line(uint8_t c) {
    return c == '\t' || c == '\r' || c == '\n';
}

#endif
