"""A POP3 client that says exactly what a test wants, octet by octet."""

import socket
import struct

SECONDS = 60.0  # for any answer; a keep-alive test passes its own


class Talk:
    def __init__(self, port, seconds=SECONDS, room=0):
        """`room`: octets that the system takes for us before we read; 0: as it likes."""
        self.sock = socket.socket()
        self.sock.settimeout(seconds)
        if room:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        try:
            self.sock.connect(("127.0.0.1", port))
        except OSError:
            self.sock.close()
            raise
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        """False when the other side has ended."""
        piece = self.sock.recv(65536)
        self.data += piece
        return bool(piece)

    def line(self):
        """One line without CRLF; b"" at the end of the connection."""
        while b"\r\n" not in self.data:
            if not self.more():
                rest, self.data = self.data, b""
                return rest
        line, self.data = self.data.split(b"\r\n", 1)
        return line

    def body(self):
        """A multi-line body in wire form, without the final line; None if it never came."""
        if self.data.startswith(b".\r\n"):
            self.data = self.data[3:]
            return b""
        at = 0
        while True:
            found = self.data.find(b"\r\n.\r\n", max(0, at - 4))
            if found >= 0:
                body, self.data = self.data[: found + 2], self.data[found + 5 :]
                return body
            at = len(self.data)
            if not self.more():
                return None
            if at < 3 and self.data.startswith(b".\r\n"):
                self.data = self.data[3:]
                return b""

    def ask(self, command):
        self.send(command + b"\r\n")
        return self.line()

    def fetch(self, command):
        """(first line, body) of a multi-line command; body None after -ERR."""
        line = self.ask(command)
        return line, self.body() if line.startswith(b"+OK") else None

    def log_in(self, user=b"fred", password=b"secret"):
        assert self.line().startswith(b"+OK"), "no greeting"
        assert self.ask(b"USER " + user).startswith(b"+OK")
        line = self.ask(b"PASS " + password)
        assert line.startswith(b"+OK"), line
        return self

    def ended(self):
        """True if the other side closes without another octet."""
        try:
            return not self.data and not self.more()
        except ConnectionResetError:
            return True


def reset(talk):
    """Closes with RST instead of FIN."""
    talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    talk.sock.close()


def flood_is_cut_off(talk, octets):
    """Sends so much without a line end; True if the box answered -ERR, or nothing, and closed."""
    try:
        for _ in range(octets // 50000):
            talk.send(b"A" * 50000)
        while talk.more():
            continue
    except (BrokenPipeError, ConnectionResetError):
        # The box closed with our octets unread, which TCP tells with a reset.
        return talk.data[:4] in (b"-ERR", b"")
    return talk.data.startswith(b"-ERR")


def texts(wire):
    """A wire-form body as the message: dots unstuffed."""
    return (b"\n" + wire).replace(b"\n.", b"\n")[1:]
