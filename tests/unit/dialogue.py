"""Plays the dialogues of dialogues/*.txt against the engines; runs on both interpreters.

    C: octets of the client          O: what goes to the origin because of it
    S: octets of the server          = what the client engine says of them

A line is Python-escaped, CRLF is added; one that ends with a single backslash goes on without.
In client-*.txt: `= +OK ...` a first line, `= + ...` a challenge, `= . line` of a listing,
`= | octets` of a body in wire form, `= octets N` its true octets, `= fault words` a ProtocolError.
"""

import os

from restante.errors import ProtocolError
from restante.pop3 import commands as c
from restante.pop3 import events
from restante.pop3.client import ClientEngine
from restante.pop3.server import ServerEngine

FOLDER = __file__.rsplit("/", 1)[0] + "/dialogues/" if "/" in __file__ else "dialogues/"
SIMPLE = {"r": 13, "n": 10, "t": 9, "\\": 92}


def names(prefix):
    return [n for n in sorted(os.listdir(FOLDER)) if n.startswith(prefix)]


def octets(text):
    """The octets of one line of a dialogue."""
    end = b"\r\n"
    if text.endswith("\\") and not text.endswith("\\\\"):
        text = text[:-1]
        end = b""
    out = bytearray()
    i = 0
    while i < len(text):
        if text[i] != "\\":
            out.append(ord(text[i]))
            i += 1
        elif text[i + 1] == "x":
            out.append(int(text[i + 2 : i + 4], 16))
            i += 4
        else:
            out.append(SIMPLE[text[i + 1]])
            i += 2
    return bytes(out) + end


def lines(name):
    """[(mark, octets or text)] of a file."""
    out = []
    with open(FOLDER + name) as f:
        for line in f.read().split("\n"):
            if line and line[0] in "COS=":
                rest = line[3:] if line[1] == ":" else line[2:]
                out.append((line[0], octets(rest) if line[0] != "=" else rest))
    return out


class Feed:
    """Gives a stream to an engine in pieces: cut after `first`, then every `step` octets."""

    def __init__(self, data, first, step):
        self.data = data
        self.at = 0
        self.next = first or step
        self.step = step

    def into(self, engine):
        """True if the engine got something."""
        if self.at == len(self.data):
            return False
        piece = self.data[self.at : self.next]
        n = engine.receive(piece)
        assert n, "no room, though the engine asked for octets"
        self.at += n
        if self.at == self.next:
            self.next += self.step
        return True


def play_server(script, first, step):
    """A dialogue of client, box and origin against ServerEngine."""
    engine = ServerEngine()
    feed = Feed(b"".join(data for mark, data in script if mark == "C"), first, step)
    at = 0
    script = [entry for entry in script if entry[0] != "C"]
    while True:
        event = engine.next_event()
        if event == events.NEED_DATA:
            if not feed.into(engine):
                break
            continue
        mark, expected = script[at]
        at += 1
        if event == events.REFUSED:
            assert (mark, expected) == ("S", engine.reply + b"\r\n"), (
                mark,
                expected,
                engine.reply,
            )
            continue
        assert (mark, expected) == ("O", engine.outgoing), (mark, expected, engine.outgoing)
        answer = script[at][1]
        at += 1
        if answer.startswith(b"+ "):
            engine.challenge()
        else:
            engine.replied(answer.startswith(b"+OK"))
    assert at == len(script), "not said: %s" % script[at:]
    return engine


def shape_of(command):
    """The shape of the answer, as the server engine tells it."""
    engine = ServerEngine()
    for state in (c.AUTHORIZATION, c.PASSWORD, c.TRANSACTION):
        engine.state = state
        engine.receive(command)
        if engine.next_event() == events.COMMAND:
            return engine.shape
    raise ValueError(command)


def play_client(script, first, step):
    """Commands and an origin's answers against ClientEngine."""
    engine = ClientEngine(1024)
    shape = c.SINGLE  # the greeting
    at = 0
    while at < len(script):
        if script[at][0] == "C":
            shape = shape_of(script[at][1])
            engine.expect(shape)
            at += 1
        data = b""
        while at < len(script) and script[at][0] == "S":
            data += script[at][1]
            at += 1
        expected = []
        while at < len(script) and script[at][0] == "=":
            expected.append(script[at][1])
            at += 1
        said = answer(engine, shape, Feed(data, first, step))
        assert said == expected, (said, expected)


def answer(engine, shape, feed):
    """What the engine says of these octets, in the words of a dialogue."""
    said = []
    body = bytearray()
    try:
        while True:
            event = engine.next_event()
            if event == events.NEED_DATA:
                if not feed.into(engine):
                    break
            elif event == events.CHUNK:
                body += memoryview(engine.body.chunk)[
                    engine.body.chunk_start : engine.body.chunk_end
                ]
            elif event == events.END:
                if shape == c.BODY:
                    said += wire_lines(body) + ["octets %d" % engine.body.octets]
                    body = b""
                said.append("end")
            else:
                said.append((". " if event == events.LINE else "") + text_of(engine.line))
        engine.check_silent()
    except ProtocolError as error:
        said += wire_lines(body)
        said.append("fault " + str(error))
    return said


def wire_lines(body):
    body = bytes(body)
    assert not body or body.endswith(b"\r\n")
    return ["| " + text_of(line) for line in body.split(b"\r\n")[:-1]]


def text_of(data):
    return "".join(chr(o) if 32 <= o < 127 else "\\x%02x" % o for o in data)


def every_cut(script, play, mark):
    """Whole, octet by octet, and cut in two at each place; returns how many ways."""
    size = sum(len(data) for m, data in script if m == mark)
    ways = [(0, size), (0, 1)] + [(cut, size) for cut in range(1, size)]
    for first, step in ways:
        play(script, first, step)
    return len(ways)
