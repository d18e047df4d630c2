"""The payload of a firmware bundle: kernel and root file system of one slot.  Pure.

    0    8   `RSTSLOT` and LF
    8    4   format: 1
    12   4   octets of the kernel
    16   4   octets of the root file system
    20   32  SHA-256 of the kernel
    52   32  SHA-256 of the root file system
    84   44  zeros
    128      the kernel, then the root file system; nothing follows

Numbers are little endian.  The two sums are for what is read back from the slot; the whole
payload, this head included, is named by the manifest.
"""

import hashlib
import struct

from restante.compat import const
from restante.update.fault import BundleError, malformed

HEAD_OCTETS = const(128)
MAGIC = b"RSTSLOT\n"
FORMAT = const(1)
_FIELDS = "<8sIII32s32s"
_USED = const(84)


class SlotImage:
    """`octets`, `sums`: of kernel and root file system, in this order."""

    def __init__(self, octets, sums):
        self.octets = octets
        self.sums = sums

    @property
    def total(self):
        return HEAD_OCTETS + sum(self.octets)


def read(data, total):
    """The SlotImage of a payload of `total` octets that begins with `data`."""
    if len(data) < HEAD_OCTETS:
        raise malformed("firmware that ends within its head")
    magic, form, kernel, root, of_kernel, of_root = struct.unpack(_FIELDS, bytes(data[:_USED]))
    if magic != MAGIC:
        raise malformed("the content is no kernel with its root file system")
    if form != FORMAT:
        raise BundleError(
            "format",
            "a slot of format %d; this firmware reads format %d" % (form, FORMAT),
            "it was made for a newer firmware",
            "install a firmware in between, if the publisher has one",
        )
    if any(data[_USED:HEAD_OCTETS]):
        raise malformed("firmware with something where zeros belong")
    found = SlotImage((kernel, root), (of_kernel, of_root))
    if not kernel or not root or found.total != total:
        raise malformed("firmware of %d octets that says it has %d" % (total, found.total))
    return found


def write(kernel, root):
    """The payload."""
    head = struct.pack(
        _FIELDS,
        MAGIC,
        FORMAT,
        len(kernel),
        len(root),
        hashlib.sha256(kernel).digest(),
        hashlib.sha256(root).digest(),
    )
    return head + bytes(HEAD_OCTETS - len(head)) + kernel + root
