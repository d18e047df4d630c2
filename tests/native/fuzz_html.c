// Fuzz target of HTML in an attachment. Invariant: as fuzz_scanner.
#include "fuzz_common.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    return fuzz_part("text/html; name=a.html", input, n);
}
