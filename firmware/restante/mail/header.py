"""Header fields, RFC 5322 §2.2, as far as the gate itself looks at them.  Pure.

Its rule: strict.  A line that is not certainly a header field is not treated as one, because the
gate puts lines in front of it or copies it into a message of its own.
"""

from restante.compat import const

# Longest field that is copied, octets; a longer one (thousands of recipients) is left out.
FIELD_OCTETS = const(16384)

# What a replacement may keep of the original (engine.h, rst_report.keep).
KEPT_NAMES = (
    b"from",
    b"to",
    b"cc",
    b"date",
    b"subject",
    b"message-id",
    b"in-reply-to",
    b"references",
    b"reply-to",
)


def field_name(line):
    """The name before the colon, lower case, or None.  `line`: bytes, may go on after the name."""
    colon = line.find(b":")
    if colon < 1:
        return None
    for i in range(colon):
        if not 33 <= line[i] <= 126:
            return None
    return line[:colon].lower()


def is_kept_field(data):
    """True for one whole field with its folded lines that a replacement may copy verbatim.

    Nothing in it may look like the end of the header or of the message to any reader.
    """
    if not data.endswith(b"\r\n") or field_name(data) not in KEPT_NAMES:
        return False
    for i, line in enumerate(data[:-2].split(b"\r\n")):
        if b"\r" in line or b"\n" in line or b"\0" in line or not line.strip():
            return False
        if i and line[0] not in b" \t":
            return False
    return True


def kept_fields(ranges, size, peek):
    """Those of `ranges` that are fields as above, in order and disjoint.

    `peek(offset, count)` gives bytes of the wire form, `size` its octets.
    """
    kept = []
    at = 0
    for start, end in ranges:
        if not at <= start < end <= size or end - start > FIELD_OCTETS:
            continue
        if at_line_start(start, peek) and is_kept_field(peek(start, end - start)):
            kept.append((start, end))
            at = end
    return kept


def at_line_start(offset, peek):
    """True at the beginning and right after a CRLF."""
    return offset == 0 or (offset >= 2 and peek(offset - 2, 2) == b"\r\n")
