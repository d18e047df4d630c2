// RTF as a stream: objects that lie in it as hexadecimal digits are put together as Word does, and
// opened. Text and pictures are matched as they stand.
#ifndef RST_RTF_H
#define RST_RTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rst_scanner rst_scanner;
typedef struct rst_layer rst_layer;

enum { RST_RTF_OUT = 1024 };

typedef enum {
    RST_RTF_TEXT = 0,
    RST_RTF_BACKSLASH,
    RST_RTF_WORD,   // the letters of a control word
    RST_RTF_NUMBER, // and its number
    RST_RTF_HEX,    // the two characters behind \'
    RST_RTF_BINARY, // octets as they are
} rst_rtf_state;

typedef struct {
    rst_rtf_state state;
    uint32_t depth;      // of groups
    uint32_t data_depth; // of the group that holds an object; 0: none is open
    uint32_t skip_depth; // of a group in it that no program knows; 0: none
    bool starred;        // the group began with \*
    bool negative;
    bool has_number;
    uint8_t hex_n; // characters of \'hh seen
    uint8_t word_n;
    char word[16];
    uint64_t number;
    uint64_t binary; // octets to come
    int8_t nibble;   // the first digit of an octet, or -1
    bool told;
    rst_layer *child;
    uint64_t in; // octets of the object's text
    uint64_t out;
    uint16_t buf_n;
    uint8_t buf[RST_RTF_OUT];
} rst_rtf;

void rst_rtf_begin(rst_scanner *s, rst_layer *l);
void rst_rtf_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire);
void rst_rtf_end(rst_scanner *s, rst_layer *l);

#endif
