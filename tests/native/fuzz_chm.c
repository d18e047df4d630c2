// Fuzz target of compiled HTML help and Symbian's installers in an attachment. Invariant: as
// fuzz_scanner.
#include "fuzz_common.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    return fuzz_part("application/octet-stream; name=a.chm", input, n);
}
