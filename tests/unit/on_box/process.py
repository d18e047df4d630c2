"""_sys: rights, limits, signals, secrets.  Runs on MicroPython only.

What ends the process (filters, dropped rights) is tried by test_on_box.py, each in one of its own.
"""

import errno
import os
import select

import _sys
from files import new, raises, raises_value_error

TMP = os.getenv("RESTANTE_TMP") + "/"


def test_equal():
    assert _sys.equal(b"secret", b"secret")
    assert _sys.equal("secret", bytearray(b"secret"))
    assert _sys.equal(b"", b"")
    assert not _sys.equal(b"secret", b"secres")
    assert not _sys.equal(b"tecret", b"secret")
    assert not _sys.equal(b"secret", b"secre")
    assert not _sys.equal(b"", b"s")


def test_uptime():
    with open("/proc/uptime") as f:
        seconds = int(f.read().split(".")[0])
    assert seconds <= _sys.uptime() <= seconds + 60


def test_limits():
    raises_value_error(_sys.rlimit, "stack", 1)
    raises_value_error(_sys.rlimit, "core", -1)
    _sys.rlimit("core", 0)
    _sys.rlimit("nofile", 64)
    fds = []
    try:
        while True:
            fds.append(new("many"))
    except OSError as error:
        assert error.errno == errno.EMFILE
    assert 32 < len(fds) < 64
    for fd in fds:
        _sys.close(fd)


def test_privileges():
    _sys.no_new_privs()
    _sys.dumpable(False)
    _sys.dumpable(True)
    with open("/proc/self/status") as file:
        assert "NoNewPrivs:\t1\n" in file.read()


def test_seccomp_knows_its_profiles():
    raises_value_error(_sys.seccomp, "worker")
    raises_value_error(_sys.seccomp, "")


def test_signals_are_octets_of_a_descriptor():
    fd = _sys.signals()
    assert fd == _sys.signals()
    # The files of /proc name us; there is no kill() in MicroPython: the runner sends SIGHUP when
    # it sees this file, and later SIGTERM.
    buf = bytearray(8)
    assert _sys.read(fd, buf, 0, 8) is None
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    for name, number in (("hup", 1), ("term", 15)):
        _sys.close(new("ready-for-" + name))
        assert poller.poll(20000), "no " + name
        assert _sys.read(fd, buf, 0, 8) == 1
        assert buf[0] == number


def test_dropping_to_another_user_needs_root():
    uid = _sys.stat("/proc/self")[1]
    if uid != 0:
        raises(errno.EPERM, _sys.drop, uid + 1, uid + 1)
