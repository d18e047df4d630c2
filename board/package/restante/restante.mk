################################################################################
#
# restante
#
################################################################################

RESTANTE_VERSION = local
RESTANTE_SITE = $(BR2_EXTERNAL_RESTANTE_PATH)/../firmware
RESTANTE_SITE_METHOD = local
RESTANTE_LICENSE = MIT
RESTANTE_DEPENDENCIES = host-python3
# Only their source trees are used: extracted and patched, not built.
RESTANTE_PATCH_DEPENDENCIES = micropython libzlib bzip2 xz mbedtls libsodium

RESTANTE_MAKE_OPTS = \
	PROG=restante \
	BUILD=$(@D)/build \
	CROSS_COMPILE=$(TARGET_CROSS) \
	CFLAGS_EXTRA="-ffile-prefix-map=$(BUILD_DIR)=build" \
	LDFLAGS_EXTRA="-static -Wl,--build-id=none" \
	MICROPY_MPYCROSS=$(@D)/mpy-cross-build/mpy-cross \
	MICROPY_MPYCROSS_DEPENDENCY= \
	VARIANT_DIR=$(@D)/variant \
	USER_C_MODULES=$(@D)/native \
	FROZEN_MANIFEST=$(@D)/variant/manifest.py \
	RESTANTE_ZLIB_DIR=$(LIBZLIB_DIR) \
	RESTANTE_BZIP2_DIR=$(BZIP2_DIR) \
	RESTANTE_XZ_DIR=$(XZ_DIR) \
	RESTANTE_LHASA_DIR=$(RESTANTE_LHASA_SRCDIR) \
	RESTANTE_CABEXTRACT_DIR=$(RESTANTE_CABEXTRACT_SRCDIR) \
	RESTANTE_7ZIP_DIR=$(RESTANTE_7ZIP_SRCDIR) \
	RESTANTE_MBEDTLS_DIR=$(MBEDTLS_DIR) \
	RESTANTE_SODIUM_DIR=$(LIBSODIUM_DIR)

define RESTANTE_BUILD_CMDS
	$(HOST_MAKE_ENV) $(MAKE) -C $(MICROPYTHON_DIR)/mpy-cross \
		BUILD=$(@D)/mpy-cross-build
	$(TARGET_MAKE_ENV) SOURCE_DATE_EPOCH=1735689600 GIT_DIR=/nonexistent \
		$(MAKE) -C $(MICROPYTHON_DIR)/ports/unix $(RESTANTE_MAKE_OPTS)
endef

define RESTANTE_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/build/restante $(TARGET_DIR)/usr/bin/restante
endef

$(eval $(generic-package))
