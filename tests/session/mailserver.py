"""A POP3 server with one maildrop that keeps what it is told: passwords, UIDLs, deletions.

Beside `origins.Origin`, which scripts single answers, this one behaves; a test counts its logins,
changes its password, takes it down and brings it up again on the same port.
"""

import base64
import contextlib
import socket
import threading

from origins import stuffed

CAPABILITIES = (b"TOP", b"UIDL", b"USER", b"SASL PLAIN LOGIN", b"RESP-CODES", b"PIPELINING")
WRONG = b"-ERR [AUTH] wrong password"


class MailServer:
    """`messages`: octets with CRLF; their UIDLs are uid-1, uid-2, ..."""

    def __init__(self, messages=(), user=b"fred", password=b"secret"):
        self.user = user
        self.password = password
        self.greeting = b"+OK ready"
        self.silent = False  # accepts and says nothing
        self.refusal = None  # the answer to every login
        self.locks = False  # one session at a time
        self.alike = False  # the same UIDL for all messages
        self.hold = None  # called in the middle of a whole message
        self.drop = {}  # uidl: octets, in order
        self.named = []  # users of logins, in order
        self.tried = []  # passwords that were offered, in order
        self.logins = 0  # that were accepted
        self.open = 0  # sessions that are logged in
        self.fetched = []  # UIDLs of whole messages, in order
        self.said = []  # keywords, in order
        self._uid = 0
        self._sock = None
        self._connections = set()
        self._lock = threading.Lock()
        for message in messages:
            self.add(message)
        self.port = 0
        self.start()

    def add(self, message):
        self._uid += 1
        self.drop[b"uid-%d" % self._uid] = message

    def start(self):
        self._sock = socket.create_server(("127.0.0.1", self.port), backlog=600)
        self.port = self._sock.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._sock,), daemon=True).start()

    def stop(self):
        """Nobody listens, and what was open is closed.  May be repeated."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def enter(self):
        """Counts a session; False if another one has the maildrop."""
        with self._lock:
            if self.locks and self.open:
                return False
            self.logins += 1
            self.open += 1
            return True

    def _accept(self, sock):
        while True:
            try:
                connection, _ = sock.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        self._connections.add(connection)
        visitor = Visitor(self, connection)
        try:
            with connection, connection.makefile("rb") as lines:
                visitor.converse(lines)
        except OSError:
            visitor.ended = True
        finally:
            self._connections.discard(connection)
            with self._lock:
                self.open -= visitor.listing is not None


def decoded(text):
    """Octets of base64; ValueError."""
    return base64.b64decode(text.rstrip(b"\r\n"), validate=True)


class Visitor:
    """One connection."""

    def __init__(self, server, connection):
        self.server = server
        self.connection = connection
        self.listing = None  # [(uidl, octets)] once logged in
        self.marked = set()
        self.ended = False

    def say(self, line):
        self.connection.sendall(line + b"\r\n")

    def converse(self, lines):
        server = self.server
        if not server.silent:
            self.say(server.greeting)
        user = b""
        for line in lines:
            words = line.rstrip(b"\r\n").split(b" ", 1)
            keyword = words[0].upper()
            argument = words[1] if len(words) > 1 else b""
            server.said.append(keyword)
            if server.silent:
                continue
            if keyword == b"USER":
                user = argument
                self.say(b"+OK")
            elif keyword == b"PASS":
                self.log_in(user, argument)
            elif keyword == b"AUTH":
                self.authenticate(argument.split(), lines)
            elif keyword == b"QUIT":
                self.quit()
                return
            else:
                self.answer(keyword, argument.split())

    def authenticate(self, words, lines):
        if words[0] not in (b"PLAIN", b"LOGIN"):
            self.say(b"-ERR unknown mechanism")
            return
        said = words[1:]
        answers = []
        for challenge in (b"",) if words[0] == b"PLAIN" else (b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6"):
            if not said:
                self.say(b"+ " + challenge)
            try:
                answers.append(decoded(said.pop() if said else lines.readline()))
            except ValueError:
                self.say(b"-ERR cancelled")
                return
        if words[0] == b"PLAIN":
            answers = answers[0].split(b"\0")[1:]
        if len(answers) == 2:
            self.log_in(*answers)
        else:
            self.say(b"-ERR user and password are missing")

    def log_in(self, user, password):
        server = self.server
        server.named.append(user)
        server.tried.append(password)
        if server.refusal is not None:
            self.say(server.refusal)
        elif (user, password) != (server.user, server.password):
            self.say(WRONG)
        elif not server.enter():
            self.say(b"-ERR [IN-USE] locked by another session")
        else:
            self.listing = list(server.drop.items())
            self.say(b"+OK logged in")

    def quit(self):
        for number in self.marked:
            self.server.drop.pop(self.listing[number - 1][0], None)
        self.say(b"+OK")

    def answer(self, keyword, words):
        if keyword == b"CAPA":
            self.body(CAPABILITIES)
        elif self.listing is None:
            self.say(b"-ERR log in first")
        elif keyword == b"STAT":
            there = [m for n, (_, m) in enumerate(self.listing, 1) if n not in self.marked]
            self.say(b"+OK %d %d" % (len(there), sum(map(len, there))))
        elif keyword in (b"LIST", b"UIDL") and not words:
            self.body(self.row(keyword, n) for n in self.numbers())
        elif keyword in (b"LIST", b"UIDL", b"RETR", b"TOP", b"DELE"):
            self.one(keyword, int(words[0]), words[1:])
        elif keyword in (b"NOOP", b"RSET"):
            self.marked = set() if keyword == b"RSET" else self.marked
            self.say(b"+OK")
        else:
            self.say(b"-ERR unknown")

    def numbers(self):
        return [n for n in range(1, len(self.listing) + 1) if n not in self.marked]

    def row(self, keyword, n):
        uidl, message = self.listing[n - 1]
        if self.server.alike:
            uidl = b"alike"
        return b"%d %d" % (n, len(message)) if keyword == b"LIST" else b"%d %s" % (n, uidl)

    def body(self, rows):
        self.connection.sendall(b"+OK\r\n" + b"".join(r + b"\r\n" for r in rows) + b".\r\n")

    def one(self, keyword, n, rest):
        if n not in self.numbers():
            self.say(b"-ERR no such message")
        elif keyword in (b"LIST", b"UIDL"):
            self.say(b"+OK " + self.row(keyword, n))
        elif keyword == b"DELE":
            self.marked.add(n)
            self.say(b"+OK")
        else:
            self.send(*self.listing[n - 1], rest)

    def send(self, uidl, message, rest):
        if rest and int(rest[0]) < 1000:
            head, _, body = message.partition(b"\r\n\r\n")
            lines = body.split(b"\r\n")[: int(rest[0])]
            message = head + b"\r\n\r\n" + b"".join(x + b"\r\n" for x in lines)
        else:
            self.server.fetched.append(uidl)
        wire = b"+OK\r\n" + stuffed(message) + b".\r\n"
        half = len(wire) // 2
        self.connection.sendall(wire[:half])
        if self.server.hold:
            self.server.hold()
        self.connection.sendall(wire[half:])
