// Lines of text that begin a file, to the most lenient of readers.
#include <string.h>

#include "ascii.h"
#include "text.h"

static size_t blanks(const uint8_t *line, size_t n, size_t i) {
    while (i < n && rst_blank(line[i])) {
        i++;
    }
    return i;
}

// The number behind " key=", or 0.
static uint64_t number_of(const uint8_t *line, size_t n, const char *key) {
    size_t k = strlen(key);
    for (size_t i = 0; i + k <= n; i++) {
        if (!rst_starts(line + i, n - i, key)) {
            continue;
        }
        uint64_t value = 0;
        for (i += k; i < n && line[i] >= '0' && line[i] <= '9' && value < UINT32_MAX; i++) {
            value = value * 10 + (uint64_t)(line[i] - '0');
        }
        return value;
    }
    return 0;
}

static rst_begins begins_yenc(const uint8_t *line, size_t n, size_t *name) {
    static const char key[] = " name=";
    *name = n;
    for (size_t i = 0; i < n; i++) {
        if (rst_starts(line + i, n - i, key)) {
            *name = i + sizeof key - 1;
            break;
        }
    }
    // Only what stands in front of the name counts. Old programs give no total.
    uint64_t total = number_of(line, *name, " total=");
    uint64_t part = number_of(line, *name, " part=");
    return total > 1 || part > 1 ? RST_BEGINS_YENC_PIECE : RST_BEGINS_YENC;
}

// "begin 644 name", the mode being three or four octal digits; other forms are read by some.
static rst_begins begins_uu(const uint8_t *line, size_t n, size_t *name) {
    static const char sister[] = "begin-base64";
    bool base64 = rst_starts(line, n, sister);
    size_t i = base64 ? sizeof sister - 1 : 5;
    if (base64 && rst_starts(line + i, n - i, "-encoded")) {
        i += 8;
    }
    if (i >= n || !rst_blank(line[i])) {
        return RST_BEGINS_NOTHING;
    }
    size_t mode = blanks(line, n, i);
    bool usual = line[0] == 'b' && mode == i + 1 && line[i] == ' ';
    size_t end = mode;
    while (end < n && line[end] >= '0' && line[end] <= '7') {
        end++;
    }
    size_t digits = end - mode;
    bool has_mode = digits >= 3 && (end == n || rst_blank(line[end]));
    *name = has_mode ? blanks(line, n, end) : mode;
    if (base64) {
        return has_mode ? RST_BEGINS_BASE64 : RST_BEGINS_NOTHING;
    }
    usual = usual && has_mode && digits <= 4 && *name < n && line[end] == ' ';
    return usual ? RST_BEGINS_UU : RST_BEGINS_MAYBE_UU;
}

rst_begins rst_text_begins(const uint8_t *line, size_t n, size_t *name) {
    if (rst_starts(line, n, "=ybegin ")) {
        return begins_yenc(line, n, name);
    }
    return rst_starts(line, n, "begin") ? begins_uu(line, n, name) : RST_BEGINS_NOTHING;
}

bool rst_text_is_uu(const uint8_t *line, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (line[i] < ' ' || line[i] > '`') {
            return false;
        }
    }
    if (n < 2 || line[0] == ' ' || line[0] == '`') {
        return false;
    }
    size_t octets = (size_t)(line[0] - ' ');
    size_t coded = (octets + 2) / 3 * 4 + 1;
    return n == coded || n == coded + 1; // some add a check character
}

const char *rst_text_closed(const uint8_t *line, size_t n, rst_verdict *verdict) {
    *verdict = RST_UNSCANNABLE;
    if (rst_starts(line, n, "(this file must be converted with binhex")) {
        return "BinHex";
    }
    if (rst_starts(line, n, "-----begin pkcs7") || rst_starts(line, n, "-----begin cms")) {
        return "S/MIME";
    }
    if (rst_starts(line, n, "-----begin pgp message")) {
        *verdict = RST_ENCRYPTED;
        return "PGP";
    }
    return NULL;
}
