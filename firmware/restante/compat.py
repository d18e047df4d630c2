"""The one place where CPython and MicroPython differ for pure code.  No I/O here.

MicroPython folds `NAME = const(1)` at compile time; CPython has no such module, so there a
constant is what it is.  What C does faster is taken from C where it is there.
"""

try:
    from micropython import const
except ImportError:  # CPython: unit tests and the host tools

    def const(value):
        return value


try:
    from _wire import scan
except ImportError:  # CPython, and a MicroPython without our C
    scan_wire = None
else:
    scan_wire = scan


try:
    from _wire import crc32
except ImportError:
    import zlib  # type: ignore[import-not-found]

    def crc32(data, start, end, seed):
        """zlib's CRC-32 of data[start:end], going on from `seed`."""
        return zlib.crc32(memoryview(data)[start:end], seed)


try:
    from _wire import plain as plain_to
except ImportError:

    def plain_to(data, start, end):
        """Place of the first octet that is neither printable ASCII nor a tab, or `end`."""
        for at in range(start, end):
            if not (32 <= data[at] < 127 or data[at] == 9):
                return at
        return end
