// What an object is: its type, as policy and people name it, told by its octets (magic.c) or by
// the handler that read it. How an object of this type is opened is its format.
#ifndef RST_TYPE_H
#define RST_TYPE_H

#include <stdbool.h>
#include <stddef.h>

// Formats with a handler (formats.c).
typedef enum {
    RST_FORMAT_UNDECIDED = 0,
    RST_FORMAT_PLAIN, // nothing inside: matched only
    RST_FORMAT_TEXT,  // lines, may hold uuencoded files
    RST_FORMAT_MAIL,
    RST_FORMAT_ZIP,
    RST_FORMAT_GZIP,
    RST_FORMAT_TAR,
    RST_FORMAT_OLE,
    RST_FORMAT_OLE1,
    RST_FORMAT_SHEET,
    RST_FORMAT_RELATIONS,
    RST_FORMAT_RTF,
    RST_FORMAT_TNEF,
    RST_FORMAT_PDF,
    RST_FORMAT_HTML,
    RST_FORMAT_ONENOTE,
    RST_FORMAT_CMS, // S/MIME: its content is opened
    RST_FORMAT_PGP,
    RST_FORMAT_PACKED, // bzip2, xz, lzma, lzip
    RST_FORMAT_7Z,
    RST_FORMAT_CAB,
    RST_FORMAT_IMAGE,
    RST_FORMAT_AR,
    RST_FORMAT_CPIO,
    RST_FORMAT_RAR,
    RST_FORMAT_ARJ,
    RST_FORMAT_LZH,
    RST_FORMAT_SZDD,
    RST_FORMAT_BINHEX,
    RST_FORMAT_CHM,
    RST_FORMAT_SIS,
    RST_FORMAT_PROGRAM, // a program: what archives lie in it or behind it
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
    // Programs.
    RST_TYPE_PE,
    RST_TYPE_DOS,
    RST_TYPE_NE,
    RST_TYPE_LE,
    RST_TYPE_ELF,
    RST_TYPE_MACHO,
    RST_TYPE_JAVA_CLASS,
    RST_TYPE_JAR,
    RST_TYPE_DEX,
    RST_TYPE_APK,
    RST_TYPE_MSI,
    RST_TYPE_PROGRAM, // by its name only
    // Scripts, and what works like one.
    RST_TYPE_SCRIPT,
    RST_TYPE_BATCH,
    RST_TYPE_VBSCRIPT,
    RST_TYPE_JAVASCRIPT,
    RST_TYPE_POWERSHELL,
    RST_TYPE_HTA,
    RST_TYPE_CHM,
    RST_TYPE_REGISTRY,
    RST_TYPE_INF,
    // What opens something else.
    RST_TYPE_LNK,
    RST_TYPE_URL,
    RST_TYPE_QUERY,
    // Office.
    RST_TYPE_OLE, // a compound file of no kind below
    RST_TYPE_DOC,
    RST_TYPE_XLS,
    RST_TYPE_PPT,
    RST_TYPE_MSG,
    RST_TYPE_DOCX,
    RST_TYPE_XLSX,
    RST_TYPE_PPTX,
    RST_TYPE_ODT,
    RST_TYPE_ODS,
    RST_TYPE_ODP,
    // These three keep to their order, and behind the ones above (office.c).
    RST_TYPE_OFFICE_EXTERNAL, // loads a template, object or frame from elsewhere
    RST_TYPE_OFFICE_MACRO,    // holds macros
    RST_TYPE_OFFICE_AUTORUN,  // macros that run without being asked
    RST_TYPE_OLE1,            // an embedded object of RTF
    RST_TYPE_SHEET,           // of Excel, in no compound file; becomes XLS
    RST_TYPE_RELATIONS,       // a part of an office file that names others
    RST_TYPE_RTF,
    RST_TYPE_ONENOTE,
    // Documents.
    RST_TYPE_PDF,
    RST_TYPE_PDF_ACTIVE,
    RST_TYPE_POSTSCRIPT,
    RST_TYPE_EPUB,
    // Text of a kind.
    RST_TYPE_HTML,
    RST_TYPE_HTML_SCRIPT,
    RST_TYPE_XML,
    RST_TYPE_CALENDAR,
    RST_TYPE_VCARD,
    // Images.
    RST_TYPE_PNG,
    RST_TYPE_JPEG,
    RST_TYPE_GIF,
    RST_TYPE_BMP,
    RST_TYPE_TIFF,
    RST_TYPE_WEBP,
    RST_TYPE_ICO,
    RST_TYPE_SVG,
    RST_TYPE_SVG_SCRIPT,
    RST_TYPE_EMF,
    RST_TYPE_WMF,
    RST_TYPE_PSD,
    RST_TYPE_HEIC,
    // Sound and film.
    RST_TYPE_MP3,
    RST_TYPE_WAV,
    RST_TYPE_FLAC,
    RST_TYPE_MIDI,
    RST_TYPE_OGG,
    RST_TYPE_MP4,
    RST_TYPE_AVI,
    RST_TYPE_ASF,
    RST_TYPE_MATROSKA,
    RST_TYPE_MPEG,
    // Fonts.
    RST_TYPE_TRUETYPE,
    RST_TYPE_OPENTYPE,
    RST_TYPE_WOFF,
    // Disk images.
    RST_TYPE_IMAGE, // not yet told which one
    RST_TYPE_ISO,
    RST_TYPE_UDF,
    RST_TYPE_DISK,
    RST_TYPE_VHD,
    RST_TYPE_VHDX,
    RST_TYPE_VMDK,
    RST_TYPE_QCOW,
    RST_TYPE_WIM,
    // More archives.
    RST_TYPE_AR,
    RST_TYPE_CPIO,
    RST_TYPE_RPM,
    RST_TYPE_XAR,
    RST_TYPE_LZ4,
    RST_TYPE_SZDD,
    RST_TYPE_KWAJ,
    RST_TYPE_SIS,   // installer of Symbian
    RST_TYPE_ISCAB, // cabinet of InstallShield, or its header
    RST_TYPE_BINHEX,
    RST_TYPE_STUFFIT,
    RST_TYPE_ZOO,
    RST_TYPE_ALZ,
    RST_TYPE_EGG,
    // Signed or encrypted.
    RST_TYPE_PGP,      // encrypted
    RST_TYPE_PGP_TEXT, // in armour and not encrypted: keys, signatures
    RST_TYPE_CMS,
    RST_TYPES
} rst_type;

// What types have in common for a reader, and for policy.
typedef enum {
    RST_FAMILY_NONE = 0,
    RST_FAMILY_EXECUTABLE,
    RST_FAMILY_SCRIPT,
    RST_FAMILY_SHORTCUT,
    RST_FAMILY_OFFICE,
    RST_FAMILY_DOCUMENT,
    RST_FAMILY_TEXT,
    RST_FAMILY_MAIL,
    RST_FAMILY_IMAGE,
    RST_FAMILY_AUDIO,
    RST_FAMILY_VIDEO,
    RST_FAMILY_FONT,
    RST_FAMILY_ARCHIVE,
    RST_FAMILY_DISK,
    RST_FAMILY_CRYPTO,
    RST_FAMILIES
} rst_family;

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order in which it is read
typedef struct {
    const char *name;   // "7z"
    rst_format format;  // how it is opened; RST_FORMAT_PLAIN: it has nothing inside
    const char *closed; // why it is not opened ("zstd archive"), or NULL
    rst_family family;
} rst_type_row;

extern const rst_type_row rst_types[RST_TYPES];
extern const char *const rst_family_names[RST_FAMILIES]; // "executable"

// The type of this name, or RST_TYPE_UNKNOWN. For marks that are told by a bundle.
rst_type rst_type_named(const char *name, size_t n);

static inline rst_family rst_family_of(rst_type type) {
    return rst_types[type].family;
}

// What runs when it is opened.
static inline bool rst_family_active(rst_family family) {
    return family == RST_FAMILY_EXECUTABLE || family == RST_FAMILY_SCRIPT ||
           family == RST_FAMILY_SHORTCUT;
}

#endif
