# How MicroPython's build takes our C in: USER_C_MODULES=<repository>/firmware/native finds this
# file. It compiles the bindings (which define Python names), and as plain libraries the worker, the
# engine, zlib's inflate and mbedTLS's hashes.
#
# RESTANTE_ZLIB_DIR and RESTANTE_MBEDTLS_DIR: unmodified source trees.

ifeq ($(wildcard $(RESTANTE_ZLIB_DIR)/inflate.c),)
$(error RESTANTE_ZLIB_DIR is not zlib's source tree: "$(RESTANTE_ZLIB_DIR)")
endif
ifeq ($(wildcard $(RESTANTE_MBEDTLS_DIR)/library/sha256.c),)
$(error RESTANTE_MBEDTLS_DIR is not mbedTLS's source tree: "$(RESTANTE_MBEDTLS_DIR)")
endif

RESTANTE_NATIVE := $(patsubst %/bindings,%,$(USERMOD_DIR))

# C that MicroPython scans for names.
RESTANTE_BINDINGS := $(sort $(wildcard $(RESTANTE_NATIVE)/bindings/*.c))
# main.c is the stand-alone program for tests.
RESTANTE_WORKER := $(filter-out %/main.c,$(sort $(wildcard $(RESTANTE_NATIVE)/worker/*.c)))
RESTANTE_ENGINE := $(sort $(wildcard $(RESTANTE_NATIVE)/engine/*.c))
RESTANTE_ZLIB := $(addprefix $(RESTANTE_ZLIB_DIR)/,\
	adler32.c crc32.c inffast.c inflate.c inftrees.c zutil.c)
RESTANTE_MBEDTLS := $(addprefix $(RESTANTE_MBEDTLS_DIR)/library/,\
	md5.c platform_util.c sha1.c sha256.c)

SRC_USERMOD_C += $(RESTANTE_BINDINGS)
SRC_USERMOD_LIB_C += $(RESTANTE_WORKER) $(RESTANTE_ENGINE) $(RESTANTE_ZLIB) $(RESTANTE_MBEDTLS)

# Z_SOLO: zlib without its own memory and files; the engine gives it memory.
CFLAGS_USERMOD += -D_GNU_SOURCE -DZ_SOLO
CFLAGS_USERMOD += -I$(RESTANTE_ZLIB_DIR) -I$(RESTANTE_MBEDTLS_DIR)/include
CFLAGS_USERMOD += -DMBEDTLS_CONFIG_FILE='"$(RESTANTE_NATIVE)/engine/digest_config.h"'
LDFLAGS_USERMOD += -pthread

# What each octet of mail goes through is built for speed, the rest of the program for size.
RESTANTE_HOT := $(patsubst $(USER_C_MODULES)/%,%,$(RESTANTE_ENGINE:.c=.o))
RESTANTE_HOT += $(RESTANTE_ZLIB:.c=.o) $(RESTANTE_MBEDTLS:.c=.o)
$(addprefix $(BUILD)/,$(RESTANTE_HOT)): CFLAGS += -O2
# Others' code is built with others' idea of warnings.
$(addprefix $(BUILD)/,$(RESTANTE_ZLIB:.c=.o) $(RESTANTE_MBEDTLS:.c=.o)): CFLAGS += -w
