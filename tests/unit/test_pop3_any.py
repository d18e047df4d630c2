"""Both POP3 engines on generated octets: split invariance, and "parse or ProtocolError".

`--soak` runs the fuzz for minutes; a failing seed is printed and replayed by RESTANTE_SEED.
"""

import os
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from restante.errors import ProtocolError
from restante.pop3 import commands as c
from restante.pop3 import events
from restante.pop3.client import ClientEngine
from restante.pop3.server import ServerEngine

SAMPLE_SECONDS = 3
SOAK_SECONDS = 300

TOKENS = [
    *(keyword + b" " for keyword in c.TABLE),
    *(b"\r\n", b"\n", b"\r", b".", b"..", b"+OK", b"-ERR", b"+ ", b" ", b"\0", b"\xff"),
    *(b"1", b"2147483648", b"-1", b"AAAA", b"*", b"=", b"x" * 600, b"plain", b"\r\n.\r\n"),
]
streams = st.lists(st.sampled_from(TOKENS) | st.binary(max_size=4), max_size=40).map(b"".join)
cuts = st.lists(st.integers(1, 50), max_size=40)
outcomes = st.lists(st.integers(0, 3), max_size=40)


def pieces(data, sizes):
    at = 0
    for size in [*sizes, len(data)]:
        if at < len(data):
            yield data[at : at + size]
            at += size


def fed(engine, data, sizes, take):
    """Runs take(event) for all events; "fault" if the engine raises ProtocolError."""
    try:
        for piece in pieces(data, sizes):
            while piece:
                n = engine.receive(piece)
                if not n:
                    return  # it has ended and reads no more
                piece = piece[n:]
                while (event := engine.next_event()) != events.NEED_DATA:
                    take(event)
    except ProtocolError as error:
        take(str(error))


def server_says(data, sizes, answers):
    """What the server engine makes of it, commands answered as `answers` says, over and over."""
    engine = ServerEngine()
    engine.state = c.TRANSACTION if answers[:1] == [3] else c.AUTHORIZATION
    said = []

    def take(event):
        said.append((event, engine.outgoing if event != events.REFUSED else engine.reply))
        if event in (events.COMMAND, events.CONTINUATION):
            answer = answers[len(said) % len(answers)] if answers else 1
            if answer == 2 and engine.shape == c.EXCHANGE:
                engine.challenge()
            else:
                engine.replied(answer > 0)

    fed(engine, data, sizes, take)
    return said, engine.state


def client_says(data, sizes, shapes):
    """What the client engine makes of it, with a command of each shape in turn."""
    engine = ClientEngine(1024)
    said = []
    body = bytearray()
    shapes = list(shapes)

    def take(event):
        if event == events.CHUNK:
            chunk = memoryview(engine.body.chunk)
            body.extend(chunk[engine.body.chunk_start : engine.body.chunk_end])
        elif isinstance(event, str):
            said.append(event)
        else:
            said.append((event, engine.ok, engine.line))
        if engine._phase == -1 and shapes:
            # The octets that follow are taken as this answer: expect() would refuse them.
            engine._shape = shapes.pop()
            engine._phase = 0

    fed(engine, data, sizes, take)
    return said, bytes(body), engine.body.octets, engine.body.head


@given(streams, cuts, outcomes)
def test_server_does_not_depend_on_cuts(data, sizes, answers):
    whole = server_says(data, [], answers)
    assert server_says(data, sizes, answers) == whole
    assert server_says(data, [1] * len(data), answers) == whole


@given(streams, cuts, outcomes)
def test_client_does_not_depend_on_cuts(data, sizes, shapes):
    whole = client_says(data, [], shapes)
    assert client_says(data, sizes, shapes) == whole
    assert client_says(data, [1] * len(data), shapes) == whole


@given(streams)
def test_what_goes_to_the_origin_is_one_line(data):
    said, _ = server_says(data, [], [1])
    for event, text in said:
        if event in (events.COMMAND, events.CONTINUATION):
            assert text.endswith(b"\r\n") and text.count(b"\n") == 1 and b"\r" not in text[:-2]
            assert b"\0" not in text


@given(st.binary(max_size=300) | streams)
@settings(max_examples=300)
def test_a_body_comes_in_wire_form(data):
    """Only CRLF, no line of one dot, and true octets that agree with unstuffing."""
    _, body, octets, _ = client_says(b"+OK\r\n+OK\r\n" + data, [], [c.BODY])
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert not (b"\r\n" + body).count(b"\r\n.\r\n")
    assert len((b"\n" + body).replace(b"\n.", b"\n")) - 1 == octets


@given(st.lists(st.binary(max_size=30).filter(lambda t: b"\n" not in t), max_size=20), cuts)
def test_a_stuffed_message_comes_back(lines, sizes):
    message = b"".join(line + b"\r\n" for line in lines)
    wire = (b"\n" + message).replace(b"\n.", b"\n..")[1:]
    said, body, octets, _ = client_says(b"+OK\r\n+OK\r\n" + wire + b".\r\n", sizes, [c.BODY])
    assert body == wire and octets == len(message)
    assert said[-1][0] == events.END


def one_fuzz_case(seed):
    chance = random.Random(seed)
    data = b"".join(
        chance.choice(TOKENS) if chance.random() < 0.8 else chance.randbytes(chance.randrange(9))
        for _ in range(chance.randrange(60))
    )
    sizes = [chance.randrange(1, 40) for _ in range(chance.randrange(60))]
    numbers = [chance.randrange(4) for _ in range(chance.randrange(30))]
    assert server_says(data, sizes, numbers) == server_says(data, [], numbers)
    assert client_says(data, sizes, numbers) == client_says(data, [], numbers)


def test_fuzz(soak):
    """Octets are parsed, or ProtocolError is raised, nothing else."""
    if "RESTANTE_SEED" in os.environ:
        one_fuzz_case(int(os.environ["RESTANTE_SEED"]))
        return
    first = random.SystemRandom().randrange(1 << 48)
    end = time.monotonic() + (SOAK_SECONDS if soak else SAMPLE_SECONDS)
    count = 0
    while time.monotonic() < end:
        try:
            one_fuzz_case(first + count)
        except Exception as error:  # noqa: BLE001 (any other error is the finding)
            pytest.fail(f"RESTANTE_SEED={first + count}: {error!r}")
        count += 1
    print(f"{count} cases from seed {first}")
    assert count > 100
