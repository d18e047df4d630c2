// What an object is: its type, as policy and people name it, told by its octets (magic.c) or by
// the handler that read it. How an object of this type is opened is its format.
#ifndef RST_TYPE_H
#define RST_TYPE_H

// Formats with a handler (formats.c).
typedef enum {
    RST_FORMAT_UNDECIDED = 0,
    RST_FORMAT_PLAIN, // nothing inside: matched only
    RST_FORMAT_TEXT,  // lines, may hold uuencoded files
    RST_FORMAT_MAIL,
    RST_FORMAT_ZIP,
    RST_FORMAT_GZIP,
    RST_FORMAT_TAR,
    RST_FORMAT_CMS, // S/MIME: its content is opened
    RST_FORMAT_PGP,
    RST_FORMATS
} rst_format;

// Order means nothing; names (type.c) are what settings use, and never change.
typedef enum {
    RST_TYPE_UNKNOWN = 0,
    RST_TYPE_TEXT,
    RST_TYPE_MAIL,
    RST_TYPE_ZIP,
    RST_TYPE_GZIP,
    RST_TYPE_TAR,
    RST_TYPE_BZIP2,
    RST_TYPE_XZ,
    RST_TYPE_LZMA,
    RST_TYPE_7Z,
    RST_TYPE_RAR,
    RST_TYPE_CAB,
    RST_TYPE_ZSTD,
    RST_TYPE_LZIP,
    RST_TYPE_COMPRESS,
    RST_TYPE_ACE,
    RST_TYPE_ARJ,
    RST_TYPE_LZH,
    RST_TYPE_TNEF,
    RST_TYPE_CMS,
    RST_TYPE_PGP,
    RST_TYPE_BINHEX,
    RST_TYPES
} rst_type;

typedef struct {
    const char *name;   // "7z"
    rst_format format;  // how it is opened; RST_FORMAT_PLAIN: it has nothing inside
    const char *closed; // why it is not opened ("rar archive"), or NULL
} rst_type_row;

extern const rst_type_row rst_types[RST_TYPES];

#endif
