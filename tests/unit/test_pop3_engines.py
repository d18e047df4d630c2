"""Limits of both POP3 engines at n-1, n, n+1, CAPA, and what a flood does.

Also on MicroPython.
"""

from restante.errors import ProtocolError
from restante.limits import (
    COMMAND_OCTETS,
    CONTINUATION_OCTETS,
    LISTING_LINE_OCTETS,
    REPLY_OCTETS,
)
from restante.pop3 import capabilities, events
from restante.pop3 import commands as c
from restante.pop3.client import ClientEngine
from restante.pop3.lines import SKIP_OCTETS, LineBuffer
from restante.pop3.server import ServerEngine, is_base64


def fed(engine, data):
    """The events of `data`, each command answered with +OK."""
    seen = []
    while True:
        event = engine.next_event()
        if event == events.NEED_DATA:
            if not data:
                return seen
            data = data[engine.receive(data) :]
            continue
        seen.append(event)
        if event in (events.COMMAND, events.CONTINUATION):
            engine.replied(True)


def raises(call):
    try:
        call()
    except ProtocolError:
        return True
    return False


def user_of(octets):
    return b"USER " + b"x" * (octets - 7) + b"\r\n"


def test_command_limit():
    for size in (255, 256, COMMAND_OCTETS - 1, COMMAND_OCTETS):
        assert len(user_of(size)) == size
        assert fed(ServerEngine(), user_of(size)) == [events.COMMAND], size
    engine = ServerEngine()
    assert fed(engine, user_of(COMMAND_OCTETS + 1) + b"CAPA\r\n") == [
        events.REFUSED,
        events.COMMAND,
    ]
    assert engine.command == c.CAPA


def test_a_flood_without_line_end_is_cut_off():
    assert fed(ServerEngine(), b"x" * (COMMAND_OCTETS + SKIP_OCTETS)) == []
    assert raises(lambda: fed(ServerEngine(), b"x" * (COMMAND_OCTETS + SKIP_OCTETS + 1)))
    line = b"x" * (COMMAND_OCTETS + SKIP_OCTETS - 1) + b"\n"
    assert fed(ServerEngine(), line) == [events.REFUSED]
    assert raises(lambda: fed(ServerEngine(), b"x" + line))


def test_continuation_limit():
    for size, good in (
        (CONTINUATION_OCTETS - 4, True),
        (CONTINUATION_OCTETS, True),
        (CONTINUATION_OCTETS + 4, False),
    ):
        engine = ServerEngine()
        engine.receive(b"AUTH X\r\n")
        assert engine.next_event() == events.COMMAND
        engine.challenge()
        assert fed(engine, b"A" * size + b"\r\n") == [events.CONTINUATION], size
        assert engine.acceptable == good, size
        assert good or engine.outgoing == b"*\r\n"


def test_fifty_commands_in_one_segment_come_in_order():
    engine = ServerEngine()
    engine.state = c.TRANSACTION
    data = b"".join(b"RETR %d\r\n" % n for n in range(1, 51))
    numbers = []
    while len(numbers) < 50:
        event = engine.next_event()
        if event == events.NEED_DATA:
            data = data[engine.receive(data) :]
            continue
        assert event == events.COMMAND
        numbers.append(engine.number)
        engine.replied(True)
    assert numbers == list(range(1, 51))


def test_no_event_before_the_last_command_is_answered():
    engine = ServerEngine()
    engine.receive(b"CAPA\r\nCAPA\r\n")
    assert engine.next_event() == events.COMMAND
    try:
        engine.next_event()
    except RuntimeError:
        return
    raise AssertionError("two commands at once")


def first_line(size):
    engine = ClientEngine()
    data = b"+OK " + b"x" * (size - 6) + b"\r\n"
    assert len(data) == size
    assert fed(engine, data) == [events.REPLY]
    return len(engine.line)


def together(answers, *shapes):
    """The events of answers to commands that were sent together, whole and octet by octet."""
    found = []
    for size in (len(answers), 1):
        engine = ClientEngine()
        fed(engine, b"+OK\r\n")
        engine.expect(*shapes)
        said = []
        for at in range(0, len(answers), size):
            said += fed(engine, answers[at : at + size])
        engine.check_silent()
        found.append([event for event in said if event != events.CHUNK])
    assert found[0] == found[1]
    return found[0]


def test_answers_to_commands_that_were_sent_together():
    row = [events.REPLY, events.LINE, events.END]
    assert together(b"+OK\r\n-ERR no\r\n", c.SINGLE, c.SINGLE) == [events.REPLY] * 2
    assert together(b"+OK\r\n1 a\r\n.\r\n" * 2, c.LISTING, c.LISTING) == row * 2
    assert together(b"-ERR\r\n+OK\r\n1 a\r\n.\r\n", c.LISTING, c.LISTING) == row[:1] + row
    body = b"+OK\r\n+OK\r\n..\r\n.\r\n"
    assert together(body * 3, c.BODY, c.BODY, c.BODY) == [events.REPLY, events.END] * 3


def test_answers_out_of_step():
    assert raises(lambda: together(b"+OK\r\n+OK\r\n+OK\r\n", c.SINGLE, c.SINGLE))
    assert raises(lambda: together(b"+OK\r\n1 a\r\n.\r\n2 b\r\n", c.LISTING, c.LISTING))
    # An unstuffed line of one dot: what follows it is no answer.
    assert raises(lambda: together(b"+OK\r\na\r\n.\r\nb\r\n.\r\n", c.BODY, c.BODY))


def test_no_command_before_the_last_answer():
    engine = ClientEngine()
    fed(engine, b"+OK\r\n")
    engine.expect(c.SINGLE, c.SINGLE)
    fed(engine, b"+OK\r\n")
    try:
        engine.expect(c.SINGLE)
    except RuntimeError:
        return
    raise AssertionError("a command before the last answer")


def test_reply_limit():
    for size in (REPLY_OCTETS - 1, REPLY_OCTETS):
        assert first_line(size) == size - 2
    for size in (REPLY_OCTETS + 1, 100000):
        assert first_line(size) == REPLY_OCTETS - 2


def test_listing_line_limit():
    def capa(size):
        engine = ClientEngine()
        fed(engine, b"+OK\r\n")
        engine.expect(c.LISTING)
        return fed(engine, b"+OK\r\n" + b"x" * (size - 2) + b"\r\n.\r\n")

    for size in (LISTING_LINE_OCTETS - 1, LISTING_LINE_OCTETS):
        assert capa(size) == [events.REPLY, events.LINE, events.END]
    assert raises(lambda: capa(LISTING_LINE_OCTETS + 1))


def test_head_is_the_first_line_and_bounded():
    def head(text):
        engine = ClientEngine()
        fed(engine, b"+OK\r\n")
        engine.expect(c.BODY)
        fed(engine, b"+OK\r\n" + text + b"\r\n.\r\n")
        return engine.body.head

    assert head(b"Subject: x\r\ny") == b"Subject: x\r\n"
    assert head(b"x" * 5000) == b"x" * 1000


def test_room_moves_what_is_unread():
    buffer = LineBuffer(16)
    assert buffer.receive(b"one\r\ntwo three four") == 16
    assert buffer.line(16) == b"one"
    assert buffer.receive(b" octets\r\n") == 5
    assert buffer.receive(b"x") == 0
    buffer.grow(32)
    assert buffer.receive(b"s\r\n") == 3
    assert buffer.line(32) == b"two three f octes"


def test_capabilities_are_an_intersection():
    origin = [
        b"top",
        b"SASL PLAIN CRAM-MD5",
        b"IMPLEMENTATION Secret-1.2.3",
        b"X-ODD",
        b"STLS",
        b"UIDL",
        b"uidl",
        b"",
        b"expire 30 USER",
    ]
    common = [b"TOP", b"SASL PLAIN CRAM-MD5"]
    rest = [b"UIDL", b"EXPIRE 30 USER", b"PIPELINING"]
    assert capabilities.offered(origin, False) == common + rest
    assert capabilities.offered(origin, True) == common + [b"STLS"] + rest
    assert capabilities.offered([], True) == [b"PIPELINING"]


def test_base64():
    for good in (b"", b"AAAA", b"AAA=", b"AA==", b"ab+/"):
        assert is_base64(good), good
    for bad in (b"A", b"AAA", b"A===", b"====", b"AA=A", b"AAA!", b"AAA\xff", b"A AA", b"="):
        assert not is_base64(bad), bad
