// See ole.h. The array of the directory is walked, not only its tree: an entry that the tree does
// not lead to is read as well.
#include "ole.h"

#include <string.h>

#include "print.h"
#include "report.h"
#include "scanner.h"
#include "vba.h"

enum { INSTALLER_TABLE = 0x4840 }; // begins the name of a table, see cfb_names.c

static const struct {
    uint8_t clsid[16];
    rst_type type;
} classes[] = {
    // 00020906-…, 00020900-…, 00020810-…, 00020820-…, 64818D10-…, 000C1084-…, 000C1086-…,
    // 00020D0B-…; the first three fields lie little-endian
    {{6, 9, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}, RST_TYPE_DOC},
    {{0, 9, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}, RST_TYPE_DOC},
    {{0x10, 8, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}, RST_TYPE_XLS},
    {{0x20, 8, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}, RST_TYPE_XLS},
    {{0x10, 0x8d, 0x81, 0x64, 0x9b, 0x4f, 0xcf, 0x11, 0x86, 0xea, 0, 0xaa, 0, 0xb9, 0x29, 0xe8},
     RST_TYPE_PPT},
    {{0x84, 0x10, 0xc, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}, RST_TYPE_MSI},
    {{0x86, 0x10, 0xc, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}, RST_TYPE_MSI},
    {{0x0b, 0x0d, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}, RST_TYPE_MSG},
};

static const struct {
    const char *stream; // in the root
    rst_type type;
} main_streams[] = {
    {"worddocument", RST_TYPE_DOC},
    {"workbook", RST_TYPE_XLS},
    {"book", RST_TYPE_XLS},
    {"powerpoint document", RST_TYPE_PPT},
    {"__properties_version1.0", RST_TYPE_MSG},
};

// The program's own stream says more than the class, which anybody may set.
static rst_type type_of(const rst_cfb *c) {
    for (uint32_t i = 1; i < c->dir_n; i++) {
        if (c->parent[i] == 0 && rst_le16(rst_cfb_entry(c, i)) == INSTALLER_TABLE) {
            return RST_TYPE_MSI;
        }
        for (size_t k = 0; k < sizeof main_streams / sizeof main_streams[0]; k++) {
            if (c->parent[i] == 0 && rst_cfb_named(c, i, main_streams[k].stream)) {
                return main_streams[k].type;
            }
        }
    }
    for (size_t k = 0; k < sizeof classes / sizeof classes[0]; k++) {
        if (memcmp(rst_cfb_entry(c, 0) + 80, classes[k].clsid, 16) == 0) {
            return classes[k].type;
        }
    }
    return RST_TYPE_OLE;
}

static void encrypted(rst_scanner *s, rst_layer *l) {
    rst_found(s, RST_ENCRYPTED, "encrypted office document", l, &l->place, NULL);
}

// The name under which a message keeps an attachment (MS-OXMSG 2.2.2), in place of the stream's.
static void attachment_name(rst_cfb *c, uint32_t entry, char *out, size_t cap) {
    static const char *const names[] = {"__substg1.0_3707001f", "__substg1.0_3707001e",
                                        "__substg1.0_3704001f", "__substg1.0_3704001e"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        uint32_t at = rst_cfb_find(c, c->parent[entry], names[k]);
        size_t n = 0;
        const uint8_t *name = at != RST_CFB_NONE ? rst_cfb_stream(c, at, &n) : NULL;
        if (name == NULL) {
            continue;
        }
        rst_print p;
        rst_print_init(&p, out, cap);
        size_t step = k % 2 == 0 ? 2 : 1; // UTF-16 or octets
        for (size_t i = 0; i + step <= n && !p.full; i += step) {
            rst_print_code(&p, step == 2 ? rst_le16(name + i) : name[i] < 0x80 ? name[i] : '?');
        }
        rst_print_end(&p);
        return;
    }
}

static void name_of(rst_cfb *c, uint32_t entry, char *out, size_t cap) {
    rst_cfb_path(c, entry, out, cap);
    if (c->parent[entry] != RST_CFB_NONE && rst_cfb_named(c, entry, "__substg1.0_37010102")) {
        attachment_name(c, entry, out, cap);
    }
}

static bool autorun_inside(const uint8_t *data, size_t n) {
    rst_autorun a = {0};
    rst_autorun_look(&a, data, n);
    rst_autorun_end(&a);
    return a.found;
}

// What is known of a stream by its name.
static bool special(rst_scanner *s, rst_layer *l, rst_cfb *c, uint32_t entry, const uint8_t *data,
                    size_t n) {
    rst_spend(s, n);
    if (rst_cfb_named(c, entry, "\1ole10native")) {
        return rst_ole1_native(s, l, data + (n < 4 ? n : 4), n < 4 ? 0 : n - 4);
    }
    if (rst_cfb_named(c, entry, "encryptedpackage") || rst_cfb_named(c, entry, "\tdrmcontent")) {
        encrypted(s, l);
    } else if (rst_cfb_named(c, entry, "worddocument")) {
        rst_word_stream(s, l, data, n);
    } else if (rst_cfb_named(c, entry, "workbook") || rst_cfb_named(c, entry, "book")) {
        rst_excel_stream(s, l, data, n);
    } else if (rst_cfb_named(c, entry, "current user")) {
        rst_slides_user(s, l, data, n);
    } else if (rst_cfb_named(c, entry, "powerpoint document")) {
        return rst_slides_stream(s, l, data, n);
    } else if (rst_cfb_named(c, entry, "__substg1.0_10090102")) {
        return rst_lzfu(s, l, data, n); // the body of a message
    } else if (rst_cfb_named(c, entry, "_vba_project")) {
        bool runs = autorun_inside(data, n);
        rst_office_raise(s, l, runs ? RST_TYPE_OFFICE_AUTORUN : RST_TYPE_OFFICE_MACRO);
    } else if (rst_cfb_named(c, entry, "dir")) {
        if (rst_cfb_named(c, c->parent[entry] != RST_CFB_NONE ? c->parent[entry] : 0, "vba")) {
            rst_office_raise(s, l, RST_TYPE_OFFICE_MACRO);
        }
        return rst_vba_project(s, l, c, entry);
    }
    return true;
}

static bool entry_of(rst_scanner *s, rst_layer *l, rst_cfb *c, uint32_t entry) {
    rst_spend(s, 1);
    if (rst_cfb_type(c, entry) != RST_CFB_STREAM) {
        return true;
    }
    uint64_t mark = s->scratch_n;
    char name[RST_MAX_NAME];
    name_of(c, entry, name, sizeof name);
    s->scratch_n = mark;
    size_t n;
    const uint8_t *data = rst_cfb_stream(c, entry, &n);
    bool more = !s->halted;
    if (data != NULL && n > 0) {
        // What is inside goes first: a finding is named by the innermost object.
        more = special(s, l, c, entry, data, n) && rst_expand_whole(s, l, name, data, n);
    }
    s->scratch_n = mark;
    return more && rst_budget_left(s);
}

void rst_ole_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *data = rst_store_whole(s, l, &n);
    if (data == NULL) {
        return;
    }
    rst_cfb c;
    if (rst_cfb_open(&c, s, l, data, n)) {
        rst_layer_refine(l, type_of(&c));
        rst_spend(s, c.dir_n);
        for (uint32_t i = 1; i < c.dir_n && entry_of(s, l, &c, i); i++) {
        }
    }
    if (c.fault != NULL && !s->halted) {
        rst_found(s, RST_MALFORMED, c.fault, l, &l->place, NULL);
    }
}
