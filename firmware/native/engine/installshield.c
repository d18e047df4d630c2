// What InstallShield puts behind its set-up programs. Two forms are known:
//
// "InstallShield", then files whose octets are coded with their own name, and zlib inside;
// plain files, each behind four texts that end with a zero: name, path, version, size in decimal.
//
// Of its own cabinets among these, files are read as the newest header (versions 6 and later)
// says.
#include <string.h>

#include "ascii.h"
#include "expand.h"
#include "print.h"
#include "program.h"
#include "report.h"
#include "scanner.h"

enum {
    // The form that is coded.
    HEAD = 46,   // of the list
    ENTRY = 312, // header of a file
    ENTRY_NAME = 260,
    CODED = 6, // flags: coded, in blocks
    CODED_BLOCK = 1024,
    BEFORE = 512, // debugging information may stand between the program and the list
    // The plain form.
    TEXTS = 4,
    MOST_TEXT = 512,
    MOST_DIGITS = 10,
    MOST_VOLUMES = 32,
    // Cabinets.
    CAB_HEAD = 20,
    DESCRIPTOR = 0x30,
    FILE_ROW = 0x57,
    SPLIT = 1, // flags of a file
    OBFUSCATED = 2,
    COMPRESSED = 4,
    INVALID = 8,
    LINKED = 1, // to another file's octets
};

typedef struct {
    const uint8_t *at;
    size_t n;
} stretch;

typedef struct {
    rst_scanner *s;
    rst_layer *l;
    const uint8_t *data;
    size_t n;
    bool told, over;
    rst_inflate *inflate;
    stretch header;                // of a set of cabinets: data1.hdr
    stretch volumes[MOST_VOLUMES]; // data1.cab, data2.cab, ...
} setup;

static void malformed(setup *z) {
    if (!z->told) {
        z->told = true;
        rst_found(z->s, RST_MALFORMED, "InstallShield's files are broken", z->l, &z->l->place,
                  NULL);
    }
}

static void unscannable(setup *z, const char *why, const char *name) {
    rst_found(z->s, RST_UNSCANNABLE, why, z->l, &z->l->place, name);
}

static void print_name(const uint8_t *text, size_t n, char *out) {
    rst_print p;
    rst_print_init(&p, out, RST_MAX_NAME);
    rst_print_octets(&p, RST_CHARSET_LATIN1, text, n);
    rst_print_end(&p);
}

// The coding is its own kind of XOR with the name, begun anew with each block.
static void decode(const uint8_t *from, uint8_t *to, size_t n, const uint8_t *name,
                   size_t name_n) {
    static const uint8_t magic[] = {0x13, 0x35, 0x86, 0x07};
    for (size_t i = 0; i < n; i++) {
        size_t k = i % CODED_BLOCK % name_n;
        uint8_t swapped = (uint8_t)(from[i] << 4 | from[i] >> 4);
        to[i] = (uint8_t)~(swapped ^ name[k] ^ magic[k % sizeof magic]);
    }
}

static void open_coded(setup *z, const uint8_t *entry, size_t name_n, size_t n) {
    char name[RST_MAX_NAME];
    print_name(entry, name_n, name);
    // Given back at once: it lies on top when nothing inside is open.
    uint64_t room = z->s->scratch_n;
    uint8_t *plain = rst_scratch_take(z->s, z->l, n);
    if (plain == NULL) {
        z->over = true;
        return;
    }
    rst_spend(z->s, n);
    decode(entry + ENTRY, plain, n, entry, name_n);
    rst_inflated result = RST_INFLATE_DONE;
    if (n >= 2 && plain[0] == 0x78) {
        z->over = !rst_expand_zlib(z->s, z->l, z->inflate, name, plain, n, &result);
    } else {
        z->over = !rst_expand_whole(z->s, z->l, name, plain, n);
    }
    if (result == RST_INFLATE_BROKEN || result == RST_INFLATE_MORE) {
        malformed(z);
    }
    z->s->scratch_n = room;
}

static void read_coded(setup *z, size_t at) {
    uint32_t files = rst_le16(z->data + at + 14);
    at += HEAD;
    for (; files > 0 && !z->over && rst_budget_left(z->s); files--) {
        if (at > z->n || ENTRY > z->n - at) {
            malformed(z);
            return;
        }
        const uint8_t *entry = z->data + at;
        size_t name_n = strnlen((const char *)entry, ENTRY_NAME);
        uint32_t n = rst_le32(entry + 268);
        at += ENTRY;
        if (n > z->n - at) {
            malformed(z);
            return;
        }
        if (rst_le32(entry + ENTRY_NAME) == CODED && name_n > 0 && name_n < ENTRY_NAME) {
            open_coded(z, entry, name_n, n);
        } else {
            unscannable(z, "InstallShield, unknown coding", NULL);
        }
        at += n;
    }
}

// Where the list of the coded form begins, shortly behind `at`; 0 if it does not.
static size_t coded_list(const uint8_t *data, size_t n, size_t at) {
    static const char mark[14] = "InstallShield";
    for (size_t end = at + BEFORE; at < end && at < n && HEAD + ENTRY <= n - at; at++) {
        if (memcmp(data + at, mark, sizeof mark) == 0) {
            return at;
        }
    }
    return 0;
}

// One file of the plain form: its texts, and its octets.
typedef struct {
    stretch name, octets;
} plain_file;

// False if what stands at *at is none.
static bool take_plain(const uint8_t *data, size_t n, size_t *at, plain_file *f) {
    stretch texts[TEXTS];
    for (int i = 0; i < TEXTS; i++) {
        size_t most = n - *at < MOST_TEXT ? n - *at : MOST_TEXT;
        const uint8_t *end = memchr(data + *at, 0, most);
        if (end == NULL || end == data + *at) {
            return false;
        }
        texts[i] = (stretch){data + *at, (size_t)(end - data) - *at};
        for (size_t k = 0; k < texts[i].n; k++) {
            if (texts[i].at[k] < ' ') {
                return false;
            }
        }
        *at += texts[i].n + 1;
    }
    // The path ends with the name, the size is a number: else this is some other program's.
    stretch name = texts[0];
    stretch path = texts[1];
    stretch size = texts[3];
    if (path.n < name.n || memcmp(path.at + path.n - name.n, name.at, name.n) != 0 ||
        size.n > MOST_DIGITS) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size.n; i++) {
        if (size.at[i] < '0' || size.at[i] > '9') {
            return false;
        }
        value = value * 10 + size.at[i] - '0';
    }
    f->name = name;
    f->octets = (stretch){data + *at, value < n - *at ? (size_t)value : n - *at};
    *at += f->octets.n;
    return value == f->octets.n;
}

// "data1.hdr", and the octets of "dataN.cab" for N from 1.
static void note_cabinet(setup *z, const plain_file *f) {
    const uint8_t *p = f->name.at;
    size_t n = f->name.n;
    if (rst_is(p, n, "data1.hdr")) {
        z->header = f->octets;
        return;
    }
    if (n < 9 || n > 10 || !rst_is(p, 4, "data") || !rst_is(p + n - 4, 4, ".cab")) {
        return;
    }
    uint32_t number = 0;
    for (size_t i = 4; i < n - 4; i++) {
        number = number * 10 + (uint32_t)(p[i] - '0') % 10;
    }
    if (number >= 1 && number <= MOST_VOLUMES) {
        z->volumes[number - 1] = f->octets;
    }
}

// Chunks of a compressed file, each behind its length and a stream of its own.
static bool inflate_chunks(setup *z, rst_layer *child, const uint8_t *p, size_t n) {
    while (n > 0 && rst_budget_left(z->s)) {
        size_t chunk = n >= 2 ? rst_le16(p) : 0;
        size_t used;
        if (chunk == 0 || chunk > n - 2 || !rst_inflate_begin(z->inflate)) {
            return false;
        }
        rst_spend(z->s, chunk);
        rst_inflated r = rst_inflate_write(z->s, z->l, z->inflate, child, p + 2, chunk, &used);
        if (r == RST_INFLATE_LIMIT) {
            z->over = true;
            return true;
        }
        if (r == RST_INFLATE_BROKEN) {
            return false;
        }
        p += 2 + chunk;
        n -= 2 + chunk;
    }
    return true;
}

static void open_packed(setup *z, const char *name, stretch octets, bool packed) {
    if (!packed) {
        z->over = !rst_expand_whole(z->s, z->l, name, octets.at, octets.n);
        return;
    }
    if (!rst_count_entry(z->s, z->l)) {
        z->over = true;
        return;
    }
    rst_layer *child = rst_layer_open(z->s, RST_HINT_FILE, name, &z->l->place, false);
    if (!inflate_chunks(z, child, octets.at, octets.n)) {
        malformed(z);
    }
    if (child != NULL) {
        rst_layer_close(z->s, child);
    }
    z->over = z->over || z->s->report.expanded >= z->s->limits.expanded;
}

// One file of a set of cabinets. `names`: where their offsets count from.
static void open_row(setup *z, const uint8_t *row, uint64_t names) {
    uint32_t flags = rst_le16(row);
    uint64_t size = rst_le64(row + 2);
    uint64_t packed = rst_le64(row + 10);
    uint64_t at = rst_le64(row + 18);
    uint64_t name_at = names + rst_le32(row + 58);
    uint32_t volume = rst_le16(row + 85);
    if ((flags & INVALID) != 0 || size == 0 || (row[84] & LINKED) != 0) {
        return; // removed, or the same as another
    }
    if (name_at >= z->header.n) {
        malformed(z);
        return;
    }
    char name[RST_MAX_NAME];
    const uint8_t *text = z->header.at + name_at;
    print_name(text, strnlen((const char *)text, (size_t)(z->header.n - name_at)), name);
    if ((flags & (SPLIT | OBFUSCATED)) != 0 || volume == 0 || volume > MOST_VOLUMES ||
        z->volumes[volume - 1].at == NULL) {
        unscannable(z, "file in an InstallShield cabinet", name);
        return;
    }
    stretch v = z->volumes[volume - 1];
    uint64_t n = (flags & COMPRESSED) != 0 ? packed : size;
    if (at > v.n || n > v.n - at) {
        malformed(z);
        return;
    }
    open_packed(z, name, (stretch){v.at + at, (size_t)n}, (flags & COMPRESSED) != 0);
}

// Versions count in hundreds, or in the older way of which 6 and later are alike.
static bool known_version(uint32_t version) {
    uint32_t major = version >> 24 == 1 ? version >> 12 & 15 : (version & 0xffff) / 100;
    return major >= 6;
}

static void read_cabinets(setup *z) {
    stretch h = z->header;
    if (h.n < CAB_HEAD || memcmp(h.at, "ISc(", 4) != 0 || !known_version(rst_le32(h.at + 4))) {
        unscannable(z, "InstallShield cabinet", NULL);
        return;
    }
    uint64_t descriptor = rst_le32(h.at + 12);
    if (descriptor > h.n || DESCRIPTOR > h.n - descriptor) {
        malformed(z);
        return;
    }
    const uint8_t *d = h.at + descriptor;
    uint64_t table = descriptor + rst_le32(d + 0x0c);
    uint64_t rows = table + rst_le32(d + 0x2c);
    for (uint32_t left = rst_le32(d + 0x28); left > 0 && !z->over; left--, rows += FILE_ROW) {
        if (rows > h.n || FILE_ROW > h.n - rows) {
            malformed(z);
            return;
        }
        rst_spend(z->s, FILE_ROW);
        open_row(z, h.at + rows, table);
    }
}

static void read_plain(setup *z, size_t at) {
    plain_file f;
    bool cabinets = false;
    while (at < z->n && !z->over && rst_budget_left(z->s)) {
        bool whole = take_plain(z->data, z->n, &at, &f);
        if (!whole) {
            // A signature may stand behind the last file. A file that is cut off goes to the end.
            if (at >= z->n) {
                malformed(z);
            }
            break;
        }
        note_cabinet(z, &f);
        if (f.octets.n >= 4 && memcmp(f.octets.at, "ISc(", 4) == 0) {
            cabinets =
                true; // read together, below; as they are they were matched with the program
            continue;
        }
        char name[RST_MAX_NAME];
        print_name(f.name.at, f.name.n, name);
        z->over = !rst_expand_whole(z->s, z->l, name, f.octets.at, f.octets.n);
    }
    if (cabinets && !z->over) {
        read_cabinets(z);
    }
}

bool rst_installshield(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, size_t at) {
    setup z = {.s = s, .l = l, .data = data, .n = n};
    size_t list = coded_list(data, n, at);
    plain_file first;
    size_t begin = at;
    bool plain = list == 0 && at < n && (take_plain(data, n, &begin, &first) || begin >= n);
    if (list == 0 && !plain) {
        return false;
    }
    z.inflate = rst_scratch_take(s, l, sizeof *z.inflate);
    if (z.inflate == NULL) {
        return true;
    }
    if (list != 0) {
        read_coded(&z, list);
    } else {
        read_plain(&z, at);
    }
    return true;
}
