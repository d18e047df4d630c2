"""No verdict is never "clean": the screen process away, frozen, its workers killed."""

import contextlib
import os
import signal
from pathlib import Path

import mails
import pytest
from talk import Talk

MAILDROP = [mails.clean("one"), mails.infected()]
WAIT_SECONDS = 60.0


def children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def test_deny_refuses_until_it_is_back(screened):
    box, origin = screened(MAILDROP)
    with Talk(box.port) as talk:
        talk.log_in()
        box.stop_screen()
        assert talk.ask(b"RETR 1").startswith(b"-ERR [SYS/TEMP]")
        assert talk.ask(b"DELE 1").startswith(b"-ERR [SYS/TEMP]")
        assert talk.fetch(b"TOP 1 0")[1] is not None
        box.start_screen()
        assert talk.fetch(b"RETR 1")[1] == mails.wire(MAILDROP[0])
        assert talk.ask(b"DELE 1").startswith(b"+OK")
        assert talk.ask(b"QUIT").startswith(b"+OK")
    with Talk(origin) as talk:
        assert talk.log_in().ask(b"STAT").startswith(b"+OK 1 ")


def test_allow_delivers_marked(screened):
    box, _ = screened(MAILDROP, ["set screening fail-mode allow"])
    box.stop_screen()
    with Talk(box.port) as talk:
        talk.log_in()
        first, rest = talk.fetch(b"RETR 1")[1].split(b"\r\n", 1)
    assert first.startswith(b"X-Restante-Verdict: none; not screened")
    assert rest == mails.wire(MAILDROP[0])


def test_waiting_lines_while_it_is_frozen(screened):
    box, _ = screened(MAILDROP, ["set delivery keep-alive 5"])
    with Talk(box.port, WAIT_SECONDS) as talk, Talk(box.port) as other:
        talk.log_in()
        other.log_in()
        box.freeze_screen()
        talk.send(b"RETR 1\r\nRETR 2\r\n")
        assert talk.line() == b"+OK message follows"
        assert talk.line() == b"X-Restante-Wait: 1"
        assert talk.line() == b"X-Restante-Wait: 2"
        assert other.ask(b"NOOP").startswith(b"+OK")
        box.thaw_screen()
        body = talk.body()
        while body.startswith(b"X-Restante-Wait: "):
            body = body.split(b"\r\n", 1)[1]
        assert body == mails.wire(MAILDROP[0])
        assert talk.line().startswith(b"+OK") and not mails.shows(talk.body())


def test_no_waiting_lines_before_what_is_no_header(scripted):
    message = b"\r\nno header at all, only a body\r\n"
    box, _ = scripted([message], ["set delivery keep-alive 5"], screens=True)
    with Talk(box.port, WAIT_SECONDS) as talk:
        talk.log_in()
        box.freeze_screen()
        talk.send(b"RETR 1\r\n")
        talk.sock.settimeout(7)
        with pytest.raises(TimeoutError):
            talk.line()
        talk.sock.settimeout(WAIT_SECONDS)
        box.thaw_screen()
        assert talk.line() == b"+OK %d octets" % len(message)
        assert talk.body() == message


@pytest.mark.slow
def test_after_the_cap_there_is_no_final_line(screened):
    settings = ["set delivery keep-alive 5", "set delivery keep-alive-cap 30"]
    box, _ = screened(MAILDROP, settings)
    with Talk(box.port, WAIT_SECONDS) as talk, Talk(box.port) as other:
        talk.log_in()
        other.log_in()
        box.freeze_screen()
        talk.send(b"RETR 1\r\n")
        assert talk.line() == b"+OK message follows"
        assert talk.body() is None
        lines = talk.data.split(b"\r\n")
        assert lines == [b"X-Restante-Wait: %d" % n for n in range(1, len(lines))] + [b""]
        box.thaw_screen()
        assert other.fetch(b"RETR 1")[1] == mails.wire(MAILDROP[0])


def test_a_worker_that_is_killed_twice_holds_the_message(screened):
    box, _ = screened([mails.big(40000000), *MAILDROP], ["set spool maximum 200"])
    box.tested()
    with Talk(box.port, WAIT_SECONDS) as talk, Talk(box.port) as other:
        talk.log_in()
        other.log_in()
        talk.send(b"RETR 1\r\n")
        killed = set()

        def kill_workers():
            for child in set(children(box.screen.pid)) - killed:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                    killed.add(child)
            return len(killed) >= 2

        box.until(kill_workers, "two workers on one message")
        assert talk.line() == b"+OK message follows"
        assert b"the screening process ended twice on it" in talk.body()
        assert other.fetch(b"RETR 2")[1] == mails.wire(MAILDROP[0])
    assert (box.data / "quarantine" / "1.eml").stat().st_size > 40000000


def test_a_gate_that_is_killed_begins_anew(screened):
    box, _ = screened([mails.big(20000000), *MAILDROP])
    box.tested()  # it has files in the spool, too
    with Talk(box.port) as talk:
        talk.log_in().send(b"RETR 1\r\n")
        box.until(lambda: any((box.data / "spool").iterdir()), "a message in the spool")
        box.gate.signal(signal.SIGKILL)
        box.gate.stop()
        assert talk.ended()
    box.start_gate()
    box.tested()
    assert list((box.data / "spool").iterdir()) == []
    with Talk(box.port) as talk:
        assert talk.log_in().fetch(b"RETR 2")[1] == mails.wire(MAILDROP[0])
