// One message (RFC 5322, RFC 2045-2049) as a stream: header lines, multipart delimiters, bodies
// through their decoder into the layer above. A nested message is a layer of its own; nested
// multiparts are levels of the same message, because the delimiter of an outer level ends the
// inner ones.
#ifndef RST_MIME_H
#define RST_MIME_H

#include <stdbool.h>

#include "base64.h"
#include "engine.h"
#include "qp.h"
#include "text.h"

enum {
    RST_MAX_BOUNDARY = 256, // octets; RFC 2046 allows 70, real programs stay below 100
    // A line that may be a delimiter: "--", boundary, "--". Blanks after it are not kept.
    RST_MAX_DELIMITER = RST_MAX_BOUNDARY + 4,
    // One header field, unfolded. Longer ones are cut; then readers may know more of the body, if
    // the field is about that. A name of 160 characters in RFC 2231 pieces needs 2,000.
    RST_MAX_FIELD_OCTETS = 8192,
    // Fields and octets of one header. Mailing lists and spam filters reach 200 and 100,000.
    RST_MAX_FIELDS = 2000,
    RST_MAX_HEADER = 1024 * 1024,
    RST_MAX_DECLARED = 80, // octets of a media type
    RST_MIME_OUT = 4096,   // decoded octets handed on at a time
};

typedef struct rst_layer rst_layer;

typedef enum {
    RST_ENCODING_IDENTITY = 0, // 7bit, 8bit, binary, and none given
    RST_ENCODING_BASE64,
    RST_ENCODING_QP,
    RST_ENCODING_UU,
    RST_ENCODING_UNKNOWN
} rst_encoding;

// Kinds of line ends, as bits.
enum { RST_ENDS_LF = 1, RST_ENDS_CRLF = 2, RST_ENDS_CRCRLF = 4 };

// What the header of one entity says about its body.
typedef struct {
    char type[RST_MAX_DECLARED]; // lower case; "" if not given
    uint8_t boundary[RST_MAX_BOUNDARY];
    size_t boundary_n; // given, whatever the type is
    rst_text_charset charset;
    char name[RST_MAX_NAME];  // "" if not given
    char alias[RST_MAX_NAME]; // another one in the same header, or ""
    bool name_is_filename;    // from Content-Disposition, which counts more
    rst_encoding encoding;
    char encoding_name[32];
    bool has_type, has_encoding;
    const char *odd; // why readers may disagree, or NULL
} rst_head;

// A multipart whose delimiters are looked for.
typedef struct {
    uint8_t boundary[RST_MAX_BOUNDARY];
    size_t boundary_n;
    bool closed; // the closing delimiter was seen: what follows is the epilogue
    bool sealed; // multipart/signed, or inside one
    bool digest; // multipart/digest: parts are messages unless they say otherwise
    bool parted; // a delimiter was seen
    bool other;  // a line that looks like another delimiter was seen
    bool quoted; // said to be quoted-printable, which a multipart cannot be
    bool shadow; // no multipart, but a boundary was given: delimiters would be two readings
} rst_level;

// A message that begins with an empty line, which some readers pass over.
typedef enum {
    RST_HEADED = 0,   // it does not, or no field follows
    RST_HEADLESS,     // nothing but line ends so far
    RST_IN_NAME,      // of a field, it may be
    RST_IN_FROM_LINE, // of a mailbox
} rst_headless;

typedef enum {
    RST_BODY_NONE = 0, // not looked into
    RST_BODY_MARGIN,   // preamble or epilogue; a layer once there is text
    RST_BODY_LEAF
} rst_body;

typedef struct {
    bool in_header;
    uint32_t level_base, level_top; // levels of this message, in the scanner's array
    uint32_t parts;                 // leaves so far, for names

    // The entity whose header or body is being read (entity.c).
    rst_head head;
    uint64_t start; // in the wire form
    rst_body body;
    rst_layer *child; // or NULL
    uint32_t owner;   // of a leaf with a place of its own, else 0
    rst_encoding encoding;
    rst_base64 base64;
    rst_qp qp;

    // Header lines (header.c). The field is unfolded into `field`.
    bool root;        // the header of the message itself, not of a part
    bool line_first;  // the next octet begins a line
    bool line_blank;  // so far nothing but CR
    bool line_folded; // the line continues a field
    bool field_cut, junk;
    uint8_t ends; // RST_ENDS_ of its lines
    uint8_t last; // the octet before
    uint32_t fields;
    uint64_t header_n;
    uint32_t field_n;
    uint64_t field_wire; // where the field begins
    uint64_t next_wire;  // where the next line begins

    rst_headless headless;
    uint32_t name_n; // octets of what may be a field's name, in RST_IN_NAME
    bool is_from;    // they are those of "From " so far
    bool crlf;       // the lines of the message's header end in CRLF: so should delimiters
    bool lf_only;    // they end in LF, in the wire form
    // Body lines (mime.c). `eol` is a line end that belongs to the delimiter, should one follow.
    bool line_start;
    bool cr_line;  // the line begins behind a bare CR
    bool seen_cr;  // lf_only: the octet before was a CR
    bool two_eols; // lf_only was wrong
    uint8_t eol_n;
    uint8_t eol[2];
    uint64_t eol_wire;  // where the line end before the current line begins
    uint64_t line_wire; // of line[0]
    uint64_t pos;       // behind the last octet seen
    uint16_t line_n;
    uint8_t line_last; // the last octet of it that came, kept or not
    uint8_t line[RST_MAX_DELIMITER];

    uint8_t field[RST_MAX_FIELD_OCTETS];
    uint8_t out[RST_MIME_OUT];
} rst_mime;

// mime.c, the handler
void rst_mime_begin(rst_scanner *s, rst_layer *l);
void rst_mime_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire);
void rst_mime_end(rst_scanner *s, rst_layer *l);
// If the line is a delimiter of an open multipart: acts on it, ending the part before it at
// `end`; the next one begins at `next`, both in the wire form. False if it is none.
bool rst_mime_delimiter(rst_scanner *s, rst_layer *l, const uint8_t *line, size_t n, uint64_t end,
                        uint64_t next);

// header.c: takes octets up to the end of a line. Returns how many.
void rst_header_begin(rst_mime *m, bool root, uint64_t start);
size_t rst_header_take(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire);
// The message ends within a header.
void rst_header_end(rst_scanner *s, rst_layer *l);

// head.c: evaluates one unfolded field.
void rst_head_field(rst_scanner *s, rst_layer *l, const uint8_t *field, size_t n, uint64_t start,
                    uint64_t end);

// entity.c
void rst_entity_begin(rst_scanner *s, rst_layer *l); // the header has been read
void rst_entity_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, uint64_t wire);
void rst_entity_end(rst_scanner *s, rst_layer *l, uint64_t end);
// Preamble or epilogue of the topmost level begins.
void rst_entity_margin(rst_mime *m);

#endif
