# What U-Boot's script (board/common/boot.cmd follows here) must know of QEMU's machine `virt`.

# The kernel's words for this hardware; the same as in restante_tools/lab/qemu.py, where U-Boot has no part.
setenv board_args "console=ttyAMA0,115200 softdog.soft_margin=15"
# The device tree: QEMU's own, which U-Boot runs by too.
setenv board_tree 'setenv tree ${fdtcontroladdr}'
