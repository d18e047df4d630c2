"""`terminal json`: a program on the line, the real console on a tty; the stand is the gate."""

import json
import os
import re
import socket
import threading
import zlib

import pytest
from restante.control.door import DENIED
from restante_tools.lab.controlsocket import PASSWORD, USER
from serial_console import HERE, Console

LARGE_LINES = 32  # of 4,000 octets: gate.ANSWER_OCTETS is 131072
ENTERED = rb'"text":"terminal json"[^\n]*\n'


@pytest.fixture
def console(console):
    console.ready()
    return console


def enter(console, how=b"terminal json"):
    console.type(how + b"\r")
    return answer_of(console.until(ENTERED).split(b"\n")[-2])


def answer_of(line):
    """The answer in a line; the line has nothing else and its CRC is right."""
    body, _, rest = line.rstrip(b"\r").rpartition(b',"crc":"')
    assert rest == b'%08x"}' % zlib.crc32(body), line
    assert all(32 <= octet < 127 for octet in body)
    return json.loads(body + b"}")


def answers(console, count):
    """So many lines, each of which is an answer."""
    return [answer_of(console.until(rb"\n").strip()) for _ in range(count)]


def said(console, line):
    console.type(line + b"\r")
    return answers(console, 1)[0]


def with_crc(tag, command):
    return b"#%s:%08x %s" % (tag, zlib.crc32(tag + b" " + command), command)


def log_in(console):
    """As a program does where the login has ended, as it does with the gate."""
    assert said(console, b"#gone ping")["text"] == DENIED
    assert said(console, b"#in *login %s %s" % (USER.encode(), PASSWORD.encode()))["ok"]


def prompt_is_back(console):
    console.ready()
    assert console.ask(b"ping") == [b"+OK "]


def test_one_answer_a_line_with_its_tag_and_nothing_else(console):
    entered = enter(console)
    assert entered["ok"] and re.match(r"session console-[0-9a-f]{8}$", entered["lines"][0])
    assert said(console, b"#a-1 ping") == {
        "tag": "a-1",
        "ok": True,
        "edit": False,
        "text": "",
        "lines": [],
    }
    status = said(console, b"show status")
    assert status["tag"] == "" and any(line.startswith("memory ") for line in status["lines"])
    assert not said(console, b"#2 sho status")["ok"]
    # No help, no completion, no editing.
    assert "no command 'sh ?'" in said(console, b"#3 sh\t?")["text"]
    assert said(console, b"#4 pinx\x08g")["text"] == "not run: octet 0x08 in the line"
    assert said(console, b"")["text"] == "not run: it is empty"
    assert said(console, b"#5 configure")["edit"] and said(console, b"#6 ping")["ok"]
    assert said(console, b"terminal text")["text"] == "terminal text"
    console.editing()
    prompt_is_back(console)


def test_hostile_text_is_json_of_printable_ascii(console):
    enter(console)
    for command in (b"show sessions", b"show log", b"quarantine show 7", b"show accounts"):
        answer = said(console, b"#t " + command)
        assert answer["ok"] and answer["lines"] and answer["tag"] == "t"
        assert "planted-S3CRET" not in str(answer)


def test_the_same_tag_is_answered_again_and_not_run_twice(console):
    enter(console)
    release = b"#r quarantine release 7"
    first = said(console, release)
    assert first["ok"]
    assert said(console, release) == first
    console.type(b"\x03")
    console.until(re.escape(console.prompt))
    enter(console)
    assert said(console, release) == first
    assert sum("stand.release" in line for line in said(console, b"show log")["lines"]) == 1
    assert said(console, release)["ok"]  # another command was between: run again
    assert sum("stand.release" in line for line in said(console, b"show log")["lines"]) == 2


def test_what_is_damaged_is_not_run(console, stand):
    enter(console, b"terminal json checked")
    whole = with_crc(b"t1", b"reboot yes")
    for at in range(len(whole)):
        flipped = whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :]
        for line in (
            flipped,
            whole[:at] + whole[at + 1 :],
            whole[:at] + whole[at : at + 1] + whole[at:],
        ):
            answer = said(console, line)
            assert not answer["ok"] and answer["tag"] == "", (line, answer)
            assert answer["text"].startswith("not run: ")
    assert not (stand.run / "gate" / "reboot").exists()
    assert said(console, b"reboot yes")["text"] == "not run: it has no tag"
    assert said(console, b"#t reboot yes")["text"] == "not run: it is damaged"
    assert not (stand.run / "gate" / "reboot").exists()
    assert said(console, whole)["ok"]
    assert (stand.run / "gate" / "reboot").exists()


@pytest.mark.parametrize("octet", [b"\x03", b"\x00"])
def test_ctrl_c_and_break_end_it(console, octet):
    enter(console)
    console.type(b"#t half a li" + octet)
    prompt_is_back(console)


def test_ctrl_c_gives_up_a_command_and_its_tag_says_so(console, stand):
    enter(console)
    console.type(b"#t self-test\r")
    stand.heard("self-test")
    console.type(b"ping\rping\r\x03")
    prompt_is_back(console)
    enter(console)
    answer = said(console, b"#t self-test")
    assert not answer["ok"] and answer["text"].startswith("given up")


def test_a_gate_that_is_away(console, stand):
    enter(console)
    stand.kill()
    assert "the gate is not answering" in said(console, b"#t ping")["text"]
    stand.start()
    log_in(console)
    assert said(console, b"#u ping")["ok"]


def test_noise_long_lines_and_every_octet_leave_a_working_console(console, stand):
    enter(console)
    noise = bytes(octet for octet in range(256) if octet not in (0, 3, 10, 13))
    assert said(console, noise)["text"].startswith("not run: octet 0x01")
    answer = said(console, b"reboot yes" + b" " * 65536)
    assert answer["text"] == "not run: the line is over 4235 octets"
    console.type(os.urandom(20000) + bytes(range(256)) * 4 + b"\x03")
    console.type(b"\x03\r")
    console.until(re.escape(console.prompt))
    console.type(b"\x15ping\r")
    console.until(rb"ping\r\n\+OK ")
    assert not (stand.run / "gate" / "reboot").exists()


def test_a_thousand_pasted_lines(console):
    enter(console)
    console.type(b"".join(b"#t%d quarantine show x%d\n" % (n, n) for n in range(1000)))
    got = answers(console, 1000)
    assert [a["tag"] for a in got] == [f"t{n}" for n in range(1000)]
    assert all(a["text"] == f"no held message 'x{n}'" for n, a in enumerate(got))


def test_lines_over_the_bound_are_forgotten_to_their_end(console, stand):
    enter(console)
    console.type(b"#t self-test\r")
    stand.heard("self-test")
    console.type(b"reboot yes\r" * 20000)
    stand.kill()
    stand.start()
    first, second = answers(console, 2)
    assert "it broke off" in first["text"] and first["tag"] == "t"
    assert "all of it is forgotten" in second["text"]
    log_in(console)
    assert said(console, b"#u ping")["ok"]
    assert not (stand.run / "gate" / "reboot").exists()


def test_a_killed_console_is_back_with_a_prompt(console, stand):
    enter(console)
    console.process.kill()
    console.process.wait()
    console.start_again(stand.run)
    prompt_is_back(console)


@pytest.fixture
def large(stand):
    """A gate whose answers are as large as the console takes, of what JSON escapes."""
    stand.kill()
    path = stand.run / "control.sock"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        path.chmod(0o666)
        server.listen()
        threading.Thread(target=answer_large, args=(server,), daemon=True).start()
        yield stand
        server.shutdown(socket.SHUT_RDWR)


def answer_large(server):
    try:
        while True:
            peer, _ = server.accept()
            with peer:
                peer.recv(8192)
                peer.sendall(b"+OK large\r\n" + (b'\\"' * 2000 + b"\r\n") * LARGE_LINES + b".\r\n")
    except OSError:
        pass  # the test is over


def test_the_largest_answers_in_the_heap_of_the_box(large):
    console = Console(large.run)
    try:
        console.ready()
        enter(console)
        for n in range(8):
            answer = said(console, b"#%d show log" % n)
            assert answer["ok"] and answer["text"] == "large", answer
            assert answer["lines"] == ['\\"' * 2000] * LARGE_LINES
    finally:
        console.close()


def test_a_program_that_says_nothing_for_long_is_gone(stand):
    console = Console(stand.run, [str(HERE / "impatient_console.py")])
    try:
        console.ready()
        enter(console)
        assert said(console, b"#t ping")["ok"]
        console.type(b"#t half a li")
        prompt_is_back(console)
    finally:
        console.close()
