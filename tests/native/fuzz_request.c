// Fuzz target of the screen socket's request. Invariant: what is accepted is within every bound
// that request.h names, its rules lie inside the input to its very end, and any cut is refused.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../firmware/native/worker/request.c"
#include "../../firmware/native/worker/set.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

static void insist(bool holds) {
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n) {
    rst_request request;
    // A copy of exactly n octets: reading one more is seen.
    uint8_t *data = malloc(n > 0 ? n : 1);
    insist(data != NULL);
    memcpy(data, input, n);
    if (rst_request_decode(&request, data, n)) {
        bool message = request.kind == RST_REQUEST_SCREEN || request.kind == RST_REQUEST_TRY;
        insist(message ||
               (request.kind >= RST_REQUEST_STATUS && request.kind <= RST_REQUEST_WITHDRAW));
        insist(request.kind == RST_REQUEST_ADOPT || request.octets <= RST_MOST_SPOOL_OCTETS);
        insist(request.kind != RST_REQUEST_OFFER || request.octets <= RST_MOST_SET_OCTETS);
        insist(request.scratch <= RST_SCRATCH_OCTETS && (message || request.scratch == 0));
        insist(request.deadline_ms <= RST_MOST_DEADLINE_MS);
        insist(request.rules_n <= RST_MOST_RULES_OCTETS);
        insist(request.rules == data + RST_REQUEST_OCTETS &&
               request.rules + request.rules_n == data + n);
        insist(message || request.rules_n == 0);
        insist(!rst_request_decode(&request, data, n - 1));
    }
    free(data);
    return 0;
}
