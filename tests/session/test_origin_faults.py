"""What origins do wrong (FAULTS 18-28, 94, 97): what the client is told, and that others go on."""

import socket

import pytest
from boxes import Box
from bystander import LARGE, unnoticed
from origins import CLOSE, Origin
from talk import Talk

MESSAGES = [b"Subject: one\r\n\r\none\r\n", b"Subject: two\r\n\r\n.two\r\n"]
REPLY_OCTETS = 512
GROUP = ["set group isp servers 127.0.0.0/8", "set group isp rule all"]
HASTE = ["set origin reply-timeout 5", "set origin connect-timeout 5"]


def greeting_of(box):
    with Talk(box.port) as talk:
        line = talk.line()
        return line, talk.ended() if line.startswith(b"-ERR") else None


@pytest.mark.parametrize(
    ("greeting", "seen"),
    [
        (b"+OK\r\n", b"+OK"),
        (b"-ERR [SYS/TEMP] come back later\r\n", b"-ERR [SYS/TEMP] come back later"),
        (b"+ok \x1b]0;x\x07 <bad @ stamp\r\n", b"+OK ?]0;x? <bad @ stamp"),
        (b"\r\n", b"-ERR [SYS/TEMP]"),
        (b"220 smtp.example\r\n", b"-ERR [SYS/TEMP]"),
        (b"", b"-ERR [SYS/TEMP]"),
        (b"+OK " + b"x" * 100000 + b"\r\n", b"+OK xxxx"),
        (b"x" * 1000000, b"-ERR [SYS/TEMP]"),
    ],
    ids=["short", "refused", "escapes", "empty", "smtp", "silent", "100 KB", "endless"],
)
def test_greetings(scripted, greeting, seen):
    def greet(connection):
        connection.sendall(greeting)
        if not greeting.endswith(b"\n"):
            connection.shutdown(socket.SHUT_WR)

    box, _ = scripted(MESSAGES, greeting=greet)
    line, ended = greeting_of(box)
    assert line.startswith(seen) and len(line) <= REPLY_OCTETS - 2
    assert ended in (None, True)


def test_nobody_listens(scripted):
    box, origin = scripted(MESSAGES)
    origin.stop()
    line, ended = greeting_of(box)
    assert line.startswith(b"-ERR [SYS/TEMP] the mail server 127.0.0.1 port")
    assert b"connection refused" in line and ended


def test_an_origin_that_says_nothing(scripted):
    box, _ = scripted(MESSAGES, HASTE, greeting=lambda connection: None)
    with Talk(box.port) as slow:
        line = slow.line()
    assert line.startswith(b"-ERR [SYS/TEMP]") and b"its greeting took too long" in line


def test_an_origin_that_stalls_in_an_answer(scripted):
    box, _ = scripted(MESSAGES, HASTE, answers={b"STAT": lambda connection, words: None})
    with Talk(box.port) as talk, Talk(box.port) as other:
        talk.log_in()
        other.log_in()
        assert talk.ask(b"STAT").startswith(b"-ERR [SYS/TEMP]") and talk.ended()
        assert other.fetch(b"RETR 1")[1] == MESSAGES[0]


def test_capabilities_that_never_end(scripted):
    endless = b"+OK\r\n" + b"X-MORE\r\n" * 1000000
    box, _ = scripted(MESSAGES, answers={b"CAPA": endless})
    with Talk(box.port) as talk:
        talk.line()
        assert talk.ask(b"CAPA").startswith(b"-ERR [SYS/TEMP]") and talk.ended()
    assert box.resident_kib() < 16384


def test_no_capabilities(scripted):
    box, _ = scripted(MESSAGES, answers={b"CAPA": b"-ERR what?\r\n"})
    with Talk(box.port) as talk:
        talk.line()
        assert talk.ask(b"CAPA") == b"-ERR what?"
        assert talk.ask(b"USER fred").startswith(b"+OK")


def test_a_million_lines_of_uidl(scripted):
    rows = b"".join(b"%d u%d\r\n" % (n, n) for n in range(1, 1000001))
    box, _ = scripted(MESSAGES, answers={b"UIDL": b"+OK\r\n" + rows + b".\r\n"})
    before = box.resident_kib()
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.fetch(b"UIDL")[1] == rows
    assert box.resident_kib() - before < 4096


def test_a_listing_that_never_ends(scripted):
    def endless(connection, words):
        connection.sendall(b"+OK\r\n")
        while True:
            connection.sendall(b"1 1\r\n" * 20000)

    box, _ = scripted(MESSAGES, answers={b"LIST": endless})
    with Talk(box.port) as talk:
        talk.log_in()
        talk.send(b"LIST\r\n")
        assert talk.body() is None
    assert box.resident_kib() < 16384


def test_sizes_that_lie_are_the_origins_own(scripted):
    lies = b"+OK\r\n1 0\r\n2 9223372036854775808\r\n.\r\n"
    box, _ = scripted(MESSAGES, answers={b"LIST": lies, (b"LIST", 2): b"+OK 2 -5\r\n"})
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.fetch(b"LIST")[1] == b"1 0\r\n2 9223372036854775808\r\n"
        assert talk.ask(b"LIST 2") == b"+OK 2 -5"
        assert talk.fetch(b"RETR 2")[1] == b"Subject: two\r\n\r\n..two\r\n"


def test_a_body_that_breaks_off_has_no_final_line(scripted):
    def broken(connection, words):
        connection.sendall(b"+OK\r\nSubject: x\r\n\r\nhalf a li")
        return CLOSE

    box, _ = scripted(MESSAGES, answers={b"RETR": broken})
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.ask(b"RETR 1") == b"+OK"
        assert talk.body() is None
        assert talk.data == b"Subject: x\r\n\r\nhalf a li"


def test_odd_bodies(scripted):
    answers = {
        (b"RETR", 1): b"+OK\nlf\n..only\n.\n",
        (b"RETR", 2): b"+OK\r\nlone\n.\ndot\r\n.\r\n",
        (b"RETR", 3): b"+OK\r\n.\r\n",
    }
    box, _ = scripted([b"x"] * 3, answers=answers)
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.fetch(b"RETR 1")[1] == b"lf\r\n..only\r\n"
        assert talk.fetch(b"RETR 2")[1] == b"lone\r\n..\r\ndot\r\n"
        assert talk.fetch(b"RETR 3")[1] == b""


def test_a_final_line_split_over_reads(scripted):
    def slowly(connection, words):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in b"+OK\r\na\r\n..\r\n.x\r\n\r\n.\r\n":
            connection.sendall(bytes([octet]))

    box, _ = scripted(MESSAGES, answers={b"RETR": slowly})
    with Talk(box.port) as talk:
        talk.log_in()
        for _ in range(20):
            assert talk.fetch(b"RETR 1") == (b"+OK", b"a\r\n..\r\n.x\r\n\r\n")


def test_what_nobody_asked_for_ends_the_session(scripted):
    """A lone dot that the origin did not stuff: the rest must not answer the next command."""
    answers = {b"RETR": b"+OK\r\nbefore\r\n.\r\n+OK 1 1\r\nafter\r\n.\r\n"}
    box, _ = scripted(MESSAGES, answers=answers)
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.fetch(b"RETR 1")[1] == b"before\r\n"
        assert talk.ask(b"STAT").startswith(b"-ERR [SYS/TEMP]") and talk.ended()


@pytest.mark.parametrize("group", [[], GROUP], ids=["passed", "group"])
def test_stls_drops_what_was_said_before_and_is_blind_after(scripted, group):
    heard = []

    def tunnel(connection, words):
        connection.sendall(b"+OK begin\r\n+OK injected\r\n")
        while True:
            piece = connection.recv(65536)
            if not piece:
                break
            heard.append(piece)
            connection.sendall(piece[::-1])
        return CLOSE

    box, _ = scripted(MESSAGES, group, answers={b"STLS": tunnel})
    with Talk(box.port) as talk:
        talk.line()
        assert b"STLS" in talk.fetch(b"CAPA")[1]
        talk.send(b"STLS\r\nUSER injected\r\n")
        assert talk.line() == b"+OK begin"
        for octets in (b"\x16\x03\x01hello", bytes(range(256)) * 500, b"USER fred\r\n"):
            before = len(talk.data)
            talk.send(octets)
            while len(talk.data) < before + len(octets):
                assert talk.more()
        assert b"injected" not in talk.data and b"injected" not in b"".join(heard)
        assert "tunnel, not screened" in "\n".join(box.console("show sessions")[1])
        talk.sock.shutdown(socket.SHUT_WR)
        while talk.more():
            continue
    status = "\n".join(box.console("show status")[1])
    assert "tunnel" in status


@pytest.mark.parametrize("group", [[], GROUP], ids=["passed", "group"])
def test_stls_refused_by_policy_or_by_the_origin(scripted, group):
    box, origin = scripted(MESSAGES, ["set interception starttls refuse", *group])
    with Talk(box.port) as talk:
        talk.line()
        assert b"STLS" not in talk.fetch(b"CAPA")[1]
        assert talk.ask(b"STLS").startswith(b"-ERR") and b"STLS" not in origin.said
    box, _ = scripted(MESSAGES, group, answers={b"STLS": b"-ERR not today\r\n"})
    with Talk(box.port) as talk:
        talk.line()
        assert talk.ask(b"STLS") == b"-ERR not today"
        assert talk.ask(b"USER fred").startswith(b"+OK")


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (b"-ERR some messages were not removed\r\n", b"-ERR some messages were not removed"),
        (CLOSE, b"-ERR [SYS/TEMP]"),
        (lambda connection, words: None, b"-ERR [SYS/TEMP]"),
    ],
    ids=["refused", "closed", "silent"],
)
def test_quit_is_confirmed_by_the_origin_only(scripted, answer, seen):
    box, _ = scripted(MESSAGES, HASTE, answers={b"QUIT": answer})
    with Talk(box.port) as talk:
        talk.log_in()
        talk.ask(b"DELE 1")
        assert talk.ask(b"QUIT").startswith(seen) and talk.ended()


@pytest.mark.parametrize(
    "text",
    [
        b"-ERR [AUTH] wrong password",
        b"-ERR [SYS/TEMP] later",
        b"-ERR [IN-USE] locked",
        b"-ERR [LOGIN-DELAY] too soon",
        b"-ERR ALERT: quota",
    ],
)
def test_refusals_of_a_login_are_passed_as_they_are(scripted, text):
    box, _ = scripted(MESSAGES, answers={b"PASS": text + b"\r\n"})
    with Talk(box.port) as talk:
        talk.line()
        talk.ask(b"USER fred")
        assert talk.ask(b"PASS secret") == text


def test_the_box_itself_as_origin(scripted):
    box, origin = scripted(MESSAGES)
    box.gate.stop()
    with socket.create_server(("127.0.0.1", 0)) as free:
        own = free.getsockname()[1]
    box.start_gate(listen=own, origin=own)
    line, ended = greeting_of(box)
    assert line.startswith(b"-ERR [SYS/PERM] this is the mail gateway itself") and ended


def test_a_connection_lost_in_mid_mail(scripted):
    """The origin is gone in the middle; the session ends, the next one works."""

    def lost(connection, words):
        connection.sendall(b"+OK\r\n" + b"x" * 100000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        return CLOSE

    box, _ = scripted(MESSAGES, answers={(b"RETR", 1): lost})
    with Talk(box.port) as talk:
        talk.log_in()
        talk.send(b"RETR 1\r\n")
        with pytest.raises((ConnectionResetError, AssertionError)):
            assert talk.body() is not None
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.fetch(b"RETR 2")[1] is not None
    assert "origin.failed" in box.log()


def never(connection, words):
    connection.sendall(b"+OK\r\nSubject: x\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536 + b"\r\n")


def half(connection, words):
    connection.sendall(b"+OK\r\nSubject: x\r\n\r\nhalf a li")


def half_and_close(connection, words):
    half(connection, words)
    return CLOSE


def rows(connection, words):
    connection.sendall(b"+OK\r\n")
    while True:
        connection.sendall(b"1 1\r\n" * 20000)


LONE_DOT = b"+OK\r\nbefore\r\n.\r\n+OK 1 1\r\nafter\r\n.\r\n"
BESIDE = {
    "no POP3": (b"", b"220 smtp.example\r\n"),
    "greeting without end": (b"", b"x" * 1000000),
    "no greeting": (b"", lambda connection: None),
    "CAPA without end": (b"CAPA", rows),
    "LIST without end": (b"LIST", rows),
    "UIDL cut off": (b"UIDL", half_and_close),
    "RETR without end": (b"RETR 2", never),
    "RETR cut off": (b"RETR 2", half_and_close),
    "RETR that stalls": (b"RETR 2", half),
    "RETR with a lone dot": (b"RETR 2\r\nSTAT", LONE_DOT),
    "QUIT cut off": (b"QUIT", lambda connection, words: CLOSE),
}


@pytest.fixture(scope="module")
def screening(signatures):
    """A box that screens, shared: `.origin` gives LARGE first."""
    origin = Origin([LARGE, *MESSAGES])
    box = Box(origin.port, signatures, [*HASTE, "set spool maximum 16"])
    box.origin = origin
    yield box
    box.stop()
    origin.stop()


@pytest.mark.parametrize("fault", BESIDE)
def test_somebody_else_does_not_notice(screening, fault):
    command, answer = BESIDE[fault]
    origin = screening.origin
    with unnoticed(screening, "origin.failed"):
        if command:
            origin.answers[command.split()[0]] = answer
        else:
            origin.greeting = answer
        with Talk(screening.port) as talk:
            talk.send(b"USER fred\r\nPASS secret\r\n" + command + b"\r\n")
            # To the end: an error in words, or a listing that breaks off.
            while talk.more():
                talk.data = talk.data[-1000:]
            assert b"-ERR [SYS/TEMP]" in talk.data or not talk.data.endswith(b"\r\n.\r\n")
        origin.answers.clear()
        origin.greeting = b"+OK ready\r\n"
    with Talk(screening.port) as talk:
        talk.log_in()
        assert talk.fetch(b"RETR 2")[1] == MESSAGES[0]
