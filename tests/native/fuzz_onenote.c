// Fuzz target of OneNote: the input, behind a u16 that says how to cut it, is the body of
// a binary attachment. Invariant: as fuzz_scanner.
#include "fuzz_common.h"

enum { MOST = 1 << 18 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    static const char header[] = "Content-Type: application/onenote; name=a.one\r\n"
                                 "Content-Transfer-Encoding: binary\r\n\r\n";
    static uint8_t message[sizeof header + 2 * MOST];
    if (n < 2 || n > MOST) {
        return 0;
    }
    size_t cut = 1 + (size_t)(input[0] | input[1] << 8) % 600;
    size_t at = sizeof header - 1;
    memcpy(message, header, at);
    for (size_t i = 2; i < n; i++) {
        if (input[i] == '.' && message[at - 1] == '\n') {
            message[at++] = '.'; // dot-stuffing
        }
        message[at++] = input[i];
    }
    fuzz_compare(message, at, cut);
    return 0;
}
