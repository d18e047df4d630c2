// LZX and Quantum: libmspack's decoders with the scratch instead of malloc. What they read is
// asked for piece by piece, so that a container may cut its stream into blocks as it likes.
#ifndef RST_LZ_H
#define RST_LZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mspack.h>

typedef struct rst_scanner rst_scanner;
typedef struct rst_layer rst_layer;

enum {
    RST_LZ_FRAME = 32768, // octets in which both come out
    RST_LZX_LEAST = 15,   // a window has 2 to this power octets
    RST_QUANTUM_LEAST = 10,
    RST_LZ_MOST = 21,
};

typedef enum { RST_LZ_LZX = 0, RST_LZ_QUANTUM } rst_lz_kind;

#define RST_LZ_STOP (-1)

// The next octets of the stream: at most n into `to`. 0: there are no more; RST_LZ_STOP: they are
// broken.
typedef int (*rst_lz_read)(void *user, uint8_t *to, size_t n);

typedef struct {
    struct mspack_system system; // first, since libmspack hands on its address
    rst_lz_kind kind;
    uint8_t *arena; // NULL before the first begin
    size_t arena_n, used;
    rst_lz_read read;
    void *user;
    uint8_t *out;
    size_t out_n, out_room;
    void *state; // libmspack's
} rst_lz;

// Before the first begin.
void rst_lz_clear(rst_lz *z);
// Begins a stream, again if need be. `bits`: of the window, within the bounds above. `frames`: LZX
// begins anew after so many, 0: never. `length`: octets that come out in all. False: no room, and
// the finding for `l` is made.
bool rst_lz_begin(rst_scanner *s, const rst_layer *l, rst_lz *z, rst_lz_kind kind, unsigned bits,
                  uint32_t frames, uint64_t length, rst_lz_read read, void *user);
// The next n octets into `out`. Fewer come only if the stream is broken, cut off or stopped: then
// nothing comes any more.
size_t rst_lz_run(rst_lz *z, uint8_t *out, size_t n);

#endif
