// Fuzz target of images and old archives. The first octet says what the input is: 0, an archive;
// 1, an image; 2, an ISO 9660 image from its sector 16 on; 3, UDF with blocks of 512 octets from
// block 256 on, which is made an anchor. What lies in front are zeros. Then the cut, as in
// fuzz_zip. Invariant: as fuzz_scanner.
#include "fuzz_common.h"

enum { MOST = 1 << 16, ISO_AT = 32768, UDF_AT = 256 * 512 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

// Puts data[0..n) behind the message, dot-stuffed.
static size_t put(uint8_t *message, size_t at, const uint8_t *data, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (data[i] == '.' && message[at - 1] == '\n') {
            message[at++] = '.';
        }
        message[at++] = data[i];
    }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    static const char archive[] = "Content-Type: application/x; name=a.bin\r\n"
                                  "Content-Transfer-Encoding: binary\r\n\r\n";
    static const char image[] = "Content-Type: application/x; name=a.img\r\n"
                                "Content-Transfer-Encoding: binary\r\n\r\n";
    static const uint8_t zeros[UDF_AT];
    static uint8_t message[sizeof archive + UDF_AT + 2 * MOST];
    if (n < 19 || n > MOST) {
        return 0;
    }
    int kind = input[0] & 3;
    size_t cut = 1 + (size_t)(input[1] | input[2] << 8) % 600;
    input += 3;
    n -= 3;
    size_t at = sizeof archive - 1;
    memcpy(message, kind == 0 ? archive : image, at);
    at = put(message, at, zeros, kind == 2 ? ISO_AT : kind == 3 ? UDF_AT : 0);
    if (kind == 3) {
        uint8_t tag[16];
        memcpy(tag, input, sizeof tag);
        memcpy(tag, "\2\0", 2);
        memcpy(tag + 12, "\0\1\0", 4);
        tag[4] = 0;
        uint8_t sum = 0;
        for (size_t i = 0; i < sizeof tag; i++) {
            sum = (uint8_t)(sum + tag[i]);
        }
        tag[4] = sum;
        at = put(message, at, tag, sizeof tag);
        input += sizeof tag;
        n -= sizeof tag;
        cut += 1000; // many feeds of a large input take long
    }
    at = put(message, at, input, n);
    fuzz_compare(message, at, cut);
    return 0;
}
