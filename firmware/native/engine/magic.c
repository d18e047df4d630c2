// Tells a type by its first octets, as file(1) does; the name only counts where the octets say
// nothing.
#include "magic.h"

#include <string.h>

#include "old_archives.h"

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
    if (is_lzh(head, n)) {
        return RST_TYPE_LZH;
    }
    if (is_arj(head, n)) {
        return RST_TYPE_ARJ;
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

bool rst_magic_mail_name(const char *name) {
    return ends_with(name, ".eml") || ends_with(name, ".mht") || ends_with(name, ".mhtml");
}
