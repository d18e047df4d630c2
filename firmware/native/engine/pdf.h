// PDF (ISO 32000-1), stored whole. Its tables of cross references are not trusted and not needed:
// objects are found by their words from front to back, so what no table names is seen too, and
// there is no chain that could be a circle.
//
//     pdf.c         finds objects and streams
//     pdf_dict.c    reads dictionaries
//     pdf_names.c   looks for names that tell what a document does
//     pdf_filter.c  undoes the filters of a stream
#ifndef RST_PDF_H
#define RST_PDF_H

#include <stdbool.h>

#include "expand.h"
#include "store.h"

enum {
    RST_PDF_FILTERS = 8,       // one after the other; programs use at most two
    RST_PDF_ROW = 65536,       // octets of a row that a predictor works on
    RST_PDF_NAME = 24,         // octets of the longest name that means anything here, and more
    RST_PDF_LZW = 4096,        // codes of LZW: 12 bits
    RST_PDF_FAR = 4096,        // octets read of a value that is named by reference
    RST_PDF_FIRST = 1024,      // readers look for "%PDF-" in so many octets (Annex H.3)
    RST_PDF_OBJECTS = 8388608, // object numbers from 0 on (Annex C.2)
};

// Text with PDF's tokens in it, read from `at` on.
typedef struct {
    const uint8_t *p;
    size_t n, at;
} rst_pdf_text;

typedef enum {
    RST_PDF_END = 0,
    RST_PDF_IS_NAME,
    RST_PDF_NUMBER,
    RST_PDF_DICT,
    RST_PDF_DICT_END,
    RST_PDF_ARRAY,
    RST_PDF_ARRAY_END,
    RST_PDF_OTHER, // strings and words
    RST_PDF_R      // the word of a reference
} rst_pdf_kind;

typedef struct {
    rst_pdf_kind kind;
    uint32_t number;
    char name[RST_PDF_NAME + 1]; // cut to this, #hh decoded
} rst_pdf_token;

// pdf_names.c
typedef struct {
    bool inside;             // a name
    uint8_t escape, escaped; // characters after '#', and what they say
    uint8_t name_n;
    char name[RST_PDF_NAME + 1];
    bool marking; // references that follow are of files or scripts
    bool in_number;
    uint32_t number, before; // the last two numbers
    uint32_t found;
} rst_pdf_names;

enum { // bits of rst_pdf_names.found
    RST_PDF_SCRIPT = 1,
    RST_PDF_LAUNCH = 2,
    RST_PDF_MEDIA = 4,
    RST_PDF_XFA = 8,
    RST_PDF_ENCRYPT = 16,
};

typedef enum {
    RST_PDF_FLATE = 0,
    RST_PDF_LZW_CODES,
    RST_PDF_ASCII85,
    RST_PDF_HEX,
    RST_PDF_RUNS,
    RST_PDF_PREDICTOR,
} rst_pdf_filter;

typedef struct {
    uint32_t bits, have, width, next, last; // last: the code before, or no code
    uint8_t early, first;
    uint16_t prefix[RST_PDF_LZW];
    uint8_t suffix[RST_PDF_LZW], stack[RST_PDF_LZW];
} rst_pdf_lzw;

typedef struct {
    bool png; // a tag in front of each row; else TIFF's, of octets
    size_t pixel, row, at;
    uint8_t tag;
    bool tagged;
    uint8_t above[RST_PDF_ROW], now[RST_PDF_ROW];
} rst_pdf_rows;

typedef struct {
    rst_pdf_filter filter;
    bool over;           // its data has ended
    bool started;        // octets came
    uint32_t bits, have; // of the codes of letters and runs: what is gathered
    union {
        struct {
            uint8_t head_n, head[2]; // of zlib (RFC 1950)
            rst_inflate inflate;
        } flate;
        rst_pdf_lzw lzw;
        rst_pdf_rows rows;
    } u;
} rst_pdf_stage;

// One stream: what its dictionary says.
typedef struct {
    uint32_t number;   // of the object, 0 if it has none
    rst_pdf_text dict; // up to the word "stream"
    size_t data;       // where its octets begin
    bool holds_objects, embedded, image;
} rst_pdf_stream;

typedef struct {
    rst_scanner *s;
    rst_layer *l;
    const uint8_t *p;
    size_t n;
    uint32_t *at; // where object i begins behind "obj", 0: nowhere
    size_t at_n;
    uint8_t *marked; // bit per object that is a file or script to a reader
    rst_pdf_names names;
    bool encrypted, stop;
    size_t end_from, end_at; // "endstream" is next at end_at, seen from end_from on
    // The stream that is being decoded.
    const rst_pdf_stream *stream;
    rst_layer *child;
    bool opened;
    uint64_t in, out;
    size_t script_n; // letters of "<script" just seen
    bool script;
    size_t stages_n;
    rst_pdf_stage stages[RST_PDF_FILTERS * 2];
} rst_pdf;

void rst_pdf_end(rst_scanner *s, rst_layer *l);

// White space and delimiters (7.2.2).
bool rst_pdf_white(uint8_t c);
bool rst_pdf_delimiter(uint8_t c);
void rst_pdf_next(rst_pdf_text *t, rst_pdf_token *token);
// The value of a key of the dictionary that begins at t.at; the last one if the key is there
// twice. Returns how often it is there.
unsigned rst_pdf_find(const rst_pdf *f, rst_pdf_text t, const char *key, rst_pdf_text *value);
// What `value` is, or the object that it names by reference: *value is moved there. False: it
// is named and not to be found.
bool rst_pdf_resolve(const rst_pdf *f, rst_pdf_text *value);
// A number of a dictionary, or `other`.
uint32_t rst_pdf_number(const rst_pdf *f, rst_pdf_text dict, const char *key, uint32_t other);

void rst_pdf_names_write(rst_pdf *f, const uint8_t *data, size_t n);

// Sets up the stages of a stream. False: there is a filter that is not undone; the finding is
// made, or it is one of images.
bool rst_pdf_filters(rst_pdf *f);
// Octets into stage i, or out of the last one to the child. False: no more are wanted.
bool rst_pdf_push(rst_pdf *f, size_t i, const uint8_t *data, size_t n);
void rst_pdf_flush(rst_pdf *f);
bool rst_pdf_sink(rst_pdf *f, const uint8_t *data, size_t n);

#endif
