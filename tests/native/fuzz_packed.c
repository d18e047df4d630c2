// Fuzz target of the decoders and of what is stored whole: bzip2, xz, lzma, lzip, zip with these
// methods, 7z and cab, each as the body of a binary attachment. A 7z's check values are put right
// first, else nothing behind them would be reached. Invariant: as fuzz_scanner.
#include "fuzz_common.h"

enum { MOST = 1 << 16, START = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

static void put32(uint8_t *p, uint32_t v) {
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

static void right_7z(uint8_t *p, size_t n) {
    if (n < START || p[0] != '7' || p[1] != 'z') {
        return;
    }
    uint64_t at = rst_le64(p + 12);
    uint64_t size = rst_le64(p + 20);
    if (at <= n - START && size <= n - START - at) {
        put32(p + 28, (uint32_t)crc32(0, p + START + at, (uInt)size));
    }
    put32(p + 8, (uint32_t)crc32(0, p + 12, 20));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    static const char header[] = "Content-Type: application/zip; name=a.zip\r\n"
                                 "Content-Transfer-Encoding: binary\r\n\r\n";
    static uint8_t object[MOST];
    static uint8_t message[sizeof header + 2 * MOST];
    if (n < 2 || n > MOST) {
        return 0;
    }
    size_t cut = 1 + (size_t)(input[0] | input[1] << 8) % 600;
    memcpy(object, input + 2, n - 2);
    right_7z(object, n - 2);
    size_t at = sizeof header - 1;
    memcpy(message, header, at);
    for (size_t i = 0; i < n - 2; i++) {
        if (object[i] == '.' && message[at - 1] == '\n') {
            message[at++] = '.'; // dot-stuffing
        }
        message[at++] = object[i];
    }
    fuzz_compare(message, at, cut);
    return 0;
}
