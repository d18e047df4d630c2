"""From sources to a bootable image.

| file | makes |
|---|---|
| `inputs.py`, `cache.py` | a key over all inputs; finished parts kept by that key |
| `toolchain.py` | musl, kernel headers and a compiler wrapper for the box |
| `kernel.py`, `busybox.py`, `micropython.py` | the three programs of the box |
| `data_partition.py`, `rootfs.py`, `image.py` | what is written to flash |
| `bill.py` | the bill of materials |
| `verify.py` | two builds in two places, the same bytes |
"""
