// The types: one row each. A new type is a line in type.h, a row here and a mark in magic.c.
#include "type.h"

#include <stddef.h>

const rst_type_row rst_types[RST_TYPES] = {
    [RST_TYPE_UNKNOWN] = {"unknown", RST_FORMAT_PLAIN, NULL},
    [RST_TYPE_TEXT] = {"text", RST_FORMAT_TEXT, NULL},
    [RST_TYPE_MAIL] = {"mail", RST_FORMAT_MAIL, NULL},
    [RST_TYPE_ZIP] = {"zip", RST_FORMAT_ZIP, NULL},
    [RST_TYPE_GZIP] = {"gzip", RST_FORMAT_GZIP, NULL},
    [RST_TYPE_TAR] = {"tar", RST_FORMAT_TAR, NULL},
    [RST_TYPE_BZIP2] = {"bzip2", RST_FORMAT_PLAIN, "bzip2 archive"},
    [RST_TYPE_XZ] = {"xz", RST_FORMAT_PLAIN, "xz archive"},
    [RST_TYPE_LZMA] = {"lzma", RST_FORMAT_PLAIN, "lzma archive"},
    [RST_TYPE_7Z] = {"7z", RST_FORMAT_PLAIN, "7z archive"},
    [RST_TYPE_RAR] = {"rar", RST_FORMAT_PLAIN, "rar archive"},
    [RST_TYPE_CAB] = {"cab", RST_FORMAT_PLAIN, "cab archive"},
    [RST_TYPE_ZSTD] = {"zstd", RST_FORMAT_PLAIN, "zstd archive"},
    [RST_TYPE_LZIP] = {"lzip", RST_FORMAT_PLAIN, "lzip archive"},
    [RST_TYPE_COMPRESS] = {"compress", RST_FORMAT_PLAIN, "compress archive"},
    [RST_TYPE_ACE] = {"ace", RST_FORMAT_PLAIN, "ace archive"},
    [RST_TYPE_ARJ] = {"arj", RST_FORMAT_PLAIN, "arj archive"},
    [RST_TYPE_LZH] = {"lzh", RST_FORMAT_PLAIN, "lzh archive"},
    [RST_TYPE_TNEF] = {"tnef", RST_FORMAT_PLAIN, "TNEF"},
    [RST_TYPE_CMS] = {"cms", RST_FORMAT_CMS, NULL},
    [RST_TYPE_PGP] = {"pgp", RST_FORMAT_PGP, NULL},
    [RST_TYPE_BINHEX] = {"binhex", RST_FORMAT_PLAIN, "BinHex"},
};
