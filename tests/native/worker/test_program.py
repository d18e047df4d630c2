"""The screen program as the box runs it: MicroPython starts it, the fork server takes over."""

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import EICAR, SECONDS, TOP, Server, verdict

CLEAN, INFECTED = 0, 1


def command(*words):
    binary = os.environ["RESTANTE_NATIVE"]
    return [binary, "-X", "heapsize=512k", "-m", "restante.programs.screen", *words]


@pytest.fixture(autouse=True)
def path_of_the_program(monkeypatch):
    monkeypatch.setenv("MICROPYPATH", f"{TOP}/firmware:.frozen")


def test_screens_as_nobody_in_particular(signatures, mail, tmp_path):
    words = ["--signatures", signatures, "--run", tmp_path, "--data", tmp_path]
    server = Server(command(*words), tmp_path / "screen.sock")
    try:
        assert verdict(server.screen(mail(b"hello")))["verdict"] == CLEAN
        assert verdict(server.screen(mail(EICAR)))["verdict"] == INFECTED
        assert server.status()["started"] == 2
        assert os.stat(server.path).st_mode & 0o777 == 0o660
        lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines)
        assert status["NoNewPrivs"] == "1" and status["Threads"] == "1"
        score = Path(f"/proc/{server.process.pid}/oom_score_adj").read_text()
        assert score == "1000\n"
        if os.getuid() == 0:
            assert status["Uid"].split() == ["101"] * 4
            assert status["Groups"].split() == []
            assert os.stat(server.path).st_gid == 100
        else:
            assert status["Uid"].split()[0] == str(os.getuid())
    finally:
        server.stop()


def failing(*words):
    done = subprocess.run(
        command(*words), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_faults_are_said(signatures, tmp_path):
    code, said = failing("--signatures", tmp_path / "missing", "--run", tmp_path)
    assert code == 1 and "missing" in said and "cannot be opened" in said
    code, said = failing("--signatures", signatures, "--run", tmp_path / "nowhere")
    assert code == 1 and "nowhere" in said
    code, said = failing("--nonsense")
    assert code == 2 and "--nonsense" in said and "--signatures FILE" in said
