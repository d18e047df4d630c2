"""A decision -> what the client is sent: ranges of the spool file and octets of our own.  Pure.

Segments are (start, end) of the file or bytes, all in wire form (CRLF, dot-stuffed, without the
final "."), to be sent one after the other; an unchanged message is the one segment (0, size).

Its rule: ranges come from a worker that a hostile mail may have taken over, so each border is
checked against the file: a cut in the middle of a line could put ".", CRLF at the start of a line
and end the POP3 reply early.  What does not fit makes the message replaced as a whole.
"""

from restante.mail import header, notice
from restante.screening.verdicts import MARK, NAMES
from restante.screening.wire import EDIT_PART

OWN_TEXT = b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n"


def segments(decision, report, size, id, peek):
    """`report` may be None for pass and mark; `id`: the quarantine entry's, if one was kept.

    `peek(offset, count)` gives bytes of the file.  Not for the action refuse: that sends nothing.
    """
    if decision.whole:
        return _whole(decision, report, size, id, peek)
    if decision.edits:
        return _parts(decision, report, size, id, peek)
    if decision.action == MARK:
        return _marked(decision, size, peek)
    return [(0, size)] if size else []


def wire_octets(parts):
    """Octets that the segments have on the wire."""
    return sum(len(p) if isinstance(p, bytes) else p[1] - p[0] for p in parts)


def wire(lines):
    """Text lines as octets with CRLF, dot-stuffed."""
    out = []
    for line in lines:
        out.append(("." if line.startswith(".") else "") + line + "\r\n")
    return "".join(out).encode()


def _verdict_line(decision):
    words = NAMES[decision.verdict] if decision.verdict is not None else "none"
    return wire(["X-Restante-Verdict: %s; %s" % (words, notice.shown(decision.reason))])


def _marked(decision, size, peek):
    line = _verdict_line(decision)
    first = peek(0, min(size, 1024))
    # A mailbox separator is only understood as the very first line.
    end = first.find(b"\r\n") + 2
    if first.startswith((b"From ", b">From ")) and end >= 2:
        return _joined([(0, end), line, (end, size)])
    return _joined([line, (0, size)])


def _whole(decision, report, size, id, peek):
    kept = header.kept_fields(report.keep, size, peek)
    own = _verdict_line(decision)
    if not any(header.field_name(peek(s, min(e - s, 80))) == b"subject" for s, e in kept):
        own += b"Subject: (held by the mail gateway)\r\n"
    lines = notice.whole_lines(decision.findings, report.found, report.bundle, id)
    text = own + b"MIME-Version: 1.0\r\n" + OWN_TEXT + b"\r\n" + wire(lines)
    return _joined(kept + [text])


def _parts(decision, report, size, id, peek):
    out = []
    at = 0
    for edit in decision.edits:
        if edit.start < at or not _fits(edit, size, peek):
            return _whole(decision, report, size, id, peek)
        text = wire(notice.part_lines(edit.findings, report.bundle, id))
        if edit.kind == EDIT_PART:
            text = b"Content-Disposition: inline\r\n" + OWN_TEXT + b"\r\n" + text
            if edit.end < size:
                text = text[:-2]  # the CRLF that follows belongs to the delimiter line
        out += [(at, edit.start), text]
        at = edit.end
    return _joined(out + [(at, size)])


def _fits(edit, size, peek):
    """True if what remains on both sides of the cut keeps its lines."""
    if not header.at_line_start(edit.start, peek):
        return False
    if edit.end == size:
        return True
    if edit.kind == EDIT_PART:
        return peek(edit.end, 2) == b"\r\n"
    return header.at_line_start(edit.end, peek)


def _joined(parts):
    return [p for p in parts if isinstance(p, bytes) or p[0] < p[1]]
