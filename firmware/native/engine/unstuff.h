// Undoes dot-stuffing (RFC 1939 section 3) without copying: cuts the input at removed dots.
#ifndef RST_UNSTUFF_H
#define RST_UNSTUFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t wire;   // octets of the wire form seen
    bool line_start; // the next octet begins a line
} rst_unstuff;

void rst_unstuff_init(rst_unstuff *u);
// Takes the next run that is unbroken in the wire form. Returns the octets consumed from
// data[0..n); the run is (*run)[0..*run_n), which may be empty, at *wire.
size_t rst_unstuff_take(rst_unstuff *u, const uint8_t *data, size_t n, const uint8_t **run,
                        size_t *run_n, uint64_t *wire);

#endif
