"""The pure parts of the relay: TOP's cut, released messages in a listing, user names.

Also on MicroPython.
"""

import binascii

from restante.relay import guesses, login, overlay
from restante.relay.cut import Cut, top

HEAD = b"Subject: x\r\nTo: y\r\n\r\n"
BODY = b"one\r\n\r\ntwo\r\n..three"


def cut_in(pieces, lines):
    cut = Cut(lines)
    out = b""
    for piece in pieces:
        out += piece[: cut.take(piece, 0, len(piece))]
    return out, cut.done


def test_cut_at_every_place():
    message = HEAD + BODY + b"\r\n"
    expected = {
        0: HEAD,
        1: HEAD + b"one\r\n",
        2: HEAD + b"one\r\n\r\n",
        4: message,
        5: message,
    }
    for lines, text in expected.items():
        for at in range(len(message) + 1):
            out, done = cut_in([message[:at], message[at:]], lines)
            assert out == text, (lines, at, out)
            assert done == (lines < 5), (lines, at)
        single = [message[i : i + 1] for i in range(len(message))]
        assert cut_in(single, lines)[0] == text


def test_cut_of_messages_without_header_or_body():
    assert cut_in([b"\r\nbody\r\n"], 0) == (b"\r\n", True)
    assert cut_in([b"Subject: x\r\n"], 3) == (b"Subject: x\r\n", False)
    assert cut_in([b""], 3) == (b"", False)


def test_top_of_spliced_segments():
    file = HEAD + b"before\r\nbad part\r\nafter\r\n"
    start = file.find(b"bad part")
    # A part's replacement ends before the CRLF that follows it in the file.
    segments = [(0, start), b"notice\r\nmore", (start + 8, len(file))]

    def text(lines):
        parts = top(segments, lines, lambda at, n: file[at : at + min(n, 3)])
        return b"".join(p if isinstance(p, bytes) else file[p[0] : p[1]] for p in parts)

    assert text(0) == HEAD
    assert text(1) == HEAD + b"before\r\n"
    assert text(2) == HEAD + b"before\r\nnotice\r\n"
    assert text(3) == HEAD + b"before\r\nnotice\r\nmore\r\n"
    assert text(9) == HEAD + b"before\r\nnotice\r\nmore\r\nafter\r\n"


class Message:
    def __init__(self, uidl, octets):
        self.uidl = uidl
        self.octets = octets


def test_overlay():
    view = overlay.Overlay([Message("restante-1", 10), Message("restante-2", 20)], 3)
    assert not view.owns(3) and view.owns(4) and view.owns(99)
    assert view.find(4).uidl == "restante-1" and view.find(6) is None
    assert view.stat(b"+OK 3 300") == b"+OK 5 330"
    assert view.list_lines() == b"4 10\r\n5 20\r\n"
    view.mark(4)
    assert view.find(4) is None
    assert view.stat(b"+OK 2 200 octets") == b"+OK 3 220"
    assert view.list_lines() == b"5 20\r\n"
    assert view.uidl_lines() == b"5 restante-2\r\n"
    assert [m.uidl for m in view.marked()] == ["restante-1"]
    view.unmark()
    assert view.marked() == [] and view.find(4) is not None


def test_totals():
    assert overlay.totals(b"+OK 0 0") == (0, 0)
    for odd in (b"+OK", b"+OK many", b"+OK -1 5", b"+OK 1", b"+OK x y"):
        assert overlay.totals(odd) is None


def b64(octets):
    return binascii.b2a_base64(octets).strip()


def sasl(mechanism, initial, *lines):
    exchange = login.Sasl(mechanism, initial)
    for line in lines:
        exchange.response(line)
    return exchange.user


def test_user_names():
    assert login.of_apop(b"fred c4c9334bac560ecc979e58001b3e22fb") == "fred"
    assert sasl(b"PLAIN", b64(b"\0fred\0secret")) == "fred"
    assert sasl(b"PLAIN", None, b64(b"\0fred\0secret")) == "fred"
    assert sasl(b"LOGIN", None, b64(b"fred"), b64(b"secret")) == "fred"
    assert sasl(b"LOGIN", b64(b"fred"), b64(b"secret")) == "fred"


def test_what_is_no_user_name():
    assert sasl(b"PLAIN", b64(b"no zero octets")) == ""
    assert sasl(b"PLAIN", None, b"*") == ""
    assert sasl(b"CRAM-MD5", None, b64(b"fred 0123")) == ""
    assert login.name(b"x" * 254) == "x" * 254
    assert login.name(b"x" * 255) == ""


def test_different_names_stay_different():
    assert login.name(b"fr d%\xff") == "fr%20d%25%FF"
    assert login.name(b"a?") != login.name(b"a\xe4") != login.name(b"a%E4")


def slow_down():
    return guesses.Guesses(lambda a, b: a - b, lambda a, ms: a + ms)


def test_a_few_wrong_passwords_cost_nothing():
    guard = slow_down()
    for now in range(guesses.FREE):
        assert guard.wait("a", now) == 0
        guard.failed("a", now)
    assert guard.wait("a", 10) > 0
    assert guard.wait("b", 10) == 0
    guard.succeeded("a")
    assert guard.wait("a", 10) == 0


def test_guesses_of_one_source_take_turns():
    guard = slow_down()
    for _ in range(guesses.FREE):
        guard.failed("a", 1000)
    waits = [guard.wait("a", 1000) for _ in range(9)]
    turns = [ms for ms in waits if ms >= 0]
    assert turns == [guesses.STEP_MS * n for n in range(1, len(turns) + 1)]
    assert turns[-1] <= guesses.LONGEST_MS and waits[-1] == -1
    assert guard.wait("a", 1000 + guesses.WINDOW_MS + 1) == 0


def test_sources_are_bounded():
    guard = slow_down()
    for n in range(3 * guesses.SOURCES):
        guard.failed("host-%d" % n, n)
    assert len(guard._sources) == guesses.SOURCES
