"""A scripted origin, for what no real server does: the faults of origins.

`Origin` answers the ordinary commands; a test replaces single answers by octets, or by a function
that gets the connection.  It keeps what it was told.
"""

import contextlib
import socket
import threading

CLOSE = object()  # an answer: close the connection without a word


def stuffed(message):
    """A message with CRLF line ends as it goes over the wire."""
    return (b"\n" + message).replace(b"\n.", b"\n..")[1:]


class Origin:
    """`answers`: {command or (command, number): octets, CLOSE or function(connection, words)}."""

    def __init__(self, messages=(), greeting=b"+OK ready\r\n", answers=None):
        self.messages = list(messages)
        self.greeting = greeting
        self.answers = dict(answers or {})
        self.said = []  # command lines, in order, of all connections
        self.marked = set()
        self.ends = []  # how each connection ended: "quit" or "closed"
        self._sock = socket.create_server(("127.0.0.1", 0), backlog=600)
        self.port = self._sock.getsockname()[1]
        self._open = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def stop(self):
        """Nobody listens any more.  May be repeated."""
        if self._sock.fileno() < 0:
            return
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def _accept(self):
        while True:
            try:
                connection, _ = self._sock.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        self._open.add(connection)
        end = "closed"
        try:
            with connection, connection.makefile("rb") as lines:
                if callable(self.greeting):
                    self.greeting(connection)
                else:
                    connection.sendall(self.greeting)
                for line in lines:
                    words = line.split()
                    self.said.append(line.rstrip(b"\r\n"))
                    if not self._answer(connection, words):
                        break
                    if words[:1] == [b"QUIT"]:
                        end = "quit"
                        break
        except OSError:
            end = "reset"
        self._open.discard(connection)
        self.ends.append(end)

    def _answer(self, connection, words):
        keyword = words[0].upper() if words else b""
        number = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        answer = self.answers.get((keyword, number), self.answers.get(keyword))
        if answer is None:
            answer = self._ordinary(keyword, number)
        if answer is CLOSE:
            return False
        if callable(answer):
            return answer(connection, words) is not CLOSE
        connection.sendall(answer)
        return True

    def _ordinary(self, keyword, number):
        message = self.messages[number - 1] if 0 < number <= len(self.messages) else None
        if keyword == b"CAPA":
            return b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\nSTLS\r\n.\r\n"
        if keyword == b"STAT":
            return b"+OK %d %d\r\n" % (len(self.messages), sum(map(len, self.messages)))
        if keyword in (b"LIST", b"UIDL") and not number:
            rows = [
                b"%d %d\r\n" % (n, len(m)) if keyword == b"LIST" else b"%d uid-%d\r\n" % (n, n)
                for n, m in enumerate(self.messages, 1)
            ]
            return b"+OK\r\n" + b"".join(rows) + b".\r\n"
        if keyword in (b"LIST", b"UIDL", b"RETR", b"TOP", b"DELE") and message is None:
            return b"-ERR no such message\r\n"
        if keyword == b"LIST":
            return b"+OK %d %d\r\n" % (number, len(message))
        if keyword == b"UIDL":
            return b"+OK %d uid-%d\r\n" % (number, number)
        if keyword in (b"RETR", b"TOP"):
            return b"+OK %d octets\r\n" % len(message) + stuffed(message) + b".\r\n"
        if keyword == b"DELE":
            self.marked.add(number)
        return b"+OK\r\n"
