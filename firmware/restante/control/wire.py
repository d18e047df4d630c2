"""An answer on the control socket: status line, lines, a lone dot.  Pure.

The form is POP3's multi-line answer (RFC 1939 §3), after `+OK` and after `-ERR` alike.  What comes
from mail or from a peer is escaped here once more, so that no answer holds a control character.
"""

from restante.limits import REPLY_OCTETS
from restante.log.records import escaped

# One line of an answer; the longest line of settings fits, so that none is shown cut.
LINE_OCTETS = 4200


# In front of an answer's text: the session that asked has the candidate.
EDITING = "[edit] "


def first(ok, text):
    """The status line, at most REPLY_OCTETS."""
    line = "+OK" if ok else "-ERR"
    if text:
        line += " " + escaped(text, REPLY_OCTETS - len("-ERR ...") - 2)
    return line.encode() + b"\r\n"


def body(line):
    """One line after the status line."""
    text = plain(line)
    if text.startswith("."):
        text = "." + text
    return text.encode() + b"\r\n"


END = b".\r\n"


def plain(line):
    """Printable ASCII of a line; a backslash that escapes already stays as it is."""
    if all(32 <= ord(c) < 127 for c in line):
        return line if len(line) <= LINE_OCTETS else line[:LINE_OCTETS] + "..."
    return escaped(line, LINE_OCTETS)


class AnswerReader:
    """The other end: bytes in, (ok, text) and lines out; any cut of the input gives the same."""

    def __init__(self, limit):
        self._limit = limit  # octets of one answer that are kept
        self._data = b""
        self._taken = 0
        self.ok = None  # None until the status line is there
        self.text = ""
        self.lines = []
        self.done = False

    def feed(self, data):
        """Raises ValueError for what is not an answer."""
        self._taken += len(data)
        if self._taken > self._limit:
            raise ValueError("the answer is over %d octets" % self._limit)
        self._data += data
        while not self.done:
            end = self._data.find(b"\n")
            if end < 0:
                return
            line = self._data[:end].rstrip(b"\r")
            self._data = self._data[end + 1 :]
            self._line("".join(chr(octet) for octet in line))

    def _line(self, line):
        if self.ok is None:
            word, _, self.text = line.partition(" ")
            if word not in ("+OK", "-ERR"):
                raise ValueError("not an answer: " + escaped(line, 40))
            self.ok = word == "+OK"
        elif line == ".":
            self.done = True
        else:
            self.lines.append(line[1:] if line.startswith(".") else line)
