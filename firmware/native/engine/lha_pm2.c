// See lha_pm2.h. The codes of -pm2- are 0 to 28: lhasa looks them up in tables of that size, but
// its trees may give up to 127. Here its source is compiled with a function in front of its own
// that looks at the tree whenever that has been read anew.
#include "lha_pm2.h"

#include <stdbool.h>

// Its own idea of warnings; and bits beyond the buffer are shifted away as zeros, see decoders.mk.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wsign-compare"
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("shift"))), apply_to = function)
#endif
#include <pm2_decoder.c> // NOLINT(bugprone-suspicious-include): see above
#ifdef __clang__
#pragma clang attribute pop
#endif
#pragma GCC diagnostic pop

enum { LAST_CODE = 28 };

static bool sound(const LHAPM2Decoder *d) {
    for (size_t i = 0; i < CODE_TREE_ELEMENTS; i++) {
        if ((d->code_tree[i] & TREE_NODE_LEAF) != 0 &&
            (d->code_tree[i] & ~TREE_NODE_LEAF) > LAST_CODE) {
            return false;
        }
    }
    return true;
}

// A read ends at most one tree, and the next one does not come before the next read.
static size_t guarded_read(void *state, uint8_t *to) {
    LHAPM2Decoder *d = state;
    if (d->tree_state == PM2_REBUILD_UNBUILT) {
        read_bit(&d->bit_stream_reader); // as lha_pm2_decoder_read does
        rebuild_tree(d);
    }
    return sound(d) ? lha_pm2_decoder_read(state, to) : 0;
}

const LHADecoderType rst_lha_pm2_decoder = {lha_pm2_decoder_init, NULL,
                                            guarded_read,         sizeof(LHAPM2Decoder),
                                            OUTPUT_BUFFER_SIZE,   RING_BUFFER_SIZE};
