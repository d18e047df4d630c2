// lhasa's decoder of -pm2-, with a check that it lacks.
#ifndef RST_LHA_PM2_H
#define RST_LHA_PM2_H

#include <lha_decoder.h>

extern const LHADecoderType rst_lha_pm2_decoder;

#endif
