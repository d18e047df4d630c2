// Fuzz target of compressed entries: LZH and ARJ, and zip's methods Deflate64 and Implode. The
// input is a file, behind a u16 that says how to cut it. Invariant: as fuzz_scanner.
#include "fuzz_common.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    return fuzz_part("application/x; name=a.bin", input, n);
}
