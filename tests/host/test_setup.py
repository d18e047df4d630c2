"""The set-up on other machines than this one: another architecture, packages missing, a user."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
SETUP = TOP / "host-tools" / "setup"


@pytest.fixture
def machine(tmp_path):
    """Runs the set-up on a machine of which some programs answer otherwise."""

    def run(arguments, **answers):
        for name, script in answers.items():
            program = tmp_path / name.replace("_", "-")
            program.write_text("#!/bin/sh\n" + script + "\n")
            program.chmod(0o755)
        path = f"{tmp_path}:{os.environ['PATH']}"
        return subprocess.run(
            [SETUP, *arguments],
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_another_architecture_is_refused_with_a_next_step(machine):
    done = machine(["run"], dpkg="echo arm64")
    assert done.returncode == 1
    assert "arm64" in done.stderr and "next step" in done.stderr


def test_a_user_is_told_the_one_line_that_installs_what_is_missing(machine):
    done = machine(["--packages", "build"], dpkg_query="echo installed:make", id="echo 1000")
    assert done.returncode == 2
    (line,) = done.stdout.splitlines()
    assert line == f"sudo {SETUP} --packages build"
    assert " flex " in done.stderr and " make " not in done.stderr


def test_make_run_asks_for_the_laboratory_before_it_builds(machine):
    """Seen on a machine with the build's packages only: minutes of building, then a refusal."""
    # Not as a part of the make that may be running these tests.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    planned = subprocess.run(
        ["make", "-n", "run"], cwd=TOP, env=alone, capture_output=True, text=True, check=True
    )
    setup, build, run = (line.split() for line in planned.stdout.splitlines())
    assert (setup[1:], build[1:], run[1:]) == (["ready"], ["build", "image"], ["run"])
    build_only = subprocess.run(
        ["sh", "-c", r"sed '/^\[lab\]/,$d; s/#.*//' packages.txt | tr '|' '\n'"],
        cwd=TOP / "host-tools",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    answer = "printf 'installed:%s\\n' " + " ".join(build_only[1:])
    done = machine(["ready"], dpkg_query=answer, id="echo 1000")
    assert done.returncode == 2
    assert done.stdout.splitlines() == [f"sudo {SETUP} --packages build lab"]
    assert " qemu-system-arm " in done.stderr and " make " not in done.stderr


def test_an_alternative_that_is_installed_is_enough(machine):
    named = []
    for line in (TOP / "host-tools" / "packages.txt").read_text().splitlines():
        entry = line.split("#")[0].strip()
        if entry and not entry.startswith("["):
            named.append(entry.split("|")[-1].strip())
    answer = "printf 'installed:%s\\n' " + " ".join(named)
    done = machine(["--packages", "build", "lab", "test"], dpkg_query=answer, id="echo 1000")
    assert done.returncode == 0, done.stderr


def test_a_full_disk_is_named_with_both_figures(tmp_path):
    room = tmp_path / "checkout" / "host-tools"
    room.mkdir(parents=True)
    for name in ("setup", "packages.txt", "requirements.txt"):
        shutil.copy(TOP / "host-tools" / name, room)
    df = tmp_path / "df"
    df.write_text("#!/bin/sh\nprintf 'Filesystem\\n/dev/x 100 90 10 90%% /\\n'\n")
    df.chmod(0o755)
    done = subprocess.run(
        [room / "setup", "build"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "4000 MB" in done.stderr and "there are 10" in done.stderr
