// Tells a type by its first octets, as file(1) does; the name only counts where the octets say
// nothing.
#include "magic.h"

#include <string.h>

#include "ascii.h"
#include "old_archives.h"
#include "zip.h"

// Marks at a fixed place, most telling first.
static const struct {
    uint16_t at;
    uint8_t n;
    char mark[18];
    rst_type type;
} marks[] = {
    {0, 8, "PK\7\10PK\3\4", RST_TYPE_ZIP},
    {0, 8, "PK00PK\3\4", RST_TYPE_ZIP},
    {0, 4, "PK\5\6", RST_TYPE_ZIP},
    {0, 3, "\x1f\x8b\x08", RST_TYPE_GZIP},
    {0, 6, "Rar!\x1a\x07", RST_TYPE_RAR},
    {0, 6, "7z\xbc\xaf\x27\x1c", RST_TYPE_7Z},
    {0, 6,
     "\xfd"
     "7zXZ",
     RST_TYPE_XZ}, // the sixth octet is NUL
    {0, 8, "MSCF\0\0\0\0", RST_TYPE_CAB},
    {0, 4, "\x28\xb5\x2f\xfd", RST_TYPE_ZSTD},
    {0, 4, "LZIP", RST_TYPE_LZIP},
    {0, 2, "\x1f\x9d", RST_TYPE_COMPRESS},
    {7, 7, "**ACE**", RST_TYPE_ACE},
    {0, 4, "\x78\x9f\x3e\x22", RST_TYPE_TNEF},
    {0, 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", RST_TYPE_OLE},
    {0, 4, "\x09\0\x04\0", RST_TYPE_SHEET}, // Excel 2, 3, 4, 5, 97
    {0, 4, "\x09\x02\x06\0", RST_TYPE_SHEET},
    {0, 4, "\x09\x04\x06\0", RST_TYPE_SHEET},
    {0, 4, "\x09\x08\x08\0", RST_TYPE_SHEET},
    {0, 4, "\x09\x08\x10\0", RST_TYPE_SHEET},
    {0, 4, "{\\rt", RST_TYPE_RTF}, // Word asks for no more
    {0, 5, "%PDF-", RST_TYPE_PDF},
    {0, 14, "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29", RST_TYPE_ONENOTE},
    {0, 14, "\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22", RST_TYPE_ONENOTE},
    {0, 8, "\x4c\0\0\0\1\x14\2\0", RST_TYPE_LNK}, // [MS-SHLLINK] 2.1: size and class
    {0, 8, "vhdxfile", RST_TYPE_VHDX},
    {0, 4, "KDMV", RST_TYPE_VMDK},
    {0, 4, "QFI\xfb", RST_TYPE_QCOW},
    {0, 8, "MSWIM\0\0\0", RST_TYPE_WIM},
    {0, 8, "!<arch>\n", RST_TYPE_AR},
    {0, 8, "SZDD\x88\xf0\x27\x33", RST_TYPE_SZDD},
    {0, 8, "SZ \x88\xf0\x27\x33\xd1", RST_TYPE_SZDD},
    {0, 8, "KWAJ\x88\xf0\x27\xd1", RST_TYPE_KWAJ},
    {4, 8, "\x12\x3a\0\x10\x19\x04\0\x10", RST_TYPE_SIS},
    {0, 4, "ISc(", RST_TYPE_ISCAB},
    {0, 14, "(This file mus", RST_TYPE_BINHEX}, // "t be converted with BinHex 4.0)"
    {0, 5, "\xed\xab\xee\xdb\3", RST_TYPE_RPM},
    {0, 5, "xar!\0", RST_TYPE_XAR},
    {0, 4, "\x04\x22\x4d\x18", RST_TYPE_LZ4},
    {0, 8, "StuffIt ", RST_TYPE_STUFFIT},
    {20, 4, "\xdc\xa7\xc4\xfd", RST_TYPE_ZOO},
    {0, 4, "ALZ\1", RST_TYPE_ALZ},
    {0, 4, "EGGA", RST_TYPE_EGG},
    {0, 8, "conectix", RST_TYPE_VHD},
    {0, 4,
     "\x7f"
     "ELF",
     RST_TYPE_ELF},
    {0, 4, "\xfe\xed\xfa\xce", RST_TYPE_MACHO},
    {0, 4, "\xfe\xed\xfa\xcf", RST_TYPE_MACHO},
    {0, 4, "\xce\xfa\xed\xfe", RST_TYPE_MACHO},
    {0, 4, "\xcf\xfa\xed\xfe", RST_TYPE_MACHO},
    {0, 4, "dex\n", RST_TYPE_DEX},
    {0, 8, "ITSF\3\0\0\0", RST_TYPE_CHM},
    {0, 4, "%!PS", RST_TYPE_POSTSCRIPT},
    {0, 5, "\4%!PS", RST_TYPE_POSTSCRIPT},
    {0, 4, "\xc5\xd0\xd3\xc6", RST_TYPE_POSTSCRIPT}, // with a preview for DOS
    {0, 8, "\x89PNG\r\n\x1a\n", RST_TYPE_PNG},
    {0, 3, "\xff\xd8\xff", RST_TYPE_JPEG},
    {0, 6, "GIF87a", RST_TYPE_GIF},
    {0, 6, "GIF89a", RST_TYPE_GIF},
    {0, 4, "II*\0", RST_TYPE_TIFF},
    {0, 4, "MM\0*", RST_TYPE_TIFF},
    {0, 4, "II+\0", RST_TYPE_TIFF},
    {0, 4, "MM\0+", RST_TYPE_TIFF},
    {40, 4, " EMF", RST_TYPE_EMF},
    {0, 4, "\xd7\xcd\xc6\x9a", RST_TYPE_WMF},
    {0, 6, "8BPS\0\1", RST_TYPE_PSD},
    {0, 4, "fLaC", RST_TYPE_FLAC},
    {0, 8, "MThd\0\0\0\6", RST_TYPE_MIDI},
    {0, 5, "OggS\0", RST_TYPE_OGG},
    {0, 8, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", RST_TYPE_ASF},
    {0, 4, "\x1a\x45\xdf\xa3", RST_TYPE_MATROSKA},
    {0, 4, "\0\0\1\xba", RST_TYPE_MPEG},
    {0, 4, "\0\0\1\xb3", RST_TYPE_MPEG},
    {0, 5, "\0\1\0\0\0", RST_TYPE_TRUETYPE}, // fewer than 256 tables
    {0, 5, "ttcf\0", RST_TYPE_TRUETYPE},
    {0, 5, "OTTO\0", RST_TYPE_OPENTYPE},
    {0, 4, "wOFF", RST_TYPE_WOFF},
    {0, 4, "wOF2", RST_TYPE_WOFF},
    {0, 14, "-----BEGIN PGP", RST_TYPE_PGP_TEXT}, // messages: is_pgp
};

static bool at(const uint8_t *h, size_t n, size_t where, const char *mark) {
    size_t m = strlen(mark);
    return where <= n && m <= n - where && memcmp(h + where, mark, m) == 0;
}

static bool is_bzip2(const uint8_t *h, size_t n) {
    return n >= 10 && memcmp(h, "BZh", 3) == 0 && h[3] >= '1' && h[3] <= '9' &&
           (memcmp(h + 4, "1AY&SY", 6) == 0 || memcmp(h + 4, "\x17rE8P\x90", 6) == 0);
}

// A ContentInfo of RFC 5652: a sequence of unknown or long size, its first member the object
// identifier 1.2.840.113549.1.7.x or 1.2.840.113549.1.9.16.1.x.
static bool is_cms(const uint8_t *h, size_t n) {
    if (n < 14 || h[0] != 0x30 || h[1] < 0x80 || h[1] > 0x84) {
        return false;
    }
    const uint8_t *oid = h + 2 + (h[1] & 0x0f);
    return memcmp(oid, "\x06\x09\x2a\x86\x48\x86\xf7\x0d", 8) == 0 ||
           memcmp(oid, "\x06\x0b\x2a\x86\x48\x86\xf7\x0d", 8) == 0;
}

static bool is_pgp_algorithm(uint8_t a) {
    return (a >= 1 && a <= 3) || (a >= 16 && a <= 22) || a == 25 || a == 26;
}

// RFC 4880 sections 5.1 and 5.3: a message that begins with a session key, encrypted with a public
// key or a password; or in armour (section 6.2).
static bool is_pgp(const uint8_t *h, size_t n) {
    static const char armour[] = "-----BEGIN PGP MESSAGE";
    if (n >= sizeof armour - 1 && memcmp(h, armour, sizeof armour - 1) == 0) {
        return true;
    }
    if (n < 14 || (h[0] & 0x80) == 0) {
        return false;
    }
    bool fresh = (h[0] & 0x40) != 0;
    uint8_t tag = fresh ? h[0] & 0x3f : h[0] >> 2 & 0x0f;
    size_t size = fresh ? (h[1] < 192 ? 1 : h[1] < 224 ? 2 : 5) : (size_t)1 << (h[0] & 3);
    if (size > 5 || (!fresh && size == 8)) {
        return false;
    }
    const uint8_t *body = h + 1 + size;
    if (tag == 1) {
        return n >= size + 11 && body[0] == 3 && is_pgp_algorithm(body[9]);
    }
    return tag == 3 && size == 1 && h[1] >= 4 && h[1] <= 100 && body[0] == 4 && body[1] >= 1 &&
           body[1] <= 13 && body[2] <= 4;
}

// LZMA's old file format has no mark: settings, a dictionary of a size that is 2^n or 2^n +
// 2^(n-1), the size of the file or all ones, and the range coder's first octet, which is 0.
// Settings other than the usual ones count only with a size of all ones, else other files would
// look like it.
static bool is_lzma(const uint8_t *h, size_t n) {
    if (n < 14 || h[0] >= 225 || h[13] != 0) {
        return false;
    }
    uint32_t dictionary = rst_le32(h + 1);
    uint32_t rest = dictionary & (dictionary - 1); // without its lowest bit
    bool sized = dictionary >= 4096 && (rest == 0 || rest == 2 * (dictionary & -dictionary));
    uint64_t size = rst_le64(h + 5);
    return (sized || dictionary == UINT32_MAX) &&
           (size == UINT64_MAX || (h[0] == 0x5d && size < (uint64_t)1 << 38));
}

static bool is_binhex(const uint8_t *h, size_t n) {
    return rst_starts(h, n, "(this file must be converted with binhex");
}

// A uuencoded file that is attached as it is.
static bool is_uuencode(const uint8_t *h, size_t n) {
    if (n < 11 || memcmp(h, "begin ", 6) != 0) {
        return false;
    }
    size_t i = 6;
    while (i < 10 && h[i] >= '0' && h[i] <= '7') {
        i++;
    }
    return i >= 9 && h[i] == ' ';
}

// The length of the field name that a line begins with, the colon not counted; 0 if none.
static size_t field_name(const uint8_t *line, size_t n) {
    size_t i = 0;
    while (i < n && line[i] > ' ' && line[i] < 0x7f && line[i] != ':') {
        i++;
    }
    return i < n && line[i] == ':' ? i : 0;
}

// A saved message or mailbox: an optional "From " line, then fields, one of them of those that
// only mail has. Letters to people begin with "From:" as well, but have none of these.
static bool is_mail(const uint8_t *h, size_t n) {
    static const char *const tell[] = {"received", "return-path", "message-id", "delivered-to",
                                       "mime-version"};
    size_t at = 0;
    bool first = true;
    while (at < n) {
        const uint8_t *lf = memchr(h + at, '\n', n - at);
        if (lf == NULL) {
            return false;
        }
        size_t name = field_name(h + at, n - at);
        bool folded = !first && rst_blank(h[at]);
        if (name == 0 && !folded && !(first && rst_starts(h, n, "from "))) {
            return false;
        }
        for (size_t i = 0; name > 0 && i < sizeof tell / sizeof tell[0]; i++) {
            if (rst_is(h + at, name, tell[i])) {
                return true;
            }
        }
        at = (size_t)(lf - h) + 1;
        first = false;
    }
    return false;
}

static bool is_lzh(const uint8_t *h, size_t n) {
    return n >= 7 && h[2] == '-' && h[6] == '-' &&
           ((h[3] == 'l' && (h[4] == 'h' || h[4] == 'z')) || (h[3] == 'p' && h[4] == 'm'));
}

// ARJ: mark, size of the basic header (at most 2600), and file type 2, "archive header".
static bool is_arj(const uint8_t *h, size_t n) {
    return n >= 11 && h[0] == 0x60 && h[1] == 0xea && (h[2] | h[3] << 8) <= 2600 && h[10] == 2;
}

// "MZ": what the header points to says which kind. It may point behind the first octets: then it
// is a program all the same, unless it is text that begins with these letters.
static rst_type mz(const uint8_t *h, size_t n) {
    if (rst_magic_text(h, n)) {
        return RST_TYPE_UNKNOWN;
    }
    size_t to = n >= 0x40 ? rst_le32(h + 0x3c) : n;
    if (at(h, n, to, "PE")) {
        return RST_TYPE_PE;
    }
    if (at(h, n, to, "NE")) {
        return RST_TYPE_NE;
    }
    return at(h, n, to, "LE") || at(h, n, to, "LX") ? RST_TYPE_LE : RST_TYPE_DOS;
}

// 0xcafebabe begins a Java class (version 45 and up) and a Mach-O for several processors (their
// number: never more than a few).
static rst_type cafebabe(const uint8_t *h, size_t n) {
    if (n < 8 || memcmp(h, "\xca\xfe\xba\xbe", 4) != 0) {
        return RST_TYPE_UNKNOWN;
    }
    return h[4] == 0 && h[5] == 0 && h[6] == 0 && h[7] < 40 ? RST_TYPE_MACHO : RST_TYPE_JAVA_CLASS;
}

// The name of the first entry tells the kinds of zip that are made by one program only.
static rst_type zip_kind(const uint8_t *h, size_t n) {
    if (at(h, n, 30, "META-INF/MANIFEST.MF") || at(h, n, 30, "META-INF/")) {
        return RST_TYPE_JAR;
    }
    if (at(h, n, 30, "AndroidManifest.xml") || at(h, n, 30, "classes.dex")) {
        return RST_TYPE_APK;
    }
    return at(h, n, 30, "mimetypeapplication/epub+zip") ? RST_TYPE_EPUB : RST_TYPE_ZIP;
}

// Chunks of RIFF, and boxes of ISO/IEC 14496-12.
static rst_type media(const uint8_t *h, size_t n) {
    if (at(h, n, 0, "RIFF")) {
        return at(h, n, 8, "WAVE")   ? RST_TYPE_WAV
               : at(h, n, 8, "AVI ") ? RST_TYPE_AVI
               : at(h, n, 8, "WEBP") ? RST_TYPE_WEBP
                                     : RST_TYPE_UNKNOWN;
    }
    if (n >= 12 && h[0] == 0 && memcmp(h + 4, "ftyp", 4) == 0) {
        bool still = at(h, n, 8, "heic") || at(h, n, 8, "heix") || at(h, n, 8, "mif1") ||
                     at(h, n, 8, "avif");
        return still ? RST_TYPE_HEIC : RST_TYPE_MP4;
    }
    if (n >= 5 && memcmp(h, "ID3", 3) == 0 && h[3] < 5) {
        return RST_TYPE_MP3;
    }
    // A frame of MPEG audio layer 3 without tags: rates that exist.
    bool frame = n >= 4 && h[0] == 0xff && (h[1] & 0xe6) == 0xe2 && (h[1] & 0x18) != 0x08 &&
                 h[2] >> 4 != 0 && h[2] >> 4 != 15 && (h[2] & 0x0c) != 0x0c && (h[3] & 3) != 2;
    return frame ? RST_TYPE_MP3 : RST_TYPE_UNKNOWN;
}

// Short marks that need a second look.
static rst_type image(const uint8_t *h, size_t n) {
    if (n >= 18 && h[0] == 'B' && h[1] == 'M' && rst_le32(h + 6) == 0 &&
        rst_le32(h + 10) < 65536 && rst_le32(h + 14) >= 12 && rst_le32(h + 14) <= 124) {
        return RST_TYPE_BMP;
    }
    // ICO, CUR: a directory of images, whose first entry lies right behind the directory.
    if (n >= 22 && rst_le16(h) == 0 && (rst_le16(h + 2) == 1 || rst_le16(h + 2) == 2) &&
        h[9] == 0 && rst_le16(h + 4) > 0 && rst_le16(h + 4) < 256 &&
        rst_le32(h + 18) >= 6 + 16u * rst_le16(h + 4) && rst_le32(h + 18) < 65536) {
        return RST_TYPE_ICO;
    }
    return RST_TYPE_UNKNOWN;
}

bool rst_magic_text(const uint8_t *head, size_t n) {
    if (n >= 2 && ((head[0] == 0xff && head[1] == 0xfe) || (head[0] == 0xfe && head[1] == 0xff))) {
        return true; // UTF-16
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t c = head[i];
        if (c < ' ' && c != '\t' && c != '\r' && c != '\n' && c != '\f' && c != 0x1b) {
            return false;
        }
    }
    return true;
}

static bool holds(const uint8_t *h, size_t n, const char *word) {
    size_t m = strlen(word);
    for (size_t i = 0; m <= n && i <= n - m; i++) {
        if (rst_lower(h[i]) == (uint8_t)word[0] && rst_starts(h + i, n - i, word)) {
            return true;
        }
    }
    return false;
}

rst_type rst_magic_words(const uint8_t *head, size_t n) {
    static const struct {
        const char *word;
        rst_type type;
    } words[] = {
        {"#!", RST_TYPE_SCRIPT},         {"<!doctype html", RST_TYPE_HTML},
        {"<html", RST_TYPE_HTML},        {"<head", RST_TYPE_HTML},
        {"<body", RST_TYPE_HTML},        {"<script", RST_TYPE_HTML},
        {"<svg", RST_TYPE_SVG},          {"<!doctype svg", RST_TYPE_SVG},
        {"<?xml", RST_TYPE_XML},         {"begin:vcalendar", RST_TYPE_CALENDAR},
        {"begin:vcard", RST_TYPE_VCARD}, {"windows registry editor version", RST_TYPE_REGISTRY},
        {"regedit4", RST_TYPE_REGISTRY}, {"[internetshortcut]", RST_TYPE_URL},
    };
    if (n >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0) {
        head += 3;
        n -= 3;
    }
    while (n > 0 && (*head == ' ' || *head == '\t' || *head == '\r' || *head == '\n')) {
        head++;
        n--;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (rst_starts(head, n, words[i].word)) {
            rst_type type = words[i].type;
            if (type == RST_TYPE_SCRIPT && n > 2 && head[2] != '/' && head[2] != ' ') {
                return RST_TYPE_UNKNOWN;
            }
            if (type == RST_TYPE_HTML && holds(head, n, "<hta:application")) {
                return RST_TYPE_HTA;
            }
            return type == RST_TYPE_XML && holds(head, n, "<svg") ? RST_TYPE_SVG : type;
        }
    }
    return RST_TYPE_UNKNOWN;
}

static rst_type by_mark(const uint8_t *head, size_t n) {
    if (at(head, n, 0, "PK\3\4")) {
        return zip_kind(head, n);
    }
    if (at(head, n, 0, "MZ") || at(head, n, 0, "ZM")) {
        return mz(head, n);
    }
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t from = marks[i].at;
        if (from + marks[i].n <= n && memcmp(head + from, marks[i].mark, marks[i].n) == 0) {
            return marks[i].type;
        }
    }
    return RST_TYPE_UNKNOWN;
}

// Formats without a mark at a fixed place, or one that says little by itself.
static rst_type by_structure(const uint8_t *head, size_t n) {
    static const struct {
        bool (*is)(const uint8_t *, size_t);
        rst_type type;
    } looks[] = {
        {is_pgp, RST_TYPE_PGP},         {is_bzip2, RST_TYPE_BZIP2},
        {is_lzma, RST_TYPE_LZMA},       {is_lzh, RST_TYPE_LZH},
        {is_arj, RST_TYPE_ARJ},         {is_binhex, RST_TYPE_BINHEX},
        {is_uuencode, RST_TYPE_TEXT},   {is_mail, RST_TYPE_MAIL},
        {is_cms, RST_TYPE_CMS},         {rst_cpio_head, RST_TYPE_CPIO},
        {rst_tar_header, RST_TYPE_TAR},
    };
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        if (looks[i].is(head, n)) {
            return looks[i].type;
        }
    }
    return RST_TYPE_UNKNOWN;
}

bool rst_magic_quiet(rst_type type) {
    const rst_type_row *row = &rst_types[type];
    return row->closed == NULL &&
           (row->format == RST_FORMAT_PLAIN || row->format == RST_FORMAT_TEXT);
}

// A mark of what is not opened anyway must not hide what is: the name of a tar's first file may
// be any mark.
rst_type rst_magic(const uint8_t *head, size_t n) {
    static rst_type (*const looks[])(const uint8_t *, size_t) = {by_mark, cafebabe, media, image};
    rst_type type = RST_TYPE_UNKNOWN;
    for (size_t i = 0; type == RST_TYPE_UNKNOWN && i < sizeof looks / sizeof looks[0]; i++) {
        type = looks[i](head, n);
    }
    if (!rst_magic_quiet(type)) {
        return type;
    }
    rst_type inside = by_structure(head, n);
    return inside != RST_TYPE_UNKNOWN ? inside : type;
}

static bool ends_with(const char *name, const char *end) {
    size_t n = strlen(name);
    size_t m = strlen(end);
    if (n < m) {
        return false;
    }
    for (size_t i = 0; i < m; i++) {
        char c = name[n - m + i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != end[i]) {
            return false;
        }
    }
    return true;
}

bool rst_magic_zip_inside(const uint8_t *head, size_t n, const char *name) {
    return (n >= 2 && head[0] == 'M' && head[1] == 'Z') || ends_with(name, ".zip") ||
           ends_with(name, ".jar") || ends_with(name, ".docx") || ends_with(name, ".xlsx") ||
           ends_with(name, ".pptx") || ends_with(name, ".apk");
}

bool rst_magic_xml(const uint8_t *head, size_t n) {
    static const char mark[] = "<?xml";
    size_t k = 0;
    for (size_t i = 0; i < n && k < sizeof mark - 1; i++) {
        bool between = head[i] == 0 || (k == 0 && (head[i] >= 0x80 || head[i] <= ' '));
        if (!between && head[i] != (uint8_t)mark[k++]) {
            return false;
        }
    }
    return k == sizeof mark - 1;
}

bool rst_magic_pdf_name(const char *name) {
    return ends_with(name, ".pdf");
}

bool rst_magic_pdf_inside(const uint8_t *head, size_t n) {
    for (size_t i = 0; i + 5 <= n; i++) {
        if (head[i] == '%' && memcmp(head + i, "%PDF-", 5) == 0) {
            return true;
        }
    }
    return false;
}

bool rst_magic_mail_name(const char *name) {
    return ends_with(name, ".eml") || ends_with(name, ".mht") || ends_with(name, ".mhtml");
}
