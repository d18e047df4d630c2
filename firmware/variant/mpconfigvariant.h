// How MicroPython's unix port is configured for Restante. Its one job: name each feature that
// differs from ROM level EXTRA, and why. It knows nothing of boards: the same file makes the
// native binary for tests and the ARM binary of the image.
//
// The rule: what no module of firmware/restante uses is off. It saves room in a 4 MiB slot and is
// code that a hole in a parser cannot reach.

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// Only frozen modules: nothing on a writable partition is ever imported. Development overrides
// it: MICROPYPATH=firmware:.frozen
#define MICROPY_PY_SYS_PATH_DEFAULT ".frozen"

// ---- What the program needs beyond the level ----

// The clock of the box: time.time() of 2026 needs a double, a float loses 128 s.
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_DOUBLE)
// Offsets and sizes over 2 GiB on a 32-bit machine.
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)
// os, time and signals as the unix port implements them.
#define MICROPY_PY_OS_INCLUDEFILE "ports/unix/modos.c"
#define MICROPY_PY_OS_ERRNO (1)
#define MICROPY_PY_OS_GETENV_PUTENV_UNSETENV (1)
#define MICROPY_PY_OS_URANDOM (1)
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS (1)
#define MICROPY_PY_TIME_CUSTOM_SLEEP (1)
#define MICROPY_PY_TIME_INCLUDEFILE "ports/unix/modtime.c"
#define MICROPY_ASYNC_KBD_INTR (1)
// Jitter of schedules must differ from box to box.
#define MICROPY_PY_RANDOM_SEED_INIT_FUNC (mp_random_seed_init())
// musl has getrandom(2) as well, which needs no file and no permission; the port uses it with
// glibc only, and would open /dev/random.
#if !defined(__GLIBC__)
#include <sys/random.h>
#define _HAVE_GETRANDOM
#endif
// asyncio sleeps in poll(2) on descriptors instead of asking each object every millisecond.
#define MICROPY_PY_SELECT_POSIX_OPTIMISATIONS (1)
#define MICROPY_PY_SELECT_SELECT (0)
// MD5 is APOP's, SHA-1 and SHA-256 are those of hash signatures. All three come from mbedTLS,
// which the engine links anyway (see mpconfigvariant.mk).
#define MICROPY_PY_HASHLIB_MD5 (1)
#define MICROPY_PY_HASHLIB_SHA1 (1)
#define MICROPY_PY_HASHLIB_SHA256 (1)
// The errors that the program tells apart, or that it names in a log.
// clang-format off
#define MICROPY_PY_ERRNO_LIST \
    X(EPERM) X(ENOENT) X(EIO) X(EBADF) X(EAGAIN) X(ENOMEM) X(EACCES) X(EBUSY) X(EEXIST) \
    X(ENODEV) X(ENOTDIR) X(EISDIR) X(EINVAL) X(ENFILE) X(EMFILE) X(EFBIG) X(ENOSPC) X(EROFS) \
    X(EPIPE) X(EOPNOTSUPP) X(EAFNOSUPPORT) X(EADDRINUSE) X(ECONNABORTED) X(ECONNRESET) \
    X(ENOBUFS) X(EISCONN) X(ENOTCONN) X(ETIMEDOUT) X(ECONNREFUSED) X(EHOSTUNREACH) \
    X(EALREADY) X(EINPROGRESS)
// clang-format on
// A message that says what is wrong, also when the heap is full.
#define MICROPY_ERROR_REPORTING (MICROPY_ERROR_REPORTING_DETAILED)
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_EMERGENCY_EXCEPTION_BUF_SIZE (256)
#define MICROPY_WARNINGS (1)
// Faster byte code, 1 kB.
#define MICROPY_OPT_COMPUTED_GOTO (1)

// The port allows 40 kB of C stack on a 32-bit machine; the gate's imports alone, one inside the
// other, need more. 128 KiB here, of the 8 MiB that Linux gives; only what is used is memory.
#define MICROPY_PORT_INIT_FUNC (MP_STATE_THREAD(stack_limit) = 32768 * sizeof(void *))

// ---- What the level has and nobody uses ----

// No machine code is made at run time, so no page is ever writable and executable.
#define MICROPY_EMIT_X64 (0)
#define MICROPY_EMIT_X86 (0)
#define MICROPY_EMIT_THUMB (0)
#define MICROPY_EMIT_ARM (0)
#define MICROPY_EMIT_INLINE_THUMB (0)
// Code is frozen; .mpy files are not loaded.
#define MICROPY_PERSISTENT_CODE_LOAD (0)
// Memory by address.
#define MICROPY_PY_MACHINE (0)
#define MICROPY_PY_UCTYPES (0)
// Screens, complex numbers, containers (the engine opens those), a shell, help texts.
#define MICROPY_PY_FRAMEBUF (0)
#define MICROPY_PY_CMATH (0)
#define MICROPY_PY_BUILTINS_COMPLEX (0)
#define MICROPY_PY_DEFLATE (0)
#define MICROPY_PY_OS_SYSTEM (0)
#define MICROPY_PY_OS_DUPTERM (0)
#define MICROPY_PY_PLATFORM (0)
#define MICROPY_PY_BUILTINS_HELP (0)
#define MICROPY_PY_BUILTINS_EXECFILE (0)
#define MICROPY_PY_MICROPYTHON_RINGIO (0)
#define MICROPY_PY_MICROPYTHON_MEM_INFO (0) // prints; gc.mem_alloc() and gc.mem_free() tell
#define MICROPY_PY_MATH_SPECIAL_FUNCTIONS (0)
#define MICROPY_PY_MATH_FACTORIAL (0)
