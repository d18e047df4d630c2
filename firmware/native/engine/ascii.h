// Letters and words of header fields: ASCII only, no locale.
#ifndef RST_ASCII_H
#define RST_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint8_t rst_lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static inline bool rst_blank(uint8_t c) {
    return c == ' ' || c == '\t';
}

static inline bool rst_letter(uint8_t c) {
    c = rst_lower(c);
    return c >= 'a' && c <= 'z';
}

static inline bool rst_alphanumeric(uint8_t c) {
    return rst_letter(c) || (c >= '0' && c <= '9');
}

// 0..15, or -1.
static inline int rst_hex(uint8_t c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = rst_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// data[0..n) is the lower-case word, in any case.
static inline bool rst_is(const uint8_t *data, size_t n, const char *word) {
    for (size_t i = 0; i < n; i++) {
        if (word[i] == 0 || rst_lower(data[i]) != (uint8_t)word[i]) {
            return false;
        }
    }
    return word[n] == 0;
}

static inline bool rst_starts(const uint8_t *data, size_t n, const char *word) {
    size_t i = 0;
    while (word[i] != 0) {
        if (i >= n || rst_lower(data[i]) != (uint8_t)word[i]) {
            return false;
        }
        i++;
    }
    return true;
}

#endif
