// Fuzz target of OneNote in an attachment. Invariant: as fuzz_scanner.
#include "fuzz_common.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    return fuzz_part("application/onenote; name=a.one", input, n);
}
