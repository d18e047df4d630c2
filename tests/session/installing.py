"""A box with a key set in its image, and one who sends it bundles through the control socket."""

import base64
import hashlib
import importlib.util
import socket
import zlib
from pathlib import Path

from boxes import ANSWER_SECONDS
from updating import UpdatingBox

PIECE = 3000
VECTORS = Path(__file__).resolve().parents[1] / "vectors/bundles/make.py"


def vectors():
    """The module that makes the bundles of tests/vectors/bundles: keys that are no secret."""
    spec = importlib.util.spec_from_file_location("bundle_vectors", VECTORS)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


class InstallingBox(UpdatingBox):
    """`keys`: the key set of the image."""

    def __init__(self, origin_port, signatures, settings, keys):
        self._keys = keys
        super().__init__(origin_port, signatures, settings)

    def words(self, name):
        return ["-m", f"restante.programs.{name}"]

    def _child(self, name, *options):
        if name == "gate":
            image = self.folder / "image"
            image.mkdir(exist_ok=True)
            (image / "keys").write_bytes(self._keys)
            (image / "factory.sig").write_bytes(self._signatures.read_bytes())
            options += ("--image", str(image))
        return super()._child(name, *options)

    def arrived(self, data):
        """The bundle is there, and waits to be installed."""
        with Sender(self, data) as sender:
            sender.go()
            assert sender.ended()[0].startswith("+OK"), sender.last

    def install(self, data=None, words=""):
        """(first line, lines)"""
        if data is not None:
            self.arrived(data)
        return self.console("signatures install" + words)

    def shown(self):
        """{name: text} of `show signatures`."""
        first, rows = self.console("show signatures")
        assert first == "+OK signatures"
        return dict(row.split(None, 1) for row in rows)


class Sender:
    """One connection to the control socket that sends a bundle; leaving it is the cable pulled."""

    def __init__(self, box, data, size=PIECE):
        self.data, self.sha256 = data, hashlib.sha256(data).hexdigest()
        self.control = box.control
        assert self.control.ask("show version")[0].startswith("+OK")  # logged in
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ANSWER_SECONDS)
        self.sock.connect(str(box.run / "control.sock"))
        self.at = None
        self.size = size  # octets of a piece
        self.last = ""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.sock.close()

    def ask(self, line):
        """(first line, lines)"""
        self.sock.sendall(self.control.addressed(line).encode() + b"\n")
        data = b""
        while not data.endswith(b"\r\n.\r\n"):
            piece = self.sock.recv(65536)
            assert piece, data
            data += piece
        self.last, *rest = data.decode().split("\r\n")[:-2]
        return self.last, rest

    def begin(self):
        """The offset from which the box wants it."""
        first, rest = self.ask(f"update begin {self.sha256} {len(self.data)}")
        assert first.startswith("+OK "), (first, rest)
        self.at = int(first.split()[1])
        return self.at

    def piece(self, at=None, n=None, crc=None):
        """Sends one; (first line, lines)."""
        at = self.at if at is None else at
        octets = self.data[at : at + (n or self.size)]
        crc = zlib.crc32(octets) if crc is None else crc
        text = base64.b64encode(octets).decode()
        first, rest = self.ask(f"update data {at} {text} {crc:08x}")
        if first.startswith("+OK "):
            self.at = int(first.split()[1])
        return first, rest

    def go(self, until=None):
        """Sends it from where the box wants it."""
        if self.at is None:
            self.begin()
        while self.at < (len(self.data) if until is None else until):
            first, rest = self.piece()
            assert first.startswith("+OK"), (first, rest)

    def ended(self):
        return self.ask("update end")
