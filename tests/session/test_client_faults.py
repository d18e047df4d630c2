"""What clients do wrong (FAULTS 1-17): the answer, and that another session does not notice."""

import base64
import socket

import pytest
from talk import Talk, flood_is_cut_off, reset

MESSAGES = [b"Subject: one\r\n\r\none\r\n", b"Subject: two\r\n\r\n.two\r\n"]
RESIDENT_KIB = 4096  # that a fault may cost: far below one of the floods used here


@pytest.fixture
def box(scripted):
    started, started.origin = scripted(MESSAGES)
    return started


@pytest.fixture
def other(box):
    """A session that is open during the fault and works after it."""
    with Talk(box.port) as talk:
        talk.log_in()
        yield talk
        assert talk.ask(b"STAT").startswith(b"+OK 2 ")
        assert talk.ask(b"QUIT").startswith(b"+OK")


def test_ten_megabytes_without_line_end(box, other):
    before = box.resident_kib()
    with Talk(box.port) as talk:
        talk.line()
        assert flood_is_cut_off(talk, 10000000)
    assert box.resident_kib() - before < RESIDENT_KIB


def test_junk_is_refused_and_the_session_goes_on(box, other):
    with Talk(box.port) as talk:
        talk.line()
        for junk in (b"\0\0\0", b"\xff\xfe", b"US\rER x", b"", b"   ", b"%s%n", b"PASS x"):
            assert talk.ask(junk).startswith(b"-ERR"), junk
        talk.send(b"USER fred\nPASS  a \nSTAT\n")
        assert [talk.line()[:3] for _ in range(3)] == [b"+OK"] * 3
    assert b"PASS  a " in box.origin.said


def test_fifty_pipelined_commands_in_one_segment(box, other):
    with Talk(box.port) as talk:
        talk.line()
        commands = [b"USER fred", b"PASS secret", *([b"STAT", b"LIST 1", b"RETR 2"] * 16), b"QUIT"]
        talk.send(b"".join(c + b"\r\n" for c in commands))
        for command in commands:
            assert talk.line().startswith(b"+OK"), command
            if command == b"RETR 2":
                assert talk.body() == b"Subject: two\r\n\r\n..two\r\n"
        assert talk.ended()
    assert len(commands) == 51


def test_a_command_octet_by_octet(box, other):
    with Talk(box.port) as talk:
        talk.line()
        for octet in b"USER fred\r\nPASS secret\r\nRETR 1\r\n":
            talk.send(bytes([octet]))
        assert talk.line().startswith(b"+OK") and talk.line().startswith(b"+OK")
        assert talk.line() == b"+OK 21 octets"
        assert talk.body() == MESSAGES[0]


def test_commands_in_the_wrong_state(box, other):
    with Talk(box.port) as talk:
        talk.line()
        for command in (b"STAT", b"LIST", b"RETR 1", b"DELE 1", b"NOOP", b"PASS x", b"RSET"):
            assert talk.ask(command).startswith(b"-ERR"), command
        talk.ask(b"USER fred")
        assert talk.ask(b"PASS secret").startswith(b"+OK")
        for command in (b"USER fred", b"PASS x", b"AUTH PLAIN", b"STLS", b"APOP a b"):
            assert talk.ask(command).startswith(b"-ERR"), command


def test_odd_numbers(box, other):
    with Talk(box.port) as talk:
        talk.log_in()
        for argument in (b"0", b"-1", b"2147483648", b"4294967297", b"1 2", b"x", b"", b"1.0"):
            assert talk.ask(b"RETR " + argument).startswith(b"-ERR"), argument
            assert talk.ask(b"DELE " + argument).startswith(b"-ERR"), argument
        assert talk.fetch(b"RETR 002")[1] is not None
        assert talk.fetch(b"TOP 1 2147483648")[1] is not None
        assert not box.origin.marked


def test_long_names_are_passed_or_refused(box, other):
    with Talk(box.port) as talk:
        talk.line()
        for name in (b"%s%s%n", b'a"b\\c', b"x/host/host", b"\xff\xc3", b"y" * 500):
            assert talk.ask(b"USER " + name).startswith(b"+OK"), name
            assert box.origin.said[-1] == b"USER " + name
        assert talk.ask(b"USER " + b"z" * 600).startswith(b"-ERR")
        assert talk.ask(b"USER fred").startswith(b"+OK")


def test_deleted_twice_and_reset(scripted):
    no = {(b"DELE", 9): b"-ERR already deleted\r\n"}
    box, origin = scripted(MESSAGES, answers=no)
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.ask(b"DELE 1").startswith(b"+OK")
        assert talk.ask(b"DELE 9") == b"-ERR already deleted"
        assert talk.ask(b"RSET").startswith(b"+OK")
    box.until(lambda: origin.ends == ["closed"], "end of the origin's connection")
    assert b"QUIT" not in origin.said


def test_sasl_is_passed_line_by_line(scripted):
    def login(connection, words):
        lines = connection.makefile("rb")
        for challenge in (b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6"):
            connection.sendall(b"+ " + challenge + b"\r\n")
            line = lines.readline()
            origin.said.append(line.strip())
            if line == b"*\r\n":
                connection.sendall(b"-ERR cancelled\r\n")
                return
        connection.sendall(b"+OK in\r\n")

    box, origin = scripted(MESSAGES, answers={b"AUTH": login})
    user, password = (base64.b64encode(t) for t in (b"fred", b"top secret"))
    with Talk(box.port) as talk:
        talk.line()
        assert talk.ask(b"AUTH LOGIN") == b"+ VXNlcm5hbWU6"
        assert talk.ask(b"*").startswith(b"-ERR")
        assert talk.ask(b"AUTH LOGIN") == b"+ VXNlcm5hbWU6"
        assert talk.ask(b"no base64!").startswith(b"-ERR")
        assert origin.said[-1] == b"*"
        assert talk.ask(b"AUTH LOGIN") == b"+ VXNlcm5hbWU6"
        assert flood_is_cut_off(talk, 1000000)
    with Talk(box.port) as talk:
        talk.line()
        talk.send(b"AUTH LOGIN\r\n" + user + b"\r\n" + password + b"\r\nSTAT\r\n")
        assert [talk.line() for _ in range(4)] == [
            b"+ VXNlcm5hbWU6",
            b"+ UGFzc3dvcmQ6",
            b"+OK in",
            b"+OK 2 %d" % sum(map(len, MESSAGES)),
        ]
        assert f"fred @ 127.0.0.1:{origin.port}" in "\n".join(box.console("show sessions")[1])
    log = box.log()
    assert "top secret" not in log and password.decode() not in log


def test_the_cap_is_polite_and_sessions_come_back(scripted):
    box, _ = scripted(MESSAGES, settings=["set sessions maximum 3"])
    talks = [Talk(box.port).log_in() for _ in range(3)]
    with Talk(box.port) as late:
        assert late.line().startswith(b"-ERR [SYS/TEMP]") and late.ended()
    reset(talks.pop())
    box.until(lambda: box.console("show sessions")[0].startswith("+OK 2 "), "end of a session")
    with Talk(box.port) as again:
        again.log_in()
    for talk in talks:
        assert talk.ask(b"NOOP").startswith(b"+OK")
        talk.sock.close()


def test_five_hundred_connections(box, other):
    greeted = refused = 0
    for _ in range(500):
        with Talk(box.port) as talk:
            line = talk.line()
        greeted += line.startswith(b"+OK")
        refused += line.startswith(b"-ERR [SYS/TEMP]")
    assert greeted + refused == 500 and greeted >= 100
    box.until(lambda: box.console("show sessions")[0].startswith("+OK 1 "), "end of sessions")


def test_a_client_that_stops_reading(scripted):
    big = b"Subject: big\r\n\r\n" + b"x" * 76 * 1000 + (b"y" * 76 + b"\r\n") * 300000
    box, _ = scripted([big, MESSAGES[0]])
    with Talk(box.port) as lazy, Talk(box.port) as other:
        lazy.log_in()
        other.log_in()
        lazy.send(b"RETR 1\r\n")
        assert lazy.line().startswith(b"+OK")
        for _ in range(50):
            assert other.fetch(b"RETR 2")[1] == MESSAGES[0]
        assert box.resident_kib() < 16384
        assert lazy.body() == big


STEPS = (b"", b"USER fred\r\n", b"PASS secret\r\n", b"LIST\r\n", b"RETR 2\r\n", b"DELE 1\r\n")


@pytest.mark.parametrize("ending", ["close", "reset", "half"])
def test_an_end_at_every_step(box, other, ending):
    for steps in range(len(STEPS) + 1):
        with Talk(box.port) as talk:
            talk.line()
            for step in STEPS[:steps]:
                talk.send(step)
                if step:
                    talk.line()
            if ending == "reset":
                reset(talk)
            elif ending == "half":
                talk.sock.shutdown(socket.SHUT_WR)
                while talk.more():
                    continue
    box.until(lambda: box.console("show sessions")[0].startswith("+OK 1 "), "end of sessions")
    assert b"QUIT" not in box.origin.said


def test_commands_before_a_half_close_are_all_answered(box, other):
    with Talk(box.port) as talk:
        talk.send(b"USER fred\r\nPASS secret\r\nDELE 1\r\nQUIT\r\n")
        talk.sock.shutdown(socket.SHUT_WR)
        assert [talk.line()[:3] for _ in range(5)] == [b"+OK"] * 5
    assert box.origin.said[-2:] == [b"DELE 1", b"QUIT"]


def test_password_guessing_is_slowed_down(scripted):
    box, origin = scripted(MESSAGES, answers={b"PASS": b"-ERR [AUTH] wrong\r\n"})

    def guess(talk):
        talk.ask(b"USER fred")
        talk.send(b"PASS guess\r\n")

    talks = [Talk(box.port) for _ in range(10)]
    for talk in talks:
        talk.line()
    for talk in talks[:3]:
        guess(talk)
        assert talk.line() == b"-ERR [AUTH] wrong"
    for talk in talks[3:]:
        guess(talk)
    # Five turns of 4 s; who would wait longer is refused at once, without the origin.
    refused = [talk.line() for talk in talks[8:]]
    assert all(line.startswith(b"-ERR [SYS/TEMP] too many wrong passwords") for line in refused)
    assert talks[3].line() == b"-ERR [AUTH] wrong"
    assert origin.said.count(b"PASS guess") == 4
    for talk in talks:
        talk.sock.close()


def test_two_sessions_on_one_maildrop(scripted):
    box, _ = scripted(MESSAGES, answers={b"PASS": b"-ERR [IN-USE] locked by another session\r\n"})
    with Talk(box.port) as talk:
        talk.line()
        talk.ask(b"USER fred")
        assert talk.ask(b"PASS x") == b"-ERR [IN-USE] locked by another session"
        assert talk.ask(b"USER fred").startswith(b"+OK")


def test_a_gate_that_is_told_to_end_closes_its_sessions(box):
    with Talk(box.port) as talk:
        talk.log_in()
        box.gate.stop()
        assert not box.gate.alive() and talk.ended()
    assert b"Traceback" not in box.gate.log.read_bytes()
    box.start_gate()
    with Talk(box.port) as talk:
        talk.log_in()
