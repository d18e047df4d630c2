"""Rows as aligned text.  Pure."""

from restante.log.records import escaped


def table(head, rows, widest, last=None):
    """Lines: each column as wide as its longest cell, at most `widest`.

    The last one is not filled up; it has at most `last` characters, `widest` if that is None.
    """
    cells = [list(head)]
    for row in rows:
        filled = [_cell(value, widest) for value in row[:-1]]
        cells.append(filled + [_cell(row[-1], last or widest)])
    widths = [max(len(row[i]) for row in cells) for i in range(len(head) - 1)]
    out = []
    for row in cells:
        line = "".join(row[i] + " " * (widths[i] - len(row[i]) + 2) for i in range(len(widths)))
        out.append(line + row[-1])
    return out


def _cell(value, widest):
    text = escaped(value, 2 * widest)  # before it is cut: what is cut must be what is shown
    return text if len(text) <= widest else text[: widest - 2] + ".."


def duration(seconds):
    """`1d 02:03:04`"""
    seconds = int(seconds)
    return "%dd %02d:%02d:%02d" % (
        seconds // 86400,
        seconds // 3600 % 24,
        seconds // 60 % 60,
        seconds % 60,
    )


def kib(octets):
    return "%d KiB" % (octets >> 10)


def mib(octets):
    return "%d MiB" % (octets >> 20)
