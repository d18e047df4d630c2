"""Bodies in wire form: CRLF line ends, dot-stuffed, without the final "." (RFC 1939 §3).

`Body` looks at a run of octets in a buffer and says how far it may be handed on.  Its rule: whole
buffers go through find() and count(), which run in C; Python never looks at single octets.  What
it does not know: where the octets come from and go to.  Pure.
"""

from restante.compat import const, scan_wire

_LF = const(10)
_CR = const(13)
_DOT = const(46)

# Octets of the first line that are kept, so that the relay can tell whether it is a header field.
HEAD_OCTETS = const(1000)


def scan_in_python(data, start, end, after_cr, lf_only):
    """(stop, dots, bare) of data[start:end]; dots.py's own when there is no C (compat.scan_wire).

    stop: how far it may be handed on: before a final line, or what may be its beginning; dots: so
    many lines in it begin with a dot after a LF in it; bare: so many LF have no CR before them.
    """
    stop = _stop(data, start, end, lf_only)
    pairs = data.count(b"\r\n", start, stop)
    if after_cr and data[start] == _LF:
        pairs += 1
    return stop, data.count(b"\n.", start, stop), data.count(b"\n", start, stop) - pairs


def _stop(data, start, end, lf_only):
    at = data.find(b"\n.\r\n", start, end)
    if lf_only:
        bare = data.find(b"\n.\n", start, end if at < 0 else at + 2)
        if bare >= 0:
            at = bare
    if at >= 0:
        return at + 1
    if end - start >= 2 and data[end - 1] == _DOT and data[end - 2] == _LF:
        return end - 1
    if end - start >= 3 and data.find(b"\n.\r", end - 3, end) >= 0:
        return end - 2
    return end


scan = scan_wire or scan_in_python


class Body:
    """One multi-line body.  `lf_only`: the origin ends its lines with LF alone."""

    def __init__(self, lf_only=False):
        self.begin(lf_only)

    def begin(self, lf_only):
        self.octets = 0  # true octets so far: CRLF counts 2, stuffing dots do not count
        self.head = b""  # the first line as far as it was seen, HEAD_OCTETS at most
        self.ended = False
        self.chunk = b""  # octets in wire form are chunk[chunk_start:chunk_end]
        self.chunk_start = 0
        self.chunk_end = 0
        self._lf_only = lf_only
        self._line_start = True
        self._last_cr = False
        self._head_open = True

    def take(self, data, start, end):
        """Looks at data[start:end]; returns how many octets are used up.

        Then either `ended` is set, or the chunk is filled.  0: more octets are needed first.
        """
        if start == end:
            return 0
        stuffed = 0
        if self._line_start and data[start] == _DOT:
            used = self._final(data, start, end)
            if used >= 0:
                return used
            stuffed = 1
        stop, dots, bare = scan(data, start, end, self._last_cr, self._lf_only)
        self._set_chunk(data, start, stop, bare)
        stuffed += dots
        self.octets += self.chunk_end - self.chunk_start - stuffed
        self._line_start = data[stop - 1] == _LF
        self._last_cr = data[stop - 1] == _CR
        if self._head_open:
            self._keep_head()
        return stop - start

    def _final(self, data, start, end):
        """At a line's dot: octets of the final line, 0 to wait for more, -1 if it is another."""
        n = end - start
        if n == 1 or (n == 2 and data[start + 1] == _CR):
            return 0
        if data[start + 1] == _LF and self._lf_only:
            self.ended = True
            return 2
        if data[start + 1] == _CR and data[start + 2] == _LF:
            self.ended = True
            return 3
        return -1

    def _set_chunk(self, data, start, stop, bare):
        if bare:
            data = self._with_crlf(data, start, stop)
            start = 0
            stop = len(data)
        self.chunk = data
        self.chunk_start = start
        self.chunk_end = stop

    def _with_crlf(self, data, start, stop):
        """Bare LF made CRLF; a lone dot between bare LFs, which nobody stuffed, is stuffed."""
        before = b"\n" if self._line_start else b"\r" if self._last_cr else b""
        text = before + bytes(memoryview(data)[start:stop])
        text = text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        # Twice: the end of one such line is the beginning of the next, which replace() skips.
        text = text.replace(b"\n.\r\n", b"\n..\r\n").replace(b"\n.\r\n", b"\n..\r\n")
        return text[2 if self._line_start else len(before) :]

    def _keep_head(self):
        at = self.chunk.find(b"\n", self.chunk_start, self.chunk_end)
        stop = self.chunk_end if at < 0 else at + 1
        stop = min(stop, self.chunk_start + HEAD_OCTETS - len(self.head))
        self.head += bytes(memoryview(self.chunk)[self.chunk_start : stop])
        self._head_open = at < 0 and len(self.head) < HEAD_OCTETS
