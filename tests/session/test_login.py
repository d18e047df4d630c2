"""The login at the console: the real console program on a tty, the real control room, door, hashes
and users' file (faults 90, 91, 92).  The door's clock is the test's."""

import os
import re
import termios
import time
from pathlib import Path

import pytest
from console_stand import Stand
from restante.control import users
from restante.control.door import DENIED, WRONG
from restante_tools.lab.controlsocket import PASSWORD, USER, ControlSocket
from serial_console import HERE, SECONDS, Console
from test_console import HARMLESS

SECRET = b"planted-S3CRET-of-the-console"
AS_NAME = b"planted-as-the-name"  # who types the password where the name is asked for
IMPATIENT = [str(HERE / "impatient_console.py")]  # asks for the state of its login at once


class Place(Stand):
    """The stand, what its door's clock shows, and what it recorded."""

    def __init__(self):
        super().__init__()
        self.data = self.folder / "data"
        self._ahead = 0
        self.control = None

    def start(self, *options):
        super().start(*options)
        self.control = ControlSocket(self.run / "control.sock")

    def pass_time(self, seconds):
        self._ahead += seconds
        new = self.data / "clock.new"
        new.write_text(str(self._ahead))
        new.replace(self.data / "clock")

    def log(self):
        """By a login of its own, so that the console's is not touched."""
        return self.control.ask("show log")[1:]

    def records(self, event):
        return [row for row in self.log() if f" {event} " in row]

    def until(self, condition):
        end = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.01)


@pytest.fixture
def place():
    made = Place()
    made.start()
    yield made
    made.remove()


@pytest.fixture
def consoles(place):
    """consoles() -> a Console at its login prompt."""
    opened = []

    def start(program=("-m", "restante.programs.console")):
        console = Console(place.run, program)
        opened.append(console)
        console.until(re.escape(console.login))
        return console

    yield start
    for console in opened:
        console.close()


def typed(console, name, password):
    """What is shown after both, up to the next prompt of either kind."""
    console.type(name + b"\r")
    shown = console.until(rb"password: ")
    console.type(password + b"\r")
    return shown + console.until(re.escape(console.prompt[:-2]) + rb"(> | login: )")


# -- the first login


def test_the_first_login_sets_the_password_with_echo_off(place, consoles):
    console = Console(place.run)
    banner = console.until(re.escape(console.login))
    assert b"no password is set yet: log in as admin and set one" in banner
    assert b"ALARM" not in banner
    console.type(b"root\r")
    console.until(rb"-ERR the first user is admin\r\n")
    for one, two, why in (
        (b"short", b"short", b"a password has at least 10 characters"),
        (SECRET, SECRET + b"x", b"the second one differs from the first"),
    ):
        console.type(b"admin\r")
        console.until(rb"new password: ")
        console.type(one + b"\r")
        console.until(rb"once more: ")
        console.type(two + b"\r")
        assert why in console.until(rb"-ERR [^\n]*\n")
    console.until(re.escape(console.login))
    assert not (place.data / users.FILE).read_bytes().count(b"argon2id")
    shown = console.log_in("admin", SECRET.decode())
    assert SECRET not in shown and b"+OK admin\r\n" in shown and set(shown) <= HARMLESS
    assert console.ask(b"show console users") == [b"+OK 1 users", b"admin"]
    console.close()
    # From now on it is asked for, by every console and after every restart.
    place.kill()
    place.start()
    console = consoles()
    assert b"-ERR wrong user name or password" in typed(console, b"admin", PASSWORD.encode())
    assert b"+OK admin" in typed(console, b"admin", SECRET)


def test_without_a_login_no_command_is_run(place, consoles):
    console = consoles()
    console.log_in()
    console.type(b"logout\r")
    console.until(rb"\+OK logged out\r\n")
    for command in (b"reboot", b"show log", b"?", b"show\t", b"*state", b"factory-reset yes"):
        console.until(re.escape(console.login))
        console.type(command + b"\r")
        console.until(rb"password: ")
        console.type(b"\r")
        console.until(rb"-ERR ")
        place.pass_time(60)
    assert not list((place.run / "gate").iterdir())


# -- fault 90: a wrong password, ten times


def test_ten_wrong_ones_at_two_consoles(place, consoles):
    place.log()  # the laboratory's own login sets the password
    console = consoles()
    for n in range(10):
        if n == 5:  # a new console program: nothing begins anew
            console.process.kill()
            console.process.wait()
            console.start_again(place.run)
            console.until(re.escape(console.login))
        shown = typed(console, b"admin", b"wrong-%d-" % n + SECRET)
        assert b"-ERR wrong user name or password\r\n" in shown
        wait = 0 if n < 2 else min(60, 1 << (n - 2))
        assert (b"wait %d s\r\n" % wait in shown) == bool(wait), (n, shown)
        if wait > 1:
            refused = typed(console, b"admin", PASSWORD.encode())
            assert re.search(rb"-ERR wait (%d|%d) s\r\n" % (wait, wait - 1), refused)
        place.pass_time(wait)
    assert b"10 wrong passwords before this one" in typed(console, b"admin", PASSWORD.encode())
    refused = place.records("console.refused")
    assert len(refused) == 10 and all("user=admin" in row for row in refused)
    assert "in_a_row=10 " in refused[9]
    assert any("login: 10 wrong passwords" in row for row in place.control.ask("show alarms"))


def test_a_session_goes_on_while_others_try(place, consoles):
    console = consoles()
    console.log_in()
    for _ in range(3):
        assert place.control.raw("*login admin " + "x" * 20)[0] == "-ERR " + WRONG
    assert place.control.raw("*login admin " + PASSWORD)[0].startswith("-ERR wait ")
    assert console.ask(b"ping") == [b"+OK "]


# -- fault 91, and other ends


def test_a_line_that_is_gone_ends_the_login(place, consoles):
    console = consoles()
    console.log_in()
    os.close(console.master)
    console.master = None
    assert console.process.wait(SECONDS) == 0
    place.until(lambda: place.records("console.logout"))
    assert "user=admin" in place.records("console.logout")[0]
    assert b" login: " in consoles().login


def test_a_cable_that_is_pulled_ends_the_login(place):
    """Where the line tells: a pty has no carrier, so the console program here looks at a pipe."""
    fifo = place.folder / "cable"
    os.mkfifo(fifo, 0o644)
    pulling = os.open(fifo, os.O_RDWR)
    console = Console(place.run, [str(HERE / "cabled_console.py"), str(fifo)])
    try:
        console.ready()
        assert console.ask(b"ping") == [b"+OK "]
        os.write(pulling, b"x")
        assert console.process.wait(SECONDS) == 0
        place.until(lambda: place.records("console.logout"))
        console.seen = b""
        console.start_again(place.run)
        console.until(re.escape(console.login))
    finally:
        console.close()
        os.close(pulling)


def test_auto_logout(place, consoles):
    console = consoles(IMPATIENT)
    console.log_in()
    console.editing()
    assert console.ask(b"configure")[0].startswith(b"+OK")
    assert console.ask(b"set log level debug") == [b"+OK "]
    place.pass_time(598)
    console.type(b"half a li")
    console.until(rb"half a li")
    console.type(b"\x15")
    assert console.ask(b"ping") == [b"+OK "]
    console.type(b"half a li")
    console.until(rb"half a li")
    place.pass_time(600)
    console.until(rb"\r\nlogged out: no command for too long\r\n")
    console.until(re.escape(console.login))
    assert "why=auto-logout" in place.records("console.logout")[0]
    # What was not committed is still the candidate, of the same user at the same line.
    console.log_in()
    assert console.ask(b"compare")[0] == b"+OK 1 lines differ"


@pytest.mark.parametrize("how", [b"exit", b"logout"])
def test_exit_and_logout(place, consoles, how):
    console = consoles()
    console.log_in()
    console.type(how + b"\rshow status\r")
    console.until(rb"\+OK logged out\r\n")
    # What was pasted behind it is forgotten: it is not for the login prompt.
    shown = console.until(re.escape(console.login))
    assert b"password" not in shown
    place.until(lambda: place.records("console.logout"))


def test_exit_leaves_the_candidate_first(place, consoles):
    console = consoles()
    console.log_in()
    console.editing()
    console.ask(b"configure")
    console.editing(False)
    assert console.ask(b"exit") == [b"+OK "]
    console.type(b"exit\r")
    console.until(rb"\+OK logged out")


def test_a_login_of_a_console_that_was_killed_helps_nobody_else(place, consoles):
    console = consoles()
    console.log_in()
    console.process.kill()
    console.process.wait()
    console.start_again(place.run)
    console.until(re.escape(console.login))
    console.type(b"show log\r")
    console.until(rb"password: ")


# -- users


def test_users_at_the_console(place, consoles):
    console = consoles()
    console.log_in()
    console.type(b"console user add bob\r")
    shown = console.until(rb"new password: ")
    console.type(SECRET + b"\r")
    shown += console.until(rb"once more: ")
    console.type(SECRET + b"\r")
    shown += console.ready()
    assert b"+OK the password of bob is set and durable" in shown and SECRET not in shown
    console.type(b"console user add eve\r")
    console.until(rb"new password: ")
    console.type(b"\x03")
    console.ready()
    assert console.ask(b"show console users") == [b"+OK 2 users", b"admin", b"bob"]
    second = consoles()
    assert b"+OK bob" in typed(second, b"bob", SECRET)
    assert console.ask(b"console user delete bob") == [b"+OK bob cannot log in any more"]
    second.type(b"show status\r")
    second.until(rb"-ERR not run: the login has ended\r\n")
    assert console.ask(b"console user delete admin")[0].startswith(b"-ERR the last user")
    assert any("who=admin" in row for row in place.records("console.user.delete"))


def test_no_secret_is_anywhere(place, consoles):
    """Fault 92: not shown, not recorded, not on the disk, not in what other commands show."""
    console = consoles()
    shown = console.log_in("admin", SECRET.decode())
    typed(consoles(), AS_NAME, SECRET)
    console.type(b"*login admin " + SECRET[:4] + b"\r")
    console.until(rb"-ERR no command begins with that")
    console.ready()
    place.control.log_in = None
    for command in (
        b"show log",
        b"show status",
        b"show configuration",
        b"show configuration json",
        b"show console users",
        b"show alarms",
    ):
        shown += b"\n".join(console.ask(command))
    kept = (place.data / users.FILE).read_bytes()
    name, kind, salt, hashed = kept.split(b"\n")[1].split(b" ")
    assert (name, kind) == (b"admin", users.KIND.encode())
    for secret in (SECRET, salt, hashed):
        assert secret not in shown
    assert AS_NAME not in shown
    for path in place.folder.rglob("*"):
        if path.is_file():
            assert SECRET not in path.read_bytes() and AS_NAME not in path.read_bytes(), path
    # The console itself does not keep what was typed with echo off.
    text = Path(f"/proc/{console.process.pid}/cmdline").read_bytes()
    assert SECRET not in text


# -- a lost password, users that cannot be read


def test_who_lost_the_password_forgets_everything_or_nothing(place, consoles):
    place.log()
    console = consoles()
    console.type(b"factory-reset\r")
    shown = console.until(rb"type factory-reset once more, or anything else: ")
    assert b"all stored and held mail will be lost for good" in shown
    console.type(b"yes\r")
    console.until(rb"-ERR nothing was done")
    assert not (place.run / "gate" / "factory-reset").exists()
    console.type(b"factory-reset\r")
    console.until(rb"anything else: ")
    console.type(b"factory-reset\r")
    console.until(rb"\+OK the box forgets everything")
    assert (place.run / "gate" / "factory-reset").exists()


def test_users_that_cannot_be_read_let_nobody_in_but_for_repair(place):
    place.log()
    place.kill()
    path = place.data / users.FILE
    path.write_bytes(path.read_bytes()[:-1])
    place.start()
    console = Console(place.run)
    try:
        shown = console.until(re.escape(console.login))
        assert b"nobody can log in: console-users is damaged" in shown
        shown = typed(console, USER.encode(), PASSWORD.encode())
        assert b"-ERR who may log in is not known" in shown
        console.type(b"repair\r")
        console.until(re.escape(console.prompt))
        assert console.ask(b"show status")[0] == b"+OK status"
        for command in (b"show configuration", b"configure", b"quarantine list", b"show sessions"):
            assert console.ask(command)[0].startswith(b"-ERR not before the users"), command
        assert console.ask(b"reboot yes")[0].startswith(b"+OK")
    finally:
        console.close()


# -- machine mode


def test_a_program_logs_in_too(place, consoles):
    place.log()
    console = consoles()
    console.type(b"terminal json\r")
    assert b'"login none"' in console.until(rb'"crc":[^\n]*\n')
    for line, wanted in (
        (b"#1 show log", DENIED.encode()),
        (b"#2 *login admin wrong password", WRONG.encode()),
        (b"#3 *login admin " + PASSWORD.encode(), b'"ok":true,"edit":false,"text":"admin"'),
        (b"#4 show console users", b'"admin"'),
        (b"#5 console user add bob", b"a password is typed by hand"),
        (b"#6 logout", b"logged out"),
        (b"#7 show log", DENIED.encode()),
    ):
        console.type(line + b"\r")
        shown = console.until(rb'"crc":[^\n]*\n')
        assert wanted in shown and PASSWORD.encode() not in shown, line
    console.type(b"terminal text\r")
    console.until(re.escape(console.login))


def test_echo_stays_off_while_a_password_is_typed(place, consoles):
    console = consoles()
    console.type(b"admin\r")
    console.until(rb"new password: ")
    console.type(b"abc\x15" + SECRET + b"\x7f?\t")
    time.sleep(0.3)  # what would be echoed is
    console.type(b"\x03")
    assert console.until(re.escape(console.login)).startswith(b"^C\r\n")
    assert not termios.tcgetattr(console.master)[3] & termios.ECHO
