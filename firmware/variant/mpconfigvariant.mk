# Which optional parts of the unix port are built. The reasons for single features are in
# mpconfigvariant.h.

PROG = restante
FROZEN_MANIFEST ?= $(VARIANT_DIR)/manifest.py

# The Python prompt is for development only: the plain one does.
MICROPY_USE_READLINE = 0
MICROPY_PY_SOCKET = 1
MICROPY_PY_TERMIOS = 1

# No database, foreign calls, Java; one Python thread (what blocks runs in _sys.Worker, in C).
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_JNI = 0
MICROPY_PY_THREAD = 0
MICROPY_PY_BLUETOOTH = 0
MICROPY_PY_WEBSOCKET = 0

# MicroPython's own TLS module is not pollable by descriptor: TLS has a binding of its own (_tls).
MICROPY_PY_SSL = 0

# Files are those of Linux.
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0
MICROPY_VFS_LFS2 = 0

# hashlib takes mbedTLS's hashes, which native/ compiles for the engine: one SHA-256, not two.
CFLAGS_EXTMOD += -DMICROPY_SSL_MBEDTLS=1
