// Fuzz target of PDF in an attachment. Invariant: as fuzz_scanner.
#include "fuzz_common.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    return fuzz_part("application/pdf; name=a.pdf", input, n);
}
