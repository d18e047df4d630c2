// Text as lines, in search of files: any text may hold some, in uuencode, its base64 sister or
// yEnc, among other lines.
#ifndef RST_TEXT_H
#define RST_TEXT_H

#include <stdbool.h>

#include "base64.h"
#include "engine.h"
#include "text_charset.h"

enum {
    RST_TEXT_LINE = 256, // a line of uuencode has at most 86 octets, a begin line a file name
    RST_TEXT_OUT = 1024, // decoded octets handed on at a time
};

typedef struct rst_layer rst_layer;

typedef enum { RST_TEXT_PLAIN = 0, RST_TEXT_UU, RST_TEXT_BASE64, RST_TEXT_YENC } rst_text_coding;

typedef struct {
    bool line_start;
    bool cr;        // the octet before was a CR: the line ends there, or behind the LF
    bool gathering; // the line is being copied: it may say something
    bool streaming; // the line is being decoded as it comes
    bool escaped;   // yEnc: behind '='
    bool maybe;     // the line before began a file, if the next one is uuencode
    rst_text_coding coding;
    rst_base64 base64;
    rst_recode recode; // unless RST_TEXT_OCTETS, `child` is the text in UTF-8, and that is all
    rst_layer *child;
    uint32_t owner;      // of the lines, if they can be replaced on their own, else 0
    uint64_t line_wire;  // where the gathered line begins
    uint64_t next_wire;  // where the next line begins
    uint64_t begin_wire; // where the lines of the file begin
    uint16_t line_n, out_n;
    char name[RST_MAX_NAME]; // of the file
    uint8_t line[RST_TEXT_LINE];
    uint8_t out[RST_TEXT_OUT];
} rst_text;

void rst_text_begin(rst_scanner *s, rst_layer *l);
void rst_text_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire);
void rst_text_end(rst_scanner *s, rst_layer *l);
// True if a line that begins with this octet is looked at when it ends.
bool rst_text_gathers(const rst_text *t, uint8_t first);
// Ends a file that is open among the lines: another one begins in them.
void rst_text_stop(rst_scanner *s, rst_layer *l);

// text_begin.c: what a line begins.
typedef enum {
    RST_BEGINS_NOTHING = 0,
    RST_BEGINS_UU,
    RST_BEGINS_MAYBE_UU, // a form that only some readers take
    RST_BEGINS_BASE64,
    RST_BEGINS_YENC,
    RST_BEGINS_YENC_PIECE, // of a file that is split over messages
} rst_begins;

// *name is where the file's name begins in the line.
rst_begins rst_text_begins(const uint8_t *line, size_t n, size_t *name);
// Whether the line is uuencode to the letter: its length says so.
bool rst_text_is_uu(const uint8_t *line, size_t n);
// What lies in text and is not decoded here: the reason, or NULL.
const char *rst_text_closed(const uint8_t *line, size_t n, rst_verdict *verdict);

#endif
