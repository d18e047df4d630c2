// What the main streams of Word, Excel and PowerPoint say without being understood as a whole:
// that they are encrypted (MS-DOC 2.5.2, MS-XLS 2.4.117, MS-PPT 2.3.2), that a sheet holds macros
// of Excel 4, and the objects that slides hold.
#include <string.h>

#include "ole.h"
#include "report.h"
#include "scanner.h"

enum {
    WORD_MARK = 0xa5,
    WORD_FLAGS = 10,
    WORD_ENCRYPTED = 0x100,
    EXCEL_BEGIN = 0x09, // of a sheet, or of the whole; the high octet is the version
    EXCEL_MACROS = 0x40,
    EXCEL_NAME = 0x18,
    EXCEL_FILEPASS = 0x2f,
    EXCEL_SHEET = 0x85,
    SLIDES_STORAGE = 0x1011, // an object or the macros
};

#define SLIDES_ENCRYPTED 0xf3d1c4dfu

static void encrypted(rst_scanner *s, rst_layer *l) {
    rst_found(s, RST_ENCRYPTED, "encrypted office document", l, &l->place, NULL);
}

void rst_word_stream(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    // All of Word's marks, of whatever version, have the same high octet.
    if (n >= WORD_FLAGS + 2 && data[1] == WORD_MARK &&
        (rst_le16(data + WORD_FLAGS) & WORD_ENCRYPTED) != 0) {
        encrypted(s, l);
    }
}

void rst_slides_user(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    if (n >= 16 && rst_le32(data + 12) == SLIDES_ENCRYPTED) {
        encrypted(s, l);
    }
}

// Auto_Open, Auto_Close, Auto_Activate, Auto_Deactivate as built-in names (MS-XLS 2.4.150).
static bool is_auto(uint8_t name) {
    return name == 1 || name == 2 || name == 0x0a || name == 0x0b;
}

// A name that Excel runs: a built-in one, which stands behind flags since Excel 97, or in words.
static bool runs_itself(const uint8_t *record, size_t n) {
    if (n <= 15) {
        return false;
    }
    if ((rst_le16(record) & 0x20) != 0) {
        return is_auto(record[14]) || is_auto(record[15]);
    }
    rst_autorun words = {0};
    rst_autorun_look(&words, record + 14, n - 14);
    rst_autorun_end(&words);
    return words.found;
}

void rst_excel_stream(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    bool macros = false;
    bool autorun = false;
    uint64_t steps = 0;
    for (size_t at = 0; n - at >= 4; steps++) {
        unsigned id = rst_le16(data + at);
        size_t size = rst_le16(data + at + 2);
        const uint8_t *record = data + at + 4;
        at += 4;
        if (size > n - at) {
            break;
        }
        if (id == EXCEL_FILEPASS) {
            encrypted(s, l);
        } else if (id == EXCEL_SHEET && size >= 6) {
            macros = macros || record[5] == 1;
        } else if ((id & 0xff) == EXCEL_BEGIN && id <= 0x809 && size >= 4) {
            macros = macros || rst_le16(record + 2) == EXCEL_MACROS;
        } else if (id == EXCEL_NAME) {
            autorun = autorun || runs_itself(record, size);
        }
        at += size;
    }
    rst_spend(s, steps);
    if (macros) {
        rst_office_raise(s, l, autorun ? RST_TYPE_OFFICE_AUTORUN : RST_TYPE_OFFICE_MACRO);
    }
}

void rst_sheet_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *data = rst_store_whole(s, l, &n);
    rst_layer_refine(l, RST_TYPE_XLS);
    if (data != NULL) {
        rst_excel_stream(s, l, data, n);
    }
}

// A folded object: its size, then zlib's header, then deflate.
static bool unfold(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    if (n < 6) {
        return true;
    }
    uint64_t mark = s->scratch_n;
    rst_inflate *f = rst_scratch_take(s, l, sizeof *f);
    if (f == NULL || !rst_count_entry(s, l) || !rst_inflate_begin(f)) {
        s->scratch_n = mark;
        return !s->halted;
    }
    rst_layer *child = rst_layer_open(s, RST_HINT_FILE, "object", &l->place, false);
    rst_inflated result = RST_INFLATE_MORE;
    for (size_t at = 6; result == RST_INFLATE_MORE && at < n && !s->halted;) {
        size_t take = n - at < RST_BLOCK ? n - at : RST_BLOCK;
        size_t used;
        result = rst_inflate_write(s, l, f, child, data + at, take, &used);
        at += used;
    }
    if (child != NULL) {
        rst_layer_close(s, child);
    }
    bool whole = result == RST_INFLATE_DONE || f->out == rst_le32(data); // some lack zlib's end
    s->scratch_n = mark;
    if (!whole && result != RST_INFLATE_LIMIT && !s->halted) {
        rst_found(s, RST_MALFORMED, "object in slides is broken", l, &l->place, NULL);
    }
    return result != RST_INFLATE_LIMIT && !s->halted;
}

bool rst_slides_stream(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n) {
    bool more = true;
    for (size_t at = 0; more && n - at >= 8;) {
        unsigned head = rst_le16(data + at);
        unsigned id = rst_le16(data + at + 2);
        size_t size = rst_le32(data + at + 4);
        at += 8;
        if ((head & 0xf) == 0xf) {
            continue; // a record of records
        }
        if (size > n - at) {
            break;
        }
        if (id == SLIDES_STORAGE && head >> 4 == 1) {
            more = unfold(s, l, data + at, size);
        } else if (id == SLIDES_STORAGE && size > 0) {
            more = rst_expand_whole(s, l, "object", data + at, size);
        }
        at += size;
    }
    return more && !s->halted;
}
