"""The gate's side of screening against the real screen process, and against hostile ones."""

import email
import email.policy
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from email.message import EmailMessage
from pathlib import Path

import pytest
from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline

TOP = Path(__file__).resolve().parents[2]
SECONDS = 60
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
ENVIRONMENT = {**os.environ, "MICROPYPATH": f"{TOP / 'firmware'}:.frozen"}


def program(*words):
    return [os.environ["RESTANTE_NATIVE"], "-X", "heapsize=8m", *map(str, words)]


class Screen:
    """The real screen program in a folder of its own."""

    def __init__(self, folder, signatures):
        self.folder, self.signatures = folder, signatures
        self.socket = folder / "screen.sock"
        self.start()

    def start(self):
        self.socket.unlink(missing_ok=True)
        command = ["-m", "restante.programs.screen", "--run", self.folder]
        self.child = Child(
            "screen",
            program(*command, "--signatures", self.signatures),
            self.folder / "screen.log",
            environment=ENVIRONMENT,
        )

        def listening():
            self.child.check()
            return self.socket.exists()

        Deadline(SECONDS, "the machine is very busy", "read the log").wait(listening, "screen")

    def stop(self):
        self.child.signal(signal.SIGCONT)
        self.child.stop()


@pytest.fixture
def screen(tmp_path, signatures):
    tmp_path.chmod(0o755)
    running = Screen(tmp_path, signatures)
    yield running
    running.stop()


def ask(command, at, *words, deadline=60):
    folder = at.parent
    done = subprocess.run(
        program(TOP / "tests/session/screening_on_box.py", command, at, folder, deadline, *words),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def wire_form(message):
    data = message if isinstance(message, bytes) else message.as_bytes(policy=email.policy.SMTP)
    return data.replace(b"\r\n.", b"\r\n..")


def saved(folder, name, message):
    (folder / name).write_bytes(wire_form(message))
    return folder / name


def mail(*attachments, text="Hello.\n"):
    message = EmailMessage()
    message["From"] = "Anna <anna@example.org>"
    message["Subject"] = "Rechnung für März"
    message.set_content(text)
    for name, content in attachments:
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=name
        )
    return message


# -- self-test


def test_self_test_with_the_factory_set(screen):
    lines = ask("selftest", screen.socket)
    assert len(lines) == 16 and all(line.startswith("ok ") for line in lines), lines
    (line,) = ask("status", screen.socket)
    assert line.split()[0] == "factory" and line.split()[4:] == ["16", "0"]


def test_self_test_fails_with_signatures_that_find_nothing(tmp_path, signatures):
    """FAULTS 78: a valid bundle that matches nothing."""
    source = tmp_path / "other.hdb"
    source.write_text("%032x:1000:Nothing\n" % 1)
    other = tmp_path / "other.sig"
    command = [sys.executable, "-m", "restante_tools", "signatures", "compile", str(source)]
    subprocess.run(
        [*command, "-o", str(other), "--name", "nothing", "--built", "1700000000"],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(TOP / "host-tools")},
    )
    running = Screen(tmp_path, other)
    lines = ask("selftest", running.socket)
    running.stop()
    assert [line.split()[0] for line in lines] == ["FAIL"] * 8 + ["ok"] * 8


def test_self_test_without_a_screen_process(tmp_path):
    lines = ask("selftest", tmp_path / "nobody.sock", deadline=1)
    (line,) = lines
    assert line.startswith("FAIL") and "cannot be reached" in line


# -- what a client is sent


def test_an_infected_part_is_replaced_and_the_others_stay(screen, tmp_path):
    message = mail(("good.bin", b"\x00good\xff" * 100), ("x.com", EICAR), ("b.txt", b"..\n.\nx"))
    path = saved(tmp_path, "in", message)
    (line,) = ask("sent", screen.socket, path, tmp_path / "out")
    assert line == "infected clean x.com Eicar-Test"
    got = (tmp_path / "out").read_bytes()
    parsed = email.message_from_bytes(
        got.replace(b"\r\n..", b"\r\n."), policy=email.policy.default
    )
    text, good, notice, last = parsed.iter_parts()
    assert text.get_content().rstrip() == "Hello."
    assert good.get_content() == b"\x00good\xff" * 100
    assert last.get_content() == b"..\n.\nx"
    assert "Eicar-Test" in notice.get_content() and "entry 17" in notice.get_content()
    before, after = path.read_bytes(), got
    start = before.index(b"good.bin")
    assert after[:start] == before[:start] and after.endswith(before[-200:])


def test_a_single_part_is_replaced_whole_and_keeps_its_subject(screen, tmp_path):
    message = EmailMessage()
    message["From"] = "Anna <anna@example.org>"
    message["Subject"] = "Rechnung für März"
    message.set_content(EICAR, maintype="application", subtype="x-dosexec", filename="x.com")
    path = saved(tmp_path, "in", message)
    (line,) = ask("sent", screen.socket, path, tmp_path / "out")
    assert line.startswith("infected clean x.com")
    parsed = email.message_from_bytes((tmp_path / "out").read_bytes(), policy=email.policy.default)
    assert parsed["Subject"] == "Rechnung für März" and parsed["From"] == message["From"]
    assert parsed["X-Restante-Verdict"].startswith("infected")
    assert "This message is held" in parsed.get_content()


def test_uuencoded_lines_are_replaced_by_lines(screen, tmp_path):
    import binascii

    lines = ["begin 644 x.com"]
    for i in range(0, len(EICAR), 45):
        lines.append(binascii.b2a_uu(EICAR[i : i + 45], backtick=True).decode().strip())
    text = "before\n" + "\n".join([*lines, "`", "end"]) + "\nafter\n"
    path = saved(tmp_path, "in", mail(text=text))
    (line,) = ask("sent", screen.socket, path, tmp_path / "out")
    assert line.startswith("infected clean ") and "x.com" in line
    got = (tmp_path / "out").read_bytes()
    body = got.split(b"\r\n\r\n", 1)[1]
    assert body.startswith(b"before\r\nA part of this message was removed")
    assert body.endswith(b"after\r\n") and b"begin" not in body


def test_a_clean_message_is_sent_as_it_is(screen, tmp_path):
    path = saved(tmp_path, "in", mail(("a.bin", os.urandom(50000))))
    assert ask("sent", screen.socket, path, tmp_path / "out") == ["clean pass  "]
    assert (tmp_path / "out").read_bytes() == path.read_bytes()


def test_twenty_at_once(screen, tmp_path):
    good = saved(tmp_path, "good", mail(("a.bin", os.urandom(75000))))
    bad = saved(tmp_path, "bad", mail(("x.com", EICAR)))
    lines = ask("judge", screen.socket, *[good, bad] * 10)
    assert lines == ["clean", "infected"] * 10


# -- a screen process in trouble


class Session:
    """The on-box program, one message at a time."""

    def __init__(self, at, deadline, *paths):
        self.process = subprocess.Popen(
            program(
                TOP / "tests/session/screening_on_box.py",
                *("session", at, at.parent, deadline, *paths),
            ),
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.line() == "ready"

    def begin(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def line(self):
        line = self.process.stdout.readline().strip()
        assert line, "it ended"
        return line

    def judge(self):
        self.begin()
        return self.line()

    def end(self):
        with self.process:
            return self.line()


def test_killed_between_two_messages(screen, tmp_path):
    path = saved(tmp_path, "good", mail())
    session = Session(screen.socket, 60, path, path)
    assert session.judge() == "clean"
    screen.child.signal(signal.SIGKILL)
    screen.child.stop()
    session.begin()  # it waits for init to start the process again
    screen.start()
    assert session.line() == "clean"
    assert session.end().startswith("deaths 0")


def test_stopped_for_good_is_a_verdict_and_the_next_is_screened(screen, tmp_path):
    path = saved(tmp_path, "good", mail())
    session = Session(screen.socket, 1, path, path)
    screen.child.signal(signal.SIGSTOP)
    assert session.judge() == "killed"
    screen.child.signal(signal.SIGCONT)
    assert session.judge() == "clean"
    assert session.end().startswith("deaths 2")


class Hostile:
    """A screen process that answers each connection with the next of `answers`."""

    def __init__(self, path, answers):
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.bind(str(path))
        self.server.listen(10)
        self.seen = []
        self.thread = threading.Thread(target=self._serve, args=(answers,))
        self.thread.start()

    def _serve(self, answers):
        for answer in answers:
            peer, _ = self.server.accept()
            with peer:
                data, fds, _, _ = socket.recv_fds(peer, 1000, 4)
                self.seen.append((len(data), [os.fstat(fd).st_size for fd in fds]))
                for fd in fds:
                    os.close(fd)
                reply = answer(data[48:56])
                if reply:
                    peer.send(reply)

    def stop(self):
        self.thread.join(SECONDS)
        self.server.close()
        assert not self.thread.is_alive()


def honest(tag, found=0):
    head = struct.pack("<4s8sBBHIIQQ", b"RSV1", tag, 0, 0, 0, found, 1, 0, 9)
    return head + b"\0\0\0\x01f"


HOSTILE = {
    "silent": lambda tag: b"",
    "empty": lambda tag: b"\0",
    "cut": lambda tag: honest(tag)[:-1],
    "longer": lambda tag: honest(tag) + b"\0",
    "huge": lambda tag: honest(tag) + bytes(100000),
    "other tag": lambda tag: honest(bytes(8)),
    "clean with findings": lambda tag: honest(tag, found=1),
    "random": lambda tag: os.urandom(500),
}


@pytest.mark.parametrize("lie", HOSTILE)
def test_a_lie_is_no_verdict(tmp_path, lie):
    path = saved(tmp_path, "good", mail())
    at = tmp_path / "screen.sock"
    hostile = Hostile(at, [HOSTILE[lie], honest, HOSTILE[lie], HOSTILE[lie], honest])
    session = Session(at, 5, path, path, path)
    assert [session.judge() for _ in range(3)] == ["clean", "killed", "clean"]
    assert session.end().startswith("deaths 3")
    hostile.stop()
    assert hostile.seen == [(68, [path.stat().st_size])] * 5
