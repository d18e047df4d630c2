"""What the tests of PDF make their documents of."""

import zlib


def stream(data, *filters, extra=b"", length=None, parms=b""):
    """A stream object's value; `data` is encoded already."""
    size = b"%d" % len(data) if length is None else length
    names = b"/Filter " + (
        b"/" + filters[0]
        if len(filters) == 1
        else b"[" + b"".join(b"/" + f for f in filters) + b"]"
    )
    head = b"<</Length " + size + (names if filters else b"") + parms + extra + b">>"
    return head + b"\nstream\n" + data + b"\nendstream"


def deflated(data, **more):
    return stream(zlib.compress(data), b"FlateDecode", **more)


def document(*objects, trailer=b"", head=b"%PDF-1.7\n"):
    """A document of these objects, numbered from 3 on, with a table of cross references."""
    pages = (b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>")
    octets = head
    places = []
    for number, value in enumerate((*pages, *objects), 1):
        places.append(len(octets))
        octets += b"%d 0 obj\n" % number + value + b"\nendobj\n"
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    rest = b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n"
    return octets + table + rest % (len(places) + 1, trailer, len(octets))


def lzw(data, early=1):
    """LZW as in TIFF and PDF."""
    table = {bytes([i]): i for i in range(256)}
    bits, count, width, code = 0, 0, 9, 258

    def put(value):
        nonlocal bits, count
        bits = bits << width | value
        count += width

    put(256)
    word = b""
    for octet in data:
        longer = word + bytes([octet])
        if longer in table:
            word = longer
            continue
        put(table[word])
        table[longer] = code
        code += 1
        if code + early > 1 << width:
            width += 1
        if code >= 4094:
            put(256)
            table = {bytes([i]): i for i in range(256)}
            width, code = 9, 258
        word = bytes([octet])
    if word:
        put(table[word])
        code += 1
        if code + early > 1 << width:
            width += 1
    put(257)
    padding = -count % 8
    return (bits << padding).to_bytes((count + padding) // 8, "big")


def runs(data):
    """Run lengths: copies, and a repetition for each octet that is doubled."""
    out, i = b"", 0
    while i < len(data):
        n = 1
        while n < 128 and data[i : i + n + 1] == data[i : i + 1] * (n + 1):
            n += 1
        if n > 1:
            out += bytes([257 - n, data[i]])
        else:
            out += bytes([0, data[i]])
        i += n
    return out + b"\x80"


def predicted(data, columns):
    """PNG's predictors in turn, none to Paeth, in rows of so many octets."""
    data += bytes(-len(data) % columns)
    out, above = b"", bytes(columns)
    for number, at in enumerate(range(0, len(data), columns)):
        row = data[at : at + columns]
        kind = number % 5
        out += bytes([kind])
        for i, octet in enumerate(row):
            left = row[i - 1] if i else 0
            corner = above[i - 1] if i else 0
            guess = (0, left, above[i], (left + above[i]) // 2, paeth(left, above[i], corner))
            out += bytes([(octet - guess[kind]) & 255])
        above = row
    return out


def paeth(left, above, corner):
    p = left + above - corner
    return min((left, above, corner), key=lambda v: (abs(p - v),))
