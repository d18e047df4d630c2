// Fuzz target of office files: OLE2, RTF, TNEF and zip in an attachment. Invariant: as
// fuzz_scanner.
#include "fuzz_common.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    return fuzz_part("application/msword; name=a.doc", input, n);
}
