// Programs that carry archives: self-extractors and set-up programs. Stored whole; what begins an
// archive wherever it stands, and is no chance hit, is opened.
#ifndef RST_PROGRAM_H
#define RST_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rst_scanner rst_scanner;
typedef struct rst_layer rst_layer;

void rst_program_end(rst_scanner *s, rst_layer *l);

// What InstallShield puts behind the PE, whose last section ends before data[at]. False if it is
// not InstallShield's.
bool rst_installshield(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n, size_t at);

#endif
