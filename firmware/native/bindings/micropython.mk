# How MicroPython's build takes our C in: USER_C_MODULES=<repository>/firmware/native finds this
# file. It compiles the bindings (which define Python names), and as plain libraries the worker, the
# engine, zlib's inflate, other decoders (decoders.mk), mbedTLS's hashes and its TLS, and libsodium's
# sealing and signatures.
#
# RESTANTE_ZLIB_DIR, RESTANTE_MBEDTLS_DIR, RESTANTE_SODIUM_DIR and those of decoders.mk: unmodified
# source trees.

ifeq ($(wildcard $(RESTANTE_ZLIB_DIR)/inflate.c),)
$(error RESTANTE_ZLIB_DIR is not zlib's source tree: "$(RESTANTE_ZLIB_DIR)")
endif
ifeq ($(wildcard $(RESTANTE_MBEDTLS_DIR)/library/sha256.c),)
$(error RESTANTE_MBEDTLS_DIR is not mbedTLS's source tree: "$(RESTANTE_MBEDTLS_DIR)")
endif
ifeq ($(wildcard $(RESTANTE_SODIUM_DIR)/src/libsodium/include/sodium.h),)
$(error RESTANTE_SODIUM_DIR is not libsodium's source tree: "$(RESTANTE_SODIUM_DIR)")
endif

RESTANTE_NATIVE := $(patsubst %/bindings,%,$(USERMOD_DIR))
RESTANTE_ENGINE_DIR := $(RESTANTE_NATIVE)/engine
include $(RESTANTE_NATIVE)/decoders.mk

# C that MicroPython scans for names.
RESTANTE_BINDINGS := $(sort $(wildcard $(RESTANTE_NATIVE)/bindings/*.c))
# main.c is the stand-alone program for tests.
RESTANTE_WORKER := $(filter-out %/main.c,$(sort $(wildcard $(RESTANTE_NATIVE)/worker/*.c)))
RESTANTE_ENGINE := $(sort $(wildcard $(RESTANTE_NATIVE)/engine/*.c))
RESTANTE_ZLIB := $(addprefix $(RESTANTE_ZLIB_DIR)/,\
	adler32.c crc32.c inffast.c inflate.c inftrees.c zutil.c)
RESTANTE_TLS := $(sort $(wildcard $(RESTANTE_NATIVE)/tls/*.c))
RESTANTE_MBEDTLS := $(addprefix $(RESTANTE_MBEDTLS_DIR)/library/,\
	md5.c platform_util.c sha1.c sha256.c)
# The rest of it is TLS: what tls/tls_config.h names and what that needs. tls/tls12_client.c includes
# ssl_tls12_client.c.
RESTANTE_MBEDTLS_TLS := $(addprefix $(RESTANTE_MBEDTLS_DIR)/library/,\
	aes.c asn1parse.c asn1write.c bignum.c bignum_core.c bignum_mod.c bignum_mod_raw.c \
	block_cipher.c chacha20.c chachapoly.c cipher.c cipher_wrap.c constant_time.c ecdh.c ecdsa.c \
	ecp.c ecp_curves.c gcm.c hkdf.c md.c oid.c pk.c pk_ecc.c pk_wrap.c pkparse.c platform.c \
	poly1305.c psa_crypto.c psa_crypto_aead.c psa_crypto_cipher.c psa_crypto_client.c \
	psa_crypto_driver_wrappers_no_static.c psa_crypto_ecp.c psa_crypto_ffdh.c \
	psa_crypto_hash.c psa_crypto_mac.c psa_crypto_rsa.c psa_crypto_slot_management.c psa_util.c \
	rsa.c rsa_alt_helpers.c sha512.c ssl_ciphersuites.c ssl_client.c ssl_msg.c ssl_tls.c \
	ssl_tls13_client.c ssl_tls13_generic.c ssl_tls13_keys.c threading.c \
	x509.c x509_crt.c)
# Portable code only; nothing of it reads what its configure script would make.
RESTANTE_SODIUM := $(addprefix $(RESTANTE_SODIUM_DIR)/src/libsodium/,\
	crypto_aead/xchacha20poly1305/sodium/aead_xchacha20poly1305.c \
	crypto_core/ed25519/ref10/ed25519_ref10.c \
	crypto_core/hchacha20/core_hchacha20.c \
	crypto_generichash/blake2b/ref/blake2b-compress-ref.c \
	crypto_generichash/blake2b/ref/blake2b-ref.c \
	crypto_generichash/blake2b/ref/generichash_blake2b.c \
	crypto_hash/sha512/cp/hash_sha512_cp.c \
	crypto_onetimeauth/poly1305/donna/poly1305_donna.c \
	crypto_onetimeauth/poly1305/onetimeauth_poly1305.c \
	crypto_pwhash/argon2/argon2-core.c \
	crypto_pwhash/argon2/argon2-fill-block-ref.c \
	crypto_pwhash/argon2/argon2.c \
	crypto_pwhash/argon2/blake2b-long.c \
	crypto_sign/ed25519/ref10/open.c \
	crypto_sign/ed25519/ref10/sign.c \
	crypto_stream/chacha20/ref/chacha20_ref.c \
	crypto_stream/chacha20/stream_chacha20.c \
	crypto_verify/sodium/verify.c \
	sodium/utils.c)

SRC_USERMOD_C += $(RESTANTE_BINDINGS)
SRC_USERMOD_LIB_C += $(RESTANTE_WORKER) $(RESTANTE_ENGINE) $(RESTANTE_ZLIB) $(RESTANTE_MBEDTLS)
SRC_USERMOD_LIB_C += $(RESTANTE_DECODERS_C) $(RESTANTE_SODIUM)
SRC_USERMOD_LIB_C += $(RESTANTE_TLS) $(RESTANTE_MBEDTLS_TLS)

# Z_SOLO: zlib without its own memory and files; the engine gives it memory.
CFLAGS_USERMOD += -D_GNU_SOURCE -DZ_SOLO
CFLAGS_USERMOD += -I$(RESTANTE_ZLIB_DIR) -I$(RESTANTE_MBEDTLS_DIR)/include
CFLAGS_USERMOD += $(RESTANTE_DECODER_FLAGS)
CFLAGS_USERMOD += -DMBEDTLS_CONFIG_FILE='"$(RESTANTE_NATIVE)/tls/tls_config.h"'
# SODIUM_STATIC: no names are exported.
CFLAGS_USERMOD += -DSODIUM_STATIC -I$(RESTANTE_SODIUM_DIR)/src/libsodium/include
RESTANTE_ARGON2_DIR := $(RESTANTE_SODIUM_DIR)/src/libsodium/crypto_pwhash/argon2
CFLAGS_USERMOD += -I$(RESTANTE_ARGON2_DIR)
LDFLAGS_USERMOD += -pthread

# What each octet of mail goes through is built for speed, the rest of the program for size.
RESTANTE_HOT := $(patsubst $(USER_C_MODULES)/%,%,$(RESTANTE_ENGINE:.c=.o))
RESTANTE_LIBRARIES := $(RESTANTE_ZLIB:.c=.o) $(RESTANTE_DECODERS_C:.c=.o)
RESTANTE_LIBRARIES += $(RESTANTE_MBEDTLS:.c=.o)
RESTANTE_HOT += $(RESTANTE_LIBRARIES)
$(addprefix $(BUILD)/,$(RESTANTE_HOT)): CFLAGS += -O2
RESTANTE_SODIUM_OBJECTS := $(addprefix $(BUILD)/,$(RESTANTE_SODIUM:.c=.o))
# What its configure script would find out; both machines are little-endian. CONFIGURED: yes, so.
$(RESTANTE_SODIUM_OBJECTS): CFLAGS += -DCONFIGURED=1 -DNATIVE_LITTLE_ENDIAN -DHAVE_WEAK_SYMBOLS \
	-DHAVE_EXPLICIT_BZERO -I$(RESTANTE_SODIUM_DIR)/src/libsodium/include/sodium -w
# Its 8 MiB are mapped, so that they go back to the system; its inner loop is what a login waits for.
$(BUILD)/$(RESTANTE_ARGON2_DIR)/argon2-core.o: CFLAGS += -DHAVE_MMAP -DHAVE_SYS_MMAN_H
$(BUILD)/$(RESTANTE_ARGON2_DIR)/argon2-fill-block-ref.o: CFLAGS += -O2
# Others' code is built with others' idea of warnings.
$(addprefix $(BUILD)/,$(RESTANTE_LIBRARIES) $(RESTANTE_MBEDTLS_TLS:.c=.o)): CFLAGS += -w
$(BUILD)/tls/tls12_client.o: CFLAGS += -w -I$(RESTANTE_MBEDTLS_DIR)/library
$(addprefix $(BUILD)/,$(RESTANTE_ZLIB:.c=.o)): CFLAGS += $(RESTANTE_ZLIB_FLAGS)
$(foreach name,$(RESTANTE_DECODERS),$(eval $(addprefix $(BUILD)/$(RESTANTE_DIR_$(name))/,\
	$(RESTANTE_C_$(name):.c=.o)): CFLAGS += $(RESTANTE_FLAGS_$(name))))
