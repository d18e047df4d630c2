// Tells a type by its first octets, as file(1) does; the name only counts where the octets say
// nothing.
#include "magic.h"

#include <string.h>

#include "ascii.h"

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
    {0, 8, "!<arch>\n", RST_TYPE_AR},
    {0, 6, "070701", RST_TYPE_CPIO},
    {0, 6, "070702", RST_TYPE_CPIO},
    {0, 6, "070707", RST_TYPE_CPIO},
    {0, 5, "\xed\xab\xee\xdb\3", RST_TYPE_RPM},
    {0, 5, "xar!\0", RST_TYPE_XAR},
    {0, 4, "\x04\x22\x4d\x18", RST_TYPE_LZ4},
    {0, 8, "SZDD\x88\xf0\x27\x33", RST_TYPE_SZDD},
    {0, 8, "StuffIt ", RST_TYPE_STUFFIT},
    {20, 4, "\xdc\xa7\xc4\xfd", RST_TYPE_ZOO},
    {0, 4, "ALZ\1", RST_TYPE_ALZ},
    {0, 4, "EGGA", RST_TYPE_EGG},
    {0, 8, "conectix", RST_TYPE_VHD},
    {0, 8, "vhdxfile", RST_TYPE_VHDX},
    {0, 8, "KDMV\1\0\0\0", RST_TYPE_VMDK},
    {0, 4, "QFI\xfb", RST_TYPE_QCOW},
    {0, 8, "MSWIM\0\0\0", RST_TYPE_WIM},
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
    {0, 8, "\x4c\0\0\0\1\x14\2\0", RST_TYPE_LNK}, // [MS-SHLLINK] 2.1: size and class
    {0, 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", RST_TYPE_OLE},
    {0, 4, "{\\rt", RST_TYPE_RTF},                                // Word asks for no more
    {0, 8, "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", RST_TYPE_ONENOTE}, // [MS-ONESTORE] 2.3.1
    {0, 5, "%PDF-", RST_TYPE_PDF},
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
    {0, 14, "-----BEGIN PGP", RST_TYPE_PGP},
};

static uint16_t le16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p) {
    return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static bool at(const uint8_t *h, size_t n, size_t where, const char *mark) {
    size_t m = strlen(mark);
    return where <= n && m <= n - where && memcmp(h + where, mark, m) == 0;
}

static bool is_bzip2(const uint8_t *h, size_t n) {
    return n >= 10 && memcmp(h, "BZh", 3) == 0 && h[3] >= '1' && h[3] <= '9' &&
           (memcmp(h + 4, "1AY&SY", 6) == 0 || memcmp(h + 4, "\x17rE8P\x90", 6) == 0);
}

static bool is_lzh(const uint8_t *h, size_t n) {
    return n >= 7 && h[2] == '-' && h[3] == 'l' && (h[4] == 'h' || h[4] == 'z') && h[6] == '-';
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
    size_t to = n >= 0x40 ? le32(h + 0x3c) : n;
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
    if (n >= 18 && h[0] == 'B' && h[1] == 'M' && le32(h + 6) == 0 && le32(h + 10) < 65536 &&
        le32(h + 14) >= 12 && le32(h + 14) <= 124) {
        return RST_TYPE_BMP;
    }
    // ICO, CUR: a directory of images, whose first entry lies right behind the directory.
    if (n >= 22 && le16(h) == 0 && (le16(h + 2) == 1 || le16(h + 2) == 2) && h[9] == 0 &&
        le16(h + 4) > 0 && le16(h + 4) < 256 && le32(h + 18) >= 6 + 16u * le16(h + 4) &&
        le32(h + 18) < 65536) {
        return RST_TYPE_ICO;
    }
    return RST_TYPE_UNKNOWN;
}

// RFC 5652: a sequence whose first member is an object identifier of PKCS #7. RFC 9580: a packet
// that names the key of the reader, version 3.
static rst_type crypto(const uint8_t *h, size_t n) {
    if (n >= 2 && h[0] == 0x30) {
        size_t to = h[1] == 0x80 ? 2 : h[1] > 0x80 && h[1] <= 0x84 ? 2 + (h[1] & 0x7fu) : 2;
        if (at(h, n, to, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07")) {
            return RST_TYPE_SMIME;
        }
    }
    size_t to = n < 4                         ? n
                : h[0] == 0x84                ? 2
                : h[0] == 0x85                ? 3
                : h[0] == 0xc1 && h[1] >= 192 ? 3
                                              : n;
    bool key =
        to + 10 <= n && h[to] == 3 && (h[to + 9] == 1 || h[to + 9] == 16 || h[to + 9] == 18);
    return key ? RST_TYPE_PGP : RST_TYPE_UNKNOWN;
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

rst_type rst_magic(const uint8_t *head, size_t n) {
    static rst_type (*const looks[])(const uint8_t *, size_t) = {by_mark, cafebabe, media, image,
                                                                 crypto};
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        rst_type type = looks[i](head, n);
        if (type != RST_TYPE_UNKNOWN) {
            return type;
        }
    }
    if (is_bzip2(head, n)) {
        return RST_TYPE_BZIP2;
    }
    if (is_lzh(head, n)) {
        return RST_TYPE_LZH;
    }
    if (is_arj(head, n)) {
        return RST_TYPE_ARJ;
    }
    return rst_tar_header(head, n) ? RST_TYPE_TAR : RST_TYPE_UNKNOWN;
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

bool rst_magic_mail_name(const char *name) {
    return ends_with(name, ".eml") || ends_with(name, ".mht") || ends_with(name, ".mhtml");
}
