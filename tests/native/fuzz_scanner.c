// Fuzz target of the whole engine: a message in wire form behind a u16 that says how to cut it.
// Invariant: no crash; the same report however it is fed; ranges lie in the message.
#include "fuzz_common.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    if (n < 2) {
        return 0;
    }
    size_t cut = 1 + (size_t)(input[0] | input[1] << 8) % 600;
    fuzz_compare(input + 2, n - 2, cut);
    return 0;
}
