# What U-Boot's script (board/common/boot.cmd follows here) must know of the Orange Pi PC.

# The kernel's words for this hardware. A card is found a while after its controller: the kernel must wait.
setenv board_args "console=ttyS0,115200 rootwait softdog.soft_margin=15"
# The device tree: it lies behind the kernel in the same slot, where the zImage says that it ends. U-Boot
# copies it before it changes it.
setenv board_tree '
setexpr a ${kernel_addr_r} + 28; setexpr.l begin *${a};
setexpr a ${kernel_addr_r} + 2c; setexpr.l end *${a};
setexpr tree ${end} - ${begin};
setexpr tree ${kernel_addr_r} + ${tree}'
