"""The one place where CPython and MicroPython differ for pure code.  No I/O here.

MicroPython folds `NAME = const(1)` at compile time; CPython has no such module, so there a
constant is what it is.
"""

try:
    from micropython import const
except ImportError:  # CPython: unit tests and the host tools

    def const(value):
        return value
