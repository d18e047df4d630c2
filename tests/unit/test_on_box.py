"""The bindings and the loop, which only MicroPython has: runs the files of on_box/ there.

And what ends a process, each in one of its own: filters of system calls, dropped rights.
"""

import ast
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FIRMWARE = HERE.parents[1] / "firmware"
SECONDS = 60  # the slowest file takes two


def start(words, folder):
    return subprocess.Popen(
        [os.environ["RESTANTE_NATIVE"], *words],
        env={"MICROPYPATH": f"{FIRMWARE}:{HERE}/on_box:.frozen", "RESTANTE_TMP": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process):
    try:
        output, _ = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    return process.returncode, output


def run(code, folder):
    return finish(start(["-c", code], folder))


def send_when_ready(process, path, number):
    end = time.monotonic() + SECONDS
    while not path.exists() and process.poll() is None:
        assert time.monotonic() < end
        os.sched_yield()
    process.send_signal(number)


@pytest.mark.parametrize(
    "name", ["blocks", "files", "sockets", "tls", "worker", "waiting", "relay", "lookup"]
)
def test_on_box(name, tmp_path):
    process = start(
        [str(HERE / "on_micropython.py"), str(HERE / "on_box" / (name + ".py"))], tmp_path
    )
    code, output = finish(process)
    assert code == 0, output


def test_on_box_process(tmp_path):
    words = [str(HERE / "on_micropython.py"), str(HERE / "on_box" / "process.py")]
    process = start(words, tmp_path)
    send_when_ready(process, tmp_path / "ready-for-hup", signal.SIGHUP)
    send_when_ready(process, tmp_path / "ready-for-term", signal.SIGTERM)
    code, output = finish(process)
    assert code == 0, output


STUCK_CONSOLE = """
from restante import log
from restante.log.outlet import Outlet
log.start(log.INFO, lambda: 0, Outlet())
for _ in range(10000):
    log.record(log.WARNING, "test.line", text="x" * 200)
open(RESULT, "w").write(str(log.counters.get("log_lost")))
"""


def test_a_console_that_nobody_reads_stops_nothing(tmp_path):
    result = tmp_path / "lost"
    process = start(["-c", STUCK_CONSOLE.replace("RESULT", repr(str(result)))], tmp_path)
    try:
        assert process.wait(SECONDS) == 0  # 2 MB of lines, and a pipe holds 64 KiB
    finally:
        process.kill()
        process.stdout.close()
    assert 5000 < int(result.read_text()) < 10000


DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def typed_names(body):
    names = {node.name for node in body if isinstance(node, DEFINITION)}
    return names | {node.target.id for node in body if isinstance(node, ast.AnnAssign)}


@pytest.mark.parametrize("module", ["_crypto", "_screen", "_sys", "_tls", "_wire"])
def test_types_name_what_the_module_has(module, tmp_path):
    typed = ast.parse((FIRMWARE / "native" / "bindings" / (module + ".pyi")).read_text())
    code, output = run(f"import {module}\nprint(*dir({module}))", tmp_path)
    assert code == 0, output
    assert typed_names(typed.body) == {n for n in output.split() if not n.startswith("__")}


@pytest.mark.parametrize("module", ["__init__", "core"])
def test_types_of_asyncio_name_only_what_is_there(module, tmp_path):
    typed = ast.parse((FIRMWARE / "stubs" / "asyncio" / (module + ".pyi")).read_text())
    known = {("m", name) for name in typed_names(typed.body)}
    for node in typed.body:
        if isinstance(node, ast.ImportFrom) and node.level:
            known |= {("m", alias.name) for alias in node.names}
        if isinstance(node, ast.ClassDef):  # what its __init__ sets is not there before
            owner = "m.Task(None)" if node.name == "Task" else f"m.{node.name}"
            methods = {n.name for n in node.body if isinstance(n, DEFINITION)}
            known |= {(owner, name) for name in methods - {"__await__"}}
    asked = "".join(f"hasattr({o}, '{n}') or print('{o} {n}')\n" for o, n in sorted(known))
    begin = "import asyncio as m\n" if module == "__init__" else "from asyncio import core as m\n"
    assert len(known) > 10
    assert run(begin + asked, tmp_path) == (0, "")


FORBIDDEN = {
    "gate": [
        "_sys.Worker()",  # a thread
        "_sys.rlimit('core', 0)",
        "_sys.drop(1, 1)",
        "_sys.chown(TMP, 0, 0)",
        "_sys.unix_listen(TMP + '/s', 0o600, 1)",
        "socket.socket(16, 3, 0)",  # netlink
        "time.sleep(0)",  # select(2): it would stall the loop
        "_sys.no_new_privs()",
        "_sys.signals()",
    ],
    "console": [
        "_sys.open('/etc/passwd', 0)",
        "_sys.listdir('/')",
        "_sys.unlink(TMP + '/x')",
        "socket.socket()",
        "_sys.Worker()",
    ],
    "stick": [
        "_sys.open('/etc/passwd', 0)",
        "_sys.stat('/')",
        "_sys.unlink(TMP + '/x')",
        "_sys.pwrite(1, b'x', 0, 1, 0)",
        "socket.socket()",
        "_sys.unix_connect(TMP + '/x')",
        "_sys.ioctl(0, 1, bytearray(99))",
        "_sys.kill(1, 0)",
    ],
}


@pytest.mark.parametrize(
    ("profile", "code"), [(profile, code) for profile in FORBIDDEN for code in FORBIDDEN[profile]]
)
def test_forbidden_call_kills(profile, code, tmp_path):
    begin = "import os, socket, sys, time, _sys\nTMP = os.getenv('RESTANTE_TMP')\n"
    status, _ = run(f"{begin}_sys.seccomp('{profile}')\n{code}\n", tmp_path)
    assert status == -signal.SIGSYS
    # It is the filter that kills: without it the same line ends otherwise.
    status, _ = run(f"{begin}{code}\n", tmp_path)
    assert status in (0, 1)


@pytest.mark.parametrize("profile", ["gate", "console"])
def test_ordinary_work_passes(profile, tmp_path):
    process = start([str(HERE / "on_box" / "filtered.py"), profile], tmp_path)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    code, output = finish(process)
    assert (code, output.split()[-1]) == (0, "passed"), output


def test_dropped_rights(tmp_path):
    uid = os.getuid()
    other = 65534 if uid == 0 else uid
    code = f"""
import _sys
_sys.drop({other}, {other if uid == 0 else os.getgid()})
for line in open('/proc/self/status'):
    if line.startswith(('Uid', 'Gid', 'Groups')):
        print(line)
try:
    _sys.drop(0, 0)
    print('came back')
except OSError as error:
    print('stays', error.errno)
"""
    status, output = run(code, tmp_path)
    assert status == 0, output
    words = output.split()
    assert words[words.index("Uid:") + 1 :][:4] == [str(other)] * 4
    assert "stays" in words and "came back" not in output
    if uid == 0:
        assert words[words.index("Groups:") + 1] == "stays"
