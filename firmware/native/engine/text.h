// Text as lines, in search of uuencoded files: any text may hold some, among other lines.
#ifndef RST_TEXT_H
#define RST_TEXT_H

#include <stdbool.h>

#include "engine.h"

enum {
    RST_TEXT_LINE = 256, // a line of uuencode has at most 86 octets, a begin line a file name
    RST_TEXT_OUT = 1024, // decoded octets handed on at a time
};

typedef struct rst_layer rst_layer;

typedef struct {
    bool line_start;
    bool gathering; // the line is being copied: it may be a begin line, or is uuencoded
    bool inside;    // between begin and end
    rst_layer *child;
    uint32_t owner;     // of the lines, if they can be replaced on their own, else 0
    uint64_t line_wire; // where the gathered line begins
    uint64_t next_wire; // where the next line begins
    uint16_t line_n, out_n;
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

#endif
