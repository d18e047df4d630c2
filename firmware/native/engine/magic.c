// Tells a type by its first octets, as file(1) does; the name only counts where the octets say
// nothing.
#include "magic.h"

#include <string.h>

#include "ascii.h"
#include "old_archives.h"
#include "zip.h"

static const struct {
    uint8_t at, n;
    char mark[14];
    rst_type type;
} marks[] = {
    {0, 4, "PK\3\4", RST_TYPE_ZIP},
    {0, 4, "PK\5\6", RST_TYPE_ZIP},
    {0, 8, "PK\7\10PK\3\4", RST_TYPE_ZIP},
    {0, 8, "PK00PK\3\4", RST_TYPE_ZIP},
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
    {0, 14, "L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0", RST_TYPE_LNK},
    {0, 8, "vhdxfile", RST_TYPE_VHDX},
    {0, 4, "KDMV", RST_TYPE_VMDK},
    {0, 4, "QFI\xfb", RST_TYPE_QCOW},
    {0, 8, "MSWIM\0\0\0", RST_TYPE_WIM},
    {0, 8, "!<arch>\n", RST_TYPE_AR},
    {0, 8, "SZDD\x88\xf0\x27\x33", RST_TYPE_SZDD},
    {0, 8, "SZ \x88\xf0\x27\x33\xd1", RST_TYPE_SZDD},
    {0, 8, "KWAJ\x88\xf0\x27\xd1", RST_TYPE_KWAJ},
    {0, 14, "(This file mus", RST_TYPE_BINHEX}, // "t be converted with BinHex 4.0)"
};

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
    return n >= 7 && h[2] == '-' && h[3] == 'l' && (h[4] == 'h' || h[4] == 'z') && h[6] == '-';
}

// ARJ: mark, size of the basic header (at most 2600), and file type 2, "archive header".
static bool is_arj(const uint8_t *h, size_t n) {
    return n >= 11 && h[0] == 0x60 && h[1] == 0xea && (h[2] | h[3] << 8) <= 2600 && h[10] == 2;
}

rst_type rst_magic(const uint8_t *head, size_t n) {
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t end = (size_t)marks[i].at + marks[i].n;
        if (n >= end && memcmp(head + marks[i].at, marks[i].mark, marks[i].n) == 0) {
            return marks[i].type;
        }
    }
    if (is_bzip2(head, n)) {
        return RST_TYPE_BZIP2;
    }
    if (is_lzma(head, n)) {
        return RST_TYPE_LZMA;
    }
    if (is_lzh(head, n)) {
        return RST_TYPE_LZH;
    }
    if (is_arj(head, n)) {
        return RST_TYPE_ARJ;
    }
    if (is_binhex(head, n)) {
        return RST_TYPE_BINHEX;
    }
    if (is_uuencode(head, n)) {
        return RST_TYPE_TEXT;
    }
    if (is_mail(head, n)) {
        return RST_TYPE_MAIL;
    }
    if (is_cms(head, n)) {
        return RST_TYPE_CMS;
    }
    if (is_pgp(head, n)) {
        return RST_TYPE_PGP;
    }
    if (rst_cpio_head(head, n)) {
        return RST_TYPE_CPIO;
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
