// See office.h.
#include "office.h"

#include <string.h>

#include "ascii.h"
#include "report.h"
#include "scanner.h"

static bool is_office(rst_type t) {
    return t == RST_TYPE_OLE || t == RST_TYPE_DOC || t == RST_TYPE_XLS || t == RST_TYPE_PPT ||
           (t >= RST_TYPE_DOCX && t <= RST_TYPE_OFFICE_AUTORUN);
}

// The three follow each other in type.h in the order of what they say.
static bool above(rst_type to, rst_type from) {
    return from < RST_TYPE_OFFICE_EXTERNAL || from > RST_TYPE_OFFICE_AUTORUN || to > from;
}

// A zip is an office file once its names say so; what is known of it waits until then.
static void settle_zip(rst_layer *l) {
    const rst_office *o = &l->u.zip.office;
    bool odf = o->base >= RST_TYPE_ODT && o->base <= RST_TYPE_ODP;
    if (!o->package && !odf) {
        return;
    }
    if (o->raised != RST_TYPE_UNKNOWN) {
        rst_layer_refine(l, o->raised);
    } else if (o->base != RST_TYPE_UNKNOWN) {
        rst_layer_refine(l, o->base);
    }
}

void rst_office_raise(rst_scanner *s, rst_layer *l, rst_type type) {
    for (size_t i = (size_t)(l - s->layers) + 1; i-- > 0;) {
        rst_layer *at = &s->layers[i];
        if (at->format == RST_FORMAT_ZIP) {
            rst_office *o = &at->u.zip.office;
            if (o->raised == RST_TYPE_UNKNOWN || above(type, o->raised)) {
                o->raised = type;
            }
            settle_zip(at);
        } else if (is_office(rst_layer_content(at)) && above(type, rst_layer_content(at))) {
            rst_layer_refine(at, type);
        }
        if (!is_office(rst_layer_content(at))) {
            return;
        }
    }
}

static bool has(const char *name, const char *word) {
    return rst_starts((const uint8_t *)name, strlen(name), word);
}

void rst_office_entry(rst_scanner *s, rst_layer *l, const char *name) {
    rst_office *o = &l->u.zip.office;
    while (*name == '/' || *name == '\\') {
        name++;
    }
    char folder[16];
    size_t n = 0;
    while (n < sizeof folder - 1 && name[n] != 0) {
        folder[n] = name[n] == '\\' ? '/' : name[n];
        n++;
    }
    folder[n] = 0;
    bool odf = o->base >= RST_TYPE_ODT && o->base <= RST_TYPE_ODP;
    if (has(name, "[content_types].xml")) {
        o->package = true;
    } else if (odf && (has(folder, "basic/") || has(folder, "scripts/"))) {
        rst_office_raise(s, l, RST_TYPE_OFFICE_MACRO);
    } else if (o->base == RST_TYPE_UNKNOWN) {
        o->base = has(folder, "word/")  ? RST_TYPE_DOCX
                  : has(folder, "xl/")  ? RST_TYPE_XLSX
                  : has(folder, "ppt/") ? RST_TYPE_PPTX
                                        : RST_TYPE_UNKNOWN;
    }
    if (has(folder, "xl/macrosheets/")) {
        rst_office_raise(s, l, RST_TYPE_OFFICE_MACRO); // of Excel 4
    }
    settle_zip(l);
}

static bool begins(const uint8_t *data, size_t n, const char *word) {
    size_t m = strlen(word);
    return n >= m && memcmp(data, word, m) == 0;
}

// OpenDocument says in its first entry what it is.
void rst_office_entry_end(rst_scanner *s, rst_layer *l, const rst_layer *child) {
    static const char mark[] = "application/vnd.oasis.opendocument.";
    (void)s;
    size_t m = sizeof mark - 1;
    if (strcmp(child->name, "mimetype") != 0 || !begins(child->head, child->head_n, mark)) {
        return;
    }
    const uint8_t *kind = child->head + m;
    size_t n = child->head_n - m;
    rst_office *o = &l->u.zip.office;
    o->base = begins(kind, n, "text")           ? RST_TYPE_ODT
              : begins(kind, n, "spreadsheet")  ? RST_TYPE_ODS
              : begins(kind, n, "presentation") ? RST_TYPE_ODP
                                                : o->base;
    settle_zip(l);
}

// Word, Excel and PowerPoint run these when a file is opened, closed, printed or looked at.
static const char *const autorun[] = {
    "autoexec",
    "autoopen",
    "auto_open",
    "autoclose",
    "auto_close",
    "autoexit",
    "autonew",
    "auto_exit",
    "document_open",
    "documentopen",
    "document_close",
    "documentbeforeclose",
    "document_new",
    "newdocument",
    "document_change",
    "workbook_open",
    "workbook_activate",
    "workbook_close",
    "workbookopen",
    "workbook_beforeclose",
    "auto_activate",
    "auto_deactivate",
    "worksheet_activate",
    "workbook_deactivate",
    "auto_add",
    "presentation_open",
    "onslideshowpagechange",
};

static void end_word(rst_autorun *a) {
    for (size_t i = 0; a->n > 0 && i < sizeof autorun / sizeof autorun[0]; i++) {
        size_t n = strlen(autorun[i]);
        a->found = a->found || (n == a->n && memcmp(autorun[i], a->word, n) == 0);
    }
    a->n = 0;
}

static bool in_name(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

void rst_autorun_look(rst_autorun *a, const uint8_t *data, size_t n) {
    for (size_t i = 0; i < n && !a->found; i++) {
        uint8_t c = rst_lower(data[i]);
        if (!in_name(c)) {
            end_word(a);
        } else if (a->n < sizeof a->word) {
            a->word[a->n++] = (char)c; // a full word is longer than any of the list
        }
    }
}

void rst_autorun_end(rst_autorun *a) {
    end_word(a);
}
