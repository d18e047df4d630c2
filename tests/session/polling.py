"""A box that fetches bundles from a server, and a server that does what a test says."""

import hashlib
import socket
import threading
from pathlib import Path

from boxes import compile_signatures
from installing import InstallingBox
from test_set_swap import PLANTED

GATE = Path(__file__).resolve().parent / "polling_gate.py"
SECONDS = 60


def compiled_sets(folder, hashes):
    """name: octets.  `knows-0` finds the planted attachment, `knew-1` not; `hashes` beside it."""
    many = folder / "many.hsb"
    many.write_text("".join(f"{n:064x}:{n + 1}:Many-{n}\n" for n in range(hashes)))
    planted = folder / "planted.hsb"
    planted.write_text(f"{hashlib.sha256(PLANTED).hexdigest()}:{len(PLANTED)}:Planted\n")
    compile_signatures(folder / "knows-0", many, planted, name="knows-0")
    compile_signatures(folder / "knew-1", many, name="knew-1")
    return {name: (folder / name).read_bytes() for name in ("knows-0", "knew-1")}


class PollingBox(InstallingBox):
    """`keys`: the key set of the image.  It polls when it is told to."""

    def words(self, name):
        return [str(GATE)] if name == "gate" else super().words(name)

    def poll(self):
        """What became of a poll, as soon as it is over: the answer's first line."""
        first, _ = self.console("update poll")
        if "a poll is under way" in first or " octets" in first:
            self.until(lambda: "now" not in self.polls(), "the end of the poll")
            return self.polls()["last poll"].partition("ago: ")[2]
        return first

    def polls(self):
        """{name: text} of `show updates`."""
        rows = self.console("show updates")[1]
        return {row[:10].strip(): row[11:] for row in rows}

    def configure(self, *lines):
        for line in ("configure", *lines, "commit", "exit"):
            first, rest = self.console(line)
            assert first.startswith("+OK"), (line, first, rest)


class Scripted:
    """A server on loopback.  `answers`: {path: what to send, or a function of (socket, request)};
    what is sent is cut off there.  `requests`: those that came, each as its octets."""

    def __init__(self, answers=None):
        self.answers = dict(answers or {})
        self.requests = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._ended = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def _serve(self):
        while True:
            peer, _ = self._listening.accept()
            if self._ended:
                peer.close()
                return
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer):
        with peer:
            peer.settimeout(SECONDS)
            try:
                request = b""
                while not request.endswith(b"\r\n\r\n"):
                    piece = peer.recv(4096)
                    if not piece:
                        return
                    request += piece
                self.requests.append(request)
                answer = self.answers.get(request.split()[1].decode()[1:], missing())
                if callable(answer):
                    answer(peer, request)
                else:
                    peer.sendall(answer)
            except OSError:
                return  # the box has gone away

    def stop(self):
        self._ended = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join(SECONDS)
        self._listening.close()


def missing():
    return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def whole(content, *fields, octets=None):
    """An answer with all of it; `octets`: what its head says."""
    n = len(content) if octets is None else octets
    rows = ["HTTP/1.1 200 OK", f"Content-Length: {n}", *fields, "", ""]
    return "\r\n".join(rows).encode() + content


def start_of(request):
    """From which octet on the request wants it."""
    _, mark, rest = request.partition(b"Range: bytes=")
    return int(rest.split(b"-")[0]) if mark else 0


def part(content, start, until=None):
    """The answer to a request for what begins at `start`, cut off at `until`."""
    rest = content[start:until]
    rows = [
        "HTTP/1.1 206 Partial Content",
        f"Content-Length: {len(content) - start}",
        f"Content-Range: bytes {start}-{len(content) - 1}/{len(content)}",
        "",
        "",
    ]
    return "\r\n".join(rows).encode() + rest


def moved(location):
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
