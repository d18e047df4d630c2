// Reads a cabinet (MS-CAB): each file is a stretch of its folder, which is a chain of data blocks.
// A folder is unpacked once if its files stand in order, as all programs write them, else again
// from its start.
#include "cab.h"

#include <string.h>

#include "decode.h"
#include "lz.h"
#include "print.h"
#include "report.h"
#include "scanner.h"

enum {
    HEADER = 36,
    FOLDER = 8,
    FILE_ROW = 16,
    BLOCK = 8,
    BLOCK_OUT = 32768, // octets of a block when unpacked: its window too
    HAS_PREVIOUS = 1,
    HAS_NEXT = 2,
    HAS_RESERVE = 4,
    STORED = 0,
    MSZIP = 1,
    QUANTUM = 2,
    LZX = 3,
    FROM_PREVIOUS = 0xfffd, // numbers of folders that go on in another cabinet
    TO_NEXT = 0xfffe,
    BOTH = 0xffff,
    NAME_IS_UTF8 = 0x80,
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
    size_t folders_at, folder_size, block_extra;
    uint16_t folders, files, flags;
    bool told;
    // The folder that is being unpacked.
    uint32_t folder; // its number, UINT32_MAX: none
    size_t at;       // of the next block
    uint32_t blocks; // to come
    uint16_t method;
    unsigned bits;        // of the window of LZX and Quantum
    uint64_t total;       // octets that come out in all, as the blocks say
    stretch in;           // of a block, not yet taken by a decoder that asks for them
    bool trailer;         // behind it, see read_blocks
    bool ended;           // nothing more comes
    bool unreadable;      // the finding is made
    uint64_t out;         // octets that came out, the block in `block` included
    size_t block_n, kept; // octets in `block`; of the one before, in `window`
    rst_decode inflate;
    rst_lz lz;
    uint8_t block[BLOCK_OUT], window[BLOCK_OUT];
} cabinet;

static void malformed(rst_scanner *s, rst_layer *l, cabinet *c, const char *why) {
    if (!c->told) {
        c->told = true;
        rst_found(s, RST_MALFORMED, why, l, &l->place, NULL);
    }
}

// Behind a text that ends with a zero; 0 if it does not.
static size_t behind_text(const cabinet *c, size_t at) {
    const uint8_t *end = at < c->n ? memchr(c->data + at, 0, c->n - at) : NULL;
    return end != NULL ? (size_t)(end - c->data) + 1 : 0;
}

// The header with its optional fields. False if it is cut off.
static bool read_header(cabinet *c) {
    const uint8_t *h = c->data;
    if (c->n < HEADER) {
        return false;
    }
    c->folders = rst_le16(h + 26);
    c->files = rst_le16(h + 28);
    c->flags = rst_le16(h + 30);
    c->folder_size = FOLDER;
    size_t at = HEADER;
    if ((c->flags & HAS_RESERVE) != 0) {
        if (c->n < HEADER + 4) {
            return false;
        }
        c->folder_size += h[38];
        c->block_extra = h[39];
        at += 4 + (size_t)rst_le16(h + 36);
    }
    int texts = ((c->flags & HAS_PREVIOUS) != 0 ? 2 : 0) + ((c->flags & HAS_NEXT) != 0 ? 2 : 0);
    for (int i = 0; i < texts; i++) {
        at = behind_text(c, at);
        if (at == 0) {
            return false;
        }
    }
    c->folders_at = at;
    return at <= c->n && c->folders * c->folder_size <= c->n - at;
}

// The check value of a block: the octets as numbers of four, added without carry.
static uint32_t checksum(const uint8_t *p, size_t n, uint32_t sum) {
    for (; n >= 4; n -= 4, p += 4) {
        sum ^= rst_le32(p);
    }
    uint32_t rest = 0;
    while (n-- > 0) {
        rest = rest << 8 | *p++;
    }
    return sum ^ rest;
}

// MSZIP: "CK", and deflate whose window is the block before. False: broken.
static bool inflate_block(cabinet *c, const uint8_t *data, size_t n, size_t want) {
    if (n < 2 || data[0] != 'C' || data[1] != 'K') {
        return false;
    }
    z_stream *z = &c->inflate.u.deflate;
    if (inflateReset(z) != Z_OK ||
        (c->kept > 0 && inflateSetDictionary(z, c->window, (uInt)c->kept) != Z_OK)) {
        return false;
    }
    z->next_in = (z_const Bytef *)(data + 2);
    z->avail_in = (uInt)(n - 2);
    z->next_out = c->block;
    z->avail_out = (uInt)want;
    int rc = inflate(z, Z_FINISH);
    c->block_n = want - z->avail_out;
    return rc == Z_STREAM_END && c->block_n == want;
}

// The packed octets of the next block, and how many they become. False: there is none, or it is
// broken.
static bool take_block(rst_scanner *s, rst_layer *l, cabinet *c, stretch *data, size_t *want) {
    if (c->blocks == 0 || !rst_budget_left(s)) {
        return false;
    }
    c->blocks--;
    size_t head = BLOCK + c->block_extra;
    if (c->at > c->n || head > c->n - c->at) {
        malformed(s, l, c, "cab is cut off");
        return false;
    }
    const uint8_t *b = c->data + c->at;
    size_t packed = rst_le16(b + 4);
    *want = rst_le16(b + 6);
    c->at += head;
    if (packed > c->n - c->at) {
        malformed(s, l, c, "cab is cut off");
        return false;
    }
    *data = (stretch){c->data + c->at, packed};
    c->at += packed;
    rst_spend(s, packed + *want);
    uint32_t sum = rst_le32(b);
    if (sum != 0 && sum != checksum(b + 4, head - 4, checksum(data->at, packed, 0))) {
        malformed(s, l, c, "cab check value is wrong");
    }
    // Else it goes on in the next cabinet: told by the file's folder number.
    return *want != 0 || (c->flags & HAS_NEXT) == 0;
}

// For LZX and Quantum, which take their octets as they need them. Every block is a frame, of which
// only the last may be short; Quantum looks for 0xff between them, which the blocks do not hold.
static int read_blocks(void *user, uint8_t *to, size_t n) {
    cabinet *c = user;
    if (c->in.n == 0 && c->trailer) {
        c->trailer = false;
        *to = 0xff;
        return 1;
    }
    while (c->in.n == 0) {
        size_t want;
        if (!take_block(c->s, c->l, c, &c->in, &want)) {
            return 0;
        }
        if (want > BLOCK_OUT || (want < BLOCK_OUT && c->blocks > 0)) {
            malformed(c->s, c->l, c, "cab data is broken");
            return RST_LZ_STOP;
        }
    }
    size_t take = c->in.n < n ? c->in.n : n;
    memcpy(to, c->in.at, take);
    c->in.at += take;
    c->in.n -= take;
    c->trailer = c->method == QUANTUM && c->in.n == 0;
    return (int)take;
}

static bool next_frame(rst_scanner *s, rst_layer *l, cabinet *c) {
    uint64_t left = c->total - c->out;
    size_t want = left < BLOCK_OUT ? (size_t)left : BLOCK_OUT;
    c->block_n = want > 0 && rst_budget_left(s) ? rst_lz_run(&c->lz, c->block, want) : 0;
    if (c->block_n < want && !s->halted) {
        c->ended = true;
        malformed(s, l, c, "cab data is broken");
    }
    return c->block_n > 0;
}

static bool next_stored(rst_scanner *s, rst_layer *l, cabinet *c) {
    stretch data;
    size_t want;
    memcpy(c->window, c->block, c->block_n);
    c->kept = c->block_n;
    c->block_n = 0;
    if (!take_block(s, l, c, &data, &want)) {
        return false;
    }
    bool good = want <= BLOCK_OUT && (c->method == MSZIP || want == data.n);
    if (good && c->method == STORED) {
        memcpy(c->block, data.at, want);
        c->block_n = want;
    } else if (good) {
        good = inflate_block(c, data.at, data.n, want);
    }
    if (!good) {
        c->ended = true;
        malformed(s, l, c, "cab data is broken");
    }
    return c->block_n > 0;
}

// The next octets of the folder, into `block`. False: there are none.
static bool next_block(rst_scanner *s, rst_layer *l, cabinet *c) {
    if (c->ended) {
        return false;
    }
    bool lz = c->method == LZX || c->method == QUANTUM;
    bool any = lz ? next_frame(s, l, c) : next_stored(s, l, c);
    c->out += c->block_n;
    return any;
}

// Octets that the blocks of the folder promise: LZX must know where its last frame ends.
static uint64_t promised(rst_scanner *s, const cabinet *c) {
    uint64_t sum = 0;
    size_t at = c->at;
    size_t head = BLOCK + c->block_extra;
    rst_spend(s, c->blocks);
    for (uint32_t i = 0; i < c->blocks && at <= c->n && head <= c->n - at; i++) {
        sum += rst_le16(c->data + at + 6);
        at += head + rst_le16(c->data + at + 4);
    }
    return sum;
}

static bool begin_lz(rst_scanner *s, rst_layer *l, cabinet *c) {
    rst_lz_kind kind = c->method == LZX ? RST_LZ_LZX : RST_LZ_QUANTUM;
    if (c->bits < (kind == RST_LZ_LZX ? RST_LZX_LEAST : RST_QUANTUM_LEAST) ||
        c->bits > RST_LZ_MOST) {
        malformed(s, l, c, "cab window of no possible size");
        return false;
    }
    c->total = promised(s, c);
    return rst_lz_begin(s, l, &c->lz, kind, c->bits, 0, c->total, read_blocks, c);
}

// False: its files cannot be read, and the finding is made.
static bool begin_folder(rst_scanner *s, rst_layer *l, cabinet *c, uint32_t number) {
    const uint8_t *f = c->data + c->folders_at + number * c->folder_size;
    c->folder = number;
    c->at = rst_le32(f);
    c->blocks = rst_le16(f + 4);
    c->method = rst_le16(f + 6) & 15;
    c->bits = rst_le16(f + 6) >> 8 & 31;
    c->out = 0;
    c->block_n = 0;
    c->kept = 0;
    c->in = (stretch){NULL, 0};
    c->trailer = false;
    c->ended = false;
    if (c->method == LZX || c->method == QUANTUM) {
        c->unreadable = !begin_lz(s, l, c);
    } else {
        c->unreadable = c->method != STORED && c->method != MSZIP;
        if (c->unreadable) {
            rst_found(s, RST_UNSCANNABLE, "cab method that is not known", l, &l->place, NULL);
        }
    }
    return !c->unreadable;
}

// The octets of the open folder from `from` on, n of them, into `child`.
static void give(rst_scanner *s, rst_layer *l, cabinet *c, rst_layer *child, uint64_t from,
                 uint64_t n) {
    if (from < c->out - c->block_n && !begin_folder(s, l, c, c->folder)) {
        return;
    }
    while (n > 0) {
        if (from >= c->out) {
            if (!next_block(s, l, c)) {
                if (!s->halted) {
                    malformed(s, l, c, "cab folder ends too early");
                }
                return;
            }
            continue;
        }
        size_t at = (size_t)(from - (c->out - c->block_n));
        size_t take = c->block_n - at < n ? c->block_n - at : (size_t)n;
        if (!rst_expand(s, l, child, c->block + at, take)) {
            return;
        }
        from += take;
        n -= take;
    }
}

static void print_name(const uint8_t *text, size_t n, uint16_t attributes, char *out) {
    rst_print p;
    rst_print_init(&p, out, RST_MAX_NAME);
    rst_print_octets(&p, (attributes & NAME_IS_UTF8) != 0 ? RST_CHARSET_UTF8 : RST_CHARSET_LATIN1,
                     text, n);
    rst_print_end(&p);
}

// One file. False: nothing more is read.
static bool read_file(rst_scanner *s, rst_layer *l, cabinet *c, const uint8_t *row,
                      size_t name_n) {
    uint64_t size = rst_le32(row);
    uint64_t from = rst_le32(row + 4);
    uint16_t folder = rst_le16(row + 8);
    char name[RST_MAX_NAME];
    print_name(row + FILE_ROW, name_n, rst_le16(row + 14), name);
    if (!rst_count_entry(s, l)) {
        return false;
    }
    if (folder == FROM_PREVIOUS || folder == TO_NEXT || folder == BOTH) {
        rst_found(s, RST_UNSCANNABLE, "file in several cabinets", l, &l->place, name);
        return true;
    }
    if (folder >= c->folders) {
        malformed(s, l, c, "cab file in no folder");
        return true;
    }
    if (c->folder != folder) {
        begin_folder(s, l, c, folder);
    }
    if (c->unreadable) {
        return !s->halted; // said once for the folder
    }
    rst_layer *child = rst_layer_open(s, RST_HINT_FILE, name, &l->place, false);
    give(s, l, c, child, from, size);
    if (child != NULL) {
        rst_layer_close(s, child);
    }
    return !s->halted && s->report.expanded < s->limits.expanded;
}

static void read_files(rst_scanner *s, rst_layer *l, cabinet *c) {
    size_t at = rst_le32(c->data + 16);
    for (uint32_t i = 0; i < c->files; i++) {
        if (at > c->n || FILE_ROW > c->n - at) {
            malformed(s, l, c, "cab directory is cut off");
            return;
        }
        size_t end = behind_text(c, at + FILE_ROW);
        if (end == 0) {
            malformed(s, l, c, "cab directory is cut off");
            return;
        }
        if (!read_file(s, l, c, c->data + at, end - 1 - at - FILE_ROW)) {
            return;
        }
        at = end;
    }
}

void rst_cab_end(rst_scanner *s, rst_layer *l) {
    size_t n;
    const uint8_t *data = rst_store_whole(s, l, &n);
    cabinet *c = data != NULL ? rst_scratch_take(s, l, sizeof *c) : NULL;
    if (c == NULL) {
        return;
    }
    memset(c, 0, offsetof(cabinet, block));
    c->s = s;
    c->l = l;
    c->data = data;
    c->n = n;
    c->folder = UINT32_MAX;
    if (!read_header(c)) {
        malformed(s, l, c, "cab header is cut off");
        return;
    }
    if (rst_le32(data + 8) > n || rst_le32(data + 8) < HEADER) {
        malformed(s, l, c, "cab is cut off"); // what is there is read
    }
    if (rst_decode_begin(s, l, &c->inflate, RST_DECODE_DEFLATE)) {
        read_files(s, l, c);
    }
}
