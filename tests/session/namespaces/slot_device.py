"""Runs on the box's own interpreter: one slot on two block devices.

slot_device.py write KERNEL ROOT    waits for a line between what is written and what is read
slot_device.py open KERNEL ROOT     "open" or the number of the error
"""

import sys

from restante.box import blocks, slotdisk

OCTETS = 1048576
PIECE = 65536


def device(path):
    found = blocks.Partition("", OCTETS)
    found.device = path
    return found


def read_back(slot):
    view = bytearray(PIECE)
    slot.read(0, 0, view)
    return view[0]


slot = slotdisk.Slot(device(sys.argv[2]), device(sys.argv[3]))
try:
    slot.open()
    print("open")
except OSError as error:
    print(error.errno)
    sys.exit()
if sys.argv[1] == "write":
    slot.write(0, 0, b"w" * PIECE)
    slot.settle()
    print(chr(read_back(slot)))
    sys.stdin.readline()
    print(chr(read_back(slot)))  # of memory
    slot.settle()
    print(chr(read_back(slot)))
    try:
        slot.write(1, OCTETS - 1, b"ww")
    except OSError as error:
        print(error.errno)
slot.close()
