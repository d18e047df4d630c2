// Method 4 of ARJ, "fastest", in the shape of lhasa's decoders.
#ifndef RST_ARJ_FASTEST_H
#define RST_ARJ_FASTEST_H

#include <lha_decoder.h>

extern const LHADecoderType rst_arj_fastest_decoder;

#endif
