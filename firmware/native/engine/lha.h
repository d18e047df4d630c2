// Decoders of LZH and ARJ: lhasa's, and the fastest method of ARJ. They pull their input, so what
// is packed lies whole in the scratch.
#ifndef RST_LHA_H
#define RST_LHA_H

#include "expand.h"

// The methods by the three letters that LZH has between its dashes; what has none in LZH is "aj4".
typedef struct {
    char method[4];
    const char *name; // printable, of what comes out
    const uint8_t *data;
    size_t n;
    uint64_t size; // of what comes out, as the header says
    bool wide;     // `crc` is a CRC-32, not a CRC-16
    uint32_t crc;  // as the header says
} rst_lha_entry;

bool rst_lha_known(const char *method);
// The CRC-16 of LZH, of octets that go on from `crc`; it begins with 0.
uint16_t rst_lha_crc16(uint16_t crc, const uint8_t *data, size_t n);
// An entry of container `l`: counted, decoded into a layer of its own. RST_INFLATE_BROKEN: it ends
// too early or its check value is wrong; nothing has been said of it. RST_INFLATE_LIMIT: a finding
// is made; `*over` if nothing more may come out of the container.
rst_inflated rst_lha_expand(rst_scanner *s, rst_layer *l, const rst_lha_entry *e, bool *over);

#endif
