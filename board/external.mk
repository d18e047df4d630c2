include $(sort $(wildcard $(BR2_EXTERNAL_RESTANTE_PATH)/package/*/*.mk))

# Kernel and busybox of the box start from `allnoconfig`, which Buildroot does
# not offer: it fills in defaults. Before each is built, its configuration is
# made anew from the very fragments that board/ holds.
RESTANTE_FRAGMENTS = $(BR2_EXTERNAL_RESTANTE_PATH)/common $(BR2_EXTERNAL_RESTANTE_PATH)/virt

define RESTANTE_LINUX_FROM_NOTHING
	cat $(RESTANTE_FRAGMENTS:%=%/kernel.fragment) > $(@D)/.restante.fragment
	$(LINUX_MAKE_ENV) $(MAKE) -C $(@D) $(LINUX_MAKE_FLAGS) \
		KCONFIG_ALLCONFIG=$(@D)/.restante.fragment allnoconfig
endef

define RESTANTE_BUSYBOX_FROM_NOTHING
	$(BUSYBOX_MAKE_ENV) $(MAKE) -C $(@D) $(BUSYBOX_MAKE_OPTS) allnoconfig
	sh $(BR2_EXTERNAL_RESTANTE_PATH)/package/restante/merge-fragment.sh \
		$(@D)/.config $(BR2_EXTERNAL_RESTANTE_PATH)/common/busybox.fragment
	$(BUSYBOX_MAKE_ENV) $(MAKE) -C $(@D) $(BUSYBOX_MAKE_OPTS) oldconfig < /dev/null
endef

ifeq ($(BR2_PACKAGE_RESTANTE),y)
LINUX_PRE_BUILD_HOOKS += RESTANTE_LINUX_FROM_NOTHING
BUSYBOX_PRE_BUILD_HOOKS += RESTANTE_BUSYBOX_FROM_NOTHING
endif
