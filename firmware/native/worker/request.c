// See request.h.
#include "request.h"

#include <string.h>

#include "set.h"

static uint64_t number(const uint8_t *at, size_t octets) {
    uint64_t value = 0;
    for (size_t i = octets; i > 0; i--) {
        value = value << 8U | at[i - 1];
    }
    return value;
}

static bool all_zero(const uint8_t *at, size_t n) {
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++) {
        any |= at[i];
    }
    return any == 0;
}

// Requests about sets: what they do not use is zero.
static bool of_a_set(const rst_request *request, bool in_time) {
    switch (request->kind) {
    case RST_REQUEST_OFFER:
        return request->octets > 0 && request->octets <= RST_MOST_SET_OCTETS && in_time;
    case RST_REQUEST_ADOPT:
        return request->octets > 0 && request->deadline_ms == 0;
    case RST_REQUEST_STATUS:
    case RST_REQUEST_WITHDRAW:
        return request->octets == 0 && request->deadline_ms == 0;
    default:
        return false;
    }
}

bool rst_request_decode(rst_request *request, const uint8_t *data, size_t n) {
    if (n < RST_REQUEST_OCTETS || memcmp(data, "RSQ2", 4) != 0) {
        return false;
    }
    memset(request, 0, sizeof *request);
    request->kind = (rst_request_kind)number(data + 4, 4);
    request->tag = number(data + 48, 8);
    request->rules = data + RST_REQUEST_OCTETS;
    request->rules_n = n - RST_REQUEST_OCTETS;
    if (request->rules_n > RST_MOST_RULES_OCTETS || request->rules_n != number(data + 64, 4)) {
        return false;
    }
    request->octets = number(data + 8, 8);
    request->deadline_ms = (uint32_t)number(data + 16, 4);
    bool in_time = request->deadline_ms > 0 && request->deadline_ms <= RST_MOST_DEADLINE_MS;
    bool message = request->kind == RST_REQUEST_SCREEN || request->kind == RST_REQUEST_TRY;
    if (!message) {
        return all_zero(data + 20, 28) && all_zero(data + 56, 12) && of_a_set(request, in_time);
    }
    request->limits.depth = (uint32_t)number(data + 20, 4);
    request->limits.entries = (uint32_t)number(data + 24, 4);
    request->limits.ratio = (uint32_t)number(data + 28, 4);
    request->limits.expanded = number(data + 32, 8);
    request->limits.work = number(data + 40, 8);
    request->scratch = number(data + 56, 8);
    return request->octets <= RST_MOST_SPOOL_OCTETS && in_time &&
           request->scratch <= RST_SCRATCH_OCTETS;
}
