"""HTTP/1.1 (RFC 9110, 9112) as far as files of a static server need it: a request as octets, its
answer as events.  Pure.

    HEAD -> (DATA ...) -> END        NEED_DATA at any place: read into room(), say filled()

Its rule: an answer is hostile octets, and whatever is ambiguous, over a limit or not asked for is
a ProtocolError.  The result does not depend on how it was cut.  It does not know sockets, nor what
the files mean.
"""

from restante.compat import const
from restante.errors import ProtocolError
from restante.settings.kinds import SCHEMES, url_parts

NEED_DATA = const(0)
HEAD = const(1)  # `status` and the fields are known
DATA = const(2)  # `data`: some octets of the body, until the next event
END = const(3)

# Octets of status line and fields, those of informational answers before it and a trailer
# included; real servers send 300, a CDN 2000.
HEAD_OCTETS = const(8192)
FIELDS = const(64)
# Informational answers (RFC 9110 §15.2) before the real one.
INTERIM = const(4)
# A line with the size of a chunk, extensions included; RFC 9112 §7.1.
CHUNK_LINE_OCTETS = const(256)
# What all chunk lines may take beyond as much as the content itself.
CHUNKING_OCTETS = const(4096)
# Digits of a length: 10^11 is more than any file here.
LENGTH_DIGITS = const(11)
CHUNK_DIGITS = const(8)
ETAG_OCTETS = const(100)
LOCATION_OCTETS = const(512)
# Redirects of one request.
REDIRECTS = const(4)
ROOM_OCTETS = const(16384)
# What is searched for a line's end at once: many short lines must not cost a copy of all each.
_LOOK = const(512)

OK = const(200)
PARTIAL = const(206)
NOT_MODIFIED = const(304)
NOT_SATISFIABLE = const(416)
MOVED = (301, 302, 303, 307, 308)

# Where a Response is.
_HEAD, _BODY, _CHUNK_LINE, _CHUNK, _CHUNK_END, _TRAILER, _DONE = range(7)

_TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"  # RFC 9110 §5.6.2, lower case
_KEPT = (
    "content-length",
    "content-range",
    "content-encoding",
    "transfer-encoding",
    "etag",
    "location",
)


def request(url, agent, etag="", start=0, match=""):
    """Octets that ask for `url`.  `etag`: of what is known already (If-None-Match);
    `start`: only from this octet on, and only if the file still has the ETag `match`."""
    scheme, host, port, path = url_parts(url)
    rows = [
        "GET %s HTTP/1.1" % path,
        "Host: " + (host if port == SCHEMES[scheme] else "%s:%d" % (host, port)),
        "User-Agent: " + agent,
        "Accept-Encoding: identity",
        "Connection: close",
    ]
    if etag:
        rows.append("If-None-Match: " + etag)
    if start:
        rows.append("Range: bytes=%d-" % start)
        if match and not match.startswith("W/"):  # RFC 9110 §13.1.5: a weak one never holds
            rows.append("If-Range: " + match)
    return ("\r\n".join(rows) + "\r\n\r\n").encode()


def redirected(url, location):
    """Where a redirect leads to; ProtocolError if a box must not follow."""
    scheme, host, port, path = url_parts(url)
    if not location or len(location) > LOCATION_OCTETS:
        raise ProtocolError("the server redirects without saying where to")
    location = location.partition("#")[0]
    if location.startswith("//"):
        location = "%s:%s" % (scheme, location)
    elif location.startswith("/"):
        location = "%s://%s:%d%s" % (scheme, host, port, location)
    elif "://" not in location:
        folder = path.partition("?")[0].rpartition("/")[0]
        location = "%s://%s:%d%s/%s" % (scheme, host, port, folder, location)
    try:
        new = url_parts(location)[0]
    except ValueError:
        raise ProtocolError("the server redirects to what is no address of http or https")
    if new != scheme and new != "https":
        raise ProtocolError("the server redirects from %s to %s" % (scheme, new))
    return location


class Response:
    """One answer.  `limit`: octets of its content; `start`: as the request asked.

    After HEAD: `status`; `fields`: {name: text} of those that are needed here; `length`: octets of
    the content, -1: known at its end.
    """

    def __init__(self, limit, start=0, buffer=None):
        self.status = 0
        self.fields = {}
        self.length = -1
        self.data = memoryview(b"")
        self._limit = limit
        self._start = start
        self._buffer = memoryview(buffer if buffer is not None else bytearray(ROOM_OCTETS))
        self._at = 0  # what is unread is _buffer[_at:_end]
        self._end = 0
        self._state = _HEAD
        self._line = b""  # the begin of a line that is not whole
        self._head = 0  # octets of the head so far
        self._count = 0  # fields
        self._interim = 0
        self._left = 0  # octets of the content, or of this chunk, to come
        self._got = 0  # octets of the content
        self._chunking = 0  # octets of chunk lines

    def room(self):
        """Where to read into; only after NEED_DATA."""
        self._at = self._end = 0
        return self._buffer

    def filled(self, n):
        """So many octets were read; 0: the server has ended the connection."""
        if n == 0:
            raise ProtocolError("the server broke off")
        self._end = n

    def next_event(self):
        while self._state != _DONE:
            if self._state in (_BODY, _CHUNK):
                if self._left:
                    return self._content()
                if self._state == _BODY:
                    self._state = _DONE
                    break
                self._state = _CHUNK_END
            line = self._next_line()
            if line is None:
                return NEED_DATA
            if self._take(line):
                return HEAD
        return END

    def _content(self):
        n = min(self._left, self._end - self._at)
        if n == 0:
            return NEED_DATA
        self.data = self._buffer[self._at : self._at + n]
        self._at += n
        self._left -= n
        self._got += n
        return DATA

    # -- lines

    def _next_line(self):
        """One line without its CRLF; None: more octets are needed."""
        while True:
            view = bytes(self._buffer[self._at : min(self._end, self._at + _LOOK)])
            end = view.find(b"\n")
            taken = view if end < 0 else view[: end + 1]
            self._at += len(taken)
            self._line += taken
            self._bound(len(taken))
            if end >= 0:
                break
            if self._at == self._end:
                return None
        line = self._line
        self._line = b""
        if not line.endswith(b"\r\n"):
            raise ProtocolError("the server ends a line without CR")
        for octet in line[:-2]:
            if octet < 32 and octet != 9 or octet == 127:
                raise ProtocolError("the server sends a control character in its head")
        return line[:-2]

    def _bound(self, n):
        if self._state in (_HEAD, _TRAILER):
            self._head += n
            if self._head > HEAD_OCTETS:
                raise ProtocolError("the server's head is over %d octets" % HEAD_OCTETS)
            return
        self._chunking += n
        if len(self._line) > CHUNK_LINE_OCTETS:
            raise ProtocolError("a chunk's line is over %d octets" % CHUNK_LINE_OCTETS)
        if self._chunking > CHUNKING_OCTETS + self._got:
            raise ProtocolError("the server sends more chunk lines than content")

    def _take(self, line):
        """True: the head is whole."""
        state = self._state
        if state == _HEAD:
            return self._head_line(line)
        if state == _CHUNK_LINE:
            self._chunk_line(line)
        elif state == _CHUNK_END:
            if line:
                raise ProtocolError("a chunk is longer than it says")
            self._state = _CHUNK_LINE
        elif not line:  # the trailer's end; its fields mean nothing here
            self._state = _DONE
        return False

    def _chunk_line(self, line):
        digits = line.partition(b";")[0].rstrip()
        if not 0 < len(digits) <= CHUNK_DIGITS or any(
            c not in b"0123456789abcdefABCDEF" for c in digits
        ):
            raise ProtocolError("a chunk without its size")
        self._left = int(digits.decode(), 16)
        if self._left > self._limit - self._got:
            raise ProtocolError("more than the %d octets that may be" % self._limit)
        self._state = _CHUNK if self._left else _TRAILER

    # -- the head

    def _head_line(self, line):
        if not self.status:
            self._status_line(line)
        elif line:
            self._field(line)
        elif self.status < 200:
            self._interim += 1
            if self._interim > INTERIM or self.status == 101:
                raise ProtocolError("the server answers %d, again and again" % self.status)
            self.status = 0
            self.fields = {}
        else:
            self._begin_body()
            return True
        return False

    def _status_line(self, line):
        # "HTTP/1.1 200 OK"; the words after the number may be missing.
        if line[:7] != b"HTTP/1." or line[7:8] not in (b"0", b"1") or line[8:9] != b" ":
            raise ProtocolError("the server does not speak HTTP/1")
        digits = line[9:12]
        if len(digits) != 3 or not digits.isdigit() or line[12:13] not in (b"", b" "):
            raise ProtocolError("the server answers without a status")
        self.status = int(digits)
        if not 100 <= self.status < 600:
            raise ProtocolError("the server answers with status %d" % self.status)

    def _field(self, line):
        self._count += 1
        if self._count > FIELDS:
            raise ProtocolError("the server's head has over %d fields" % FIELDS)
        octets, colon, value = line.partition(b":")
        name = "".join([chr(o) for o in octets]).lower()
        # Neither blanks before the colon nor folded lines: RFC 9112 §5.1, §5.2.
        if not colon or not name or any(c not in _TOKEN for c in name):
            raise ProtocolError("the server's head has a line that is no field")
        if name not in _KEPT:
            return
        text = "".join([chr(o) for o in value]).strip()
        if name in self.fields and self.fields[name] != text:
            raise ProtocolError("the server says two things of %s" % name)
        self.fields[name] = text

    def _begin_body(self):
        if self.status == NOT_MODIFIED:  # RFC 9110 §6.4.1: it has no content, whatever it says
            self._state = _BODY
            self.length = 0
            return
        coding = self.fields.get("transfer-encoding", "").lower()
        length = self.fields.get("content-length")
        if self.fields.get("content-encoding", "identity").lower() != "identity":
            raise ProtocolError("the server packs what was asked for as it is")
        if coding:
            if coding != "chunked" or length is not None:
                raise ProtocolError("the server does not say clearly where its answer ends")
            self._state = _CHUNK_LINE
        else:
            self._begin_length(length)
        if self.status == PARTIAL:
            self._check_range()

    def _begin_length(self, text):
        if text is None:
            if self.status in (OK, PARTIAL):
                raise ProtocolError("the server does not say where its answer ends")
            text = "0"  # of an answer that says no, nothing more is read
        self.length = _length(text)
        if self.length < 0:
            raise ProtocolError("the server sends a length that is no number")
        if self.status in (OK, PARTIAL) and self.length > self._limit:
            raise ProtocolError("%d octets; at most %d may be" % (self.length, self._limit))
        self._left = self.length
        self._state = _BODY

    def _check_range(self):
        """`bytes FIRST-LAST/TOTAL`: what was asked for, to the end, or nothing of it."""
        text = self.fields.get("content-range", "")
        unit, _, rest = text.partition(" ")
        part, _, total = rest.partition("/")
        first, _, last = part.partition("-")
        numbers = [_length(first), _length(last), _length(total)]
        if unit != "bytes" or -1 in numbers or not self._start:
            raise ProtocolError("the server sends a part that was not asked for")
        if numbers[0] != self._start or numbers[1] != numbers[2] - 1:
            raise ProtocolError("the server sends another part than was asked for")
        if self.length >= 0 and self.length != numbers[2] - numbers[0]:
            raise ProtocolError("the server sends another part than it says")

    # -- what the fields say

    @property
    def etag(self):
        """The ETag, quotes and all; "" if there is none that can be sent back."""
        text = self.fields.get("etag", "")
        bare = text[2:] if text.startswith("W/") else text
        inner = bare[1:-1]
        if len(text) > ETAG_OCTETS or len(bare) < 2 or bare[0] != '"' or bare[-1] != '"':
            return ""
        return text if all(32 < ord(c) < 127 and c not in '"' for c in inner) else ""

    @property
    def location(self):
        return self.fields.get("location", "")


def _length(text):
    """A plain decimal number, or -1."""
    if not 0 < len(text) <= LENGTH_DIGITS or any(c not in "0123456789" for c in text):
        return -1
    return int(text)
