"""The C scan of a chunk says what the Python one says.

Also on MicroPython.  CPython has no C of ours; there the Python one is held against octets.
"""

import sys

from restante.compat import scan_wire
from restante.pop3.dots import scan_in_python

SYMBOLS = b"\r\n.x"


def texts(length):
    """All texts of that length over SYMBOLS."""
    for n in range(4**length):
        out = bytearray()
        for _ in range(length):
            out.append(SYMBOLS[n % 4])
            n //= 4
        yield out


def by_octets(data, after_cr, lf_only):
    """What scan says, octet by octet: slow and plain."""
    dots = bare = 0
    for i, octet in enumerate(data):
        if octet != 10:
            continue
        if not (data[i - 1] == 13 if i else after_cr):
            bare += 1
        rest = bytes(data[i + 1 :])
        finals = (b".\r\n", b".\n") if lf_only else (b".\r\n",)
        if rest in (b".", b".\r") or rest.startswith(finals):
            return i + 1, dots, bare
        if rest.startswith(b"."):
            dots += 1
    return len(data), dots, bare


def check(scan):
    for length in range(1, 7):
        for data in texts(length):
            for after_cr in (False, True):
                for lf_only in (False, True):
                    told = scan(data, 0, len(data), after_cr, lf_only)
                    assert told == by_octets(data, after_cr, lf_only), (data, after_cr, lf_only)


def test_python_scan():
    check(scan_in_python)


def test_c_scan():
    if sys.implementation.name == "micropython":
        check(scan_wire)
    else:
        assert scan_wire is None


def test_scan_of_a_range():
    data = bytearray(b"\n.\r\nabc\r\n.x\n\n.\r\n")
    for scan in (scan_in_python, scan_wire or scan_in_python):
        assert scan(data, 4, len(data), False, False) == (13, 1, 2)
        assert scan(data, 4, 4, False, False)[0] == 4
