// ClamAV's names of types are other words for ours; a list of one's own may use ours as well.
#include "marks.h"

#include <string.h>

#include "scanner.h"
#include "sigfile.h"

static const struct {
    const char *theirs;
    rst_type type;
} known[] = {
    {"text_ascii", RST_TYPE_TEXT},    {"text_utf8", RST_TYPE_TEXT},
    {"msexe", RST_TYPE_PE},           {"gz", RST_TYPE_GZIP},
    {"bz", RST_TYPE_BZIP2},           {"mscab", RST_TYPE_CAB},
    {"mschm", RST_TYPE_CHM},          {"msole2", RST_TYPE_OLE},
    {"posix_tar", RST_TYPE_TAR},      {"old_tar", RST_TYPE_TAR},
    {"msszdd", RST_TYPE_SZDD},        {"lha_lzh", RST_TYPE_LZH},
    {"macho_unibin", RST_TYPE_MACHO}, {"ooxml_word", RST_TYPE_DOCX},
    {"ooxml_xl", RST_TYPE_XLSX},      {"ooxml_ppt", RST_TYPE_PPTX},
    {"cpio_odc", RST_TYPE_CPIO},      {"cpio_newc", RST_TYPE_CPIO},
    {"cpio_crc", RST_TYPE_CPIO},      {"iso9660", RST_TYPE_ISO},
    {"ps", RST_TYPE_POSTSCRIPT},      {"macho", RST_TYPE_MACHO},
    {"mail", RST_TYPE_MAIL},          {"script", RST_TYPE_SCRIPT},
};

static rst_type named(const char *name) {
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].theirs) == 0) {
            return known[i].type;
        }
    }
    char ours[32]; // "office_macro" is "office-macro": their names have no hyphen
    size_t n = strlen(name);
    if (n >= sizeof ours) {
        return RST_TYPE_UNKNOWN;
    }
    for (size_t i = 0; i < n; i++) {
        ours[i] = name[i] == '_' ? '-' : name[i];
    }
    return rst_type_named(ours, n);
}

rst_type rst_marks_type(rst_scanner *s, const rst_layer *l) {
    if (s->db == NULL || s->db->section[RST_SECTION_MARKS].size == 0) {
        return RST_TYPE_UNKNOWN;
    }
    rst_spend(s, s->db->section[RST_SECTION_MARKS].size / RST_MARK_SIZE);
    const char *name = rst_db_type(s->db, l->head, l->head_n);
    return name == NULL ? RST_TYPE_UNKNOWN : named(name);
}
