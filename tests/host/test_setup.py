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


def installed_answer():
    """A script that names every package of packages.txt, of alternatives the last."""
    named = []
    for line in (TOP / "host-tools" / "packages.txt").read_text().splitlines():
        entry = line.split("#")[0].strip()
        if entry and not entry.startswith("["):
            named.append(entry.split("|")[-1].strip())
    return "printf 'installed:%s\\n' " + " ".join(named)


def test_an_alternative_that_is_installed_is_enough(machine):
    done = machine(
        ["--packages", "build", "lab", "test"], dpkg_query=installed_answer(), id="echo 1000"
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def checkout(tmp_path):
    """The set-up in a checkout of its own, and a folder for programs that are found first."""
    room, programs = tmp_path / "checkout" / "host-tools", tmp_path / "programs"
    room.mkdir(parents=True)
    programs.mkdir()
    for name in ("setup", "packages.txt", "requirements.txt"):
        shutil.copy(TOP / "host-tools" / name, room)
    return room / "setup", programs


def run_in(checkout, *arguments):
    script, programs = checkout
    return subprocess.run(
        [script, *arguments],
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def answering(checkout, name, script):
    program = checkout[1] / name
    program.write_text("#!/bin/sh\n" + script + "\n")
    program.chmod(0o755)


def test_a_full_disk_is_named_with_both_figures(checkout):
    answering(checkout, "df", "printf 'Filesystem\\n/dev/x 100 90 10 90%% /\\n'")
    done = run_in(checkout, "build")
    assert done.returncode == 1
    assert "4000 MB" in done.stderr and "there are 10" in done.stderr


def test_a_package_to_unpack_that_cannot_be_fetched_leaves_nothing_half_made(checkout):
    answering(checkout, "apt-get", 'echo "$*" >&2; exit 100')
    answering(checkout, "apt-cache", "echo there")
    answering(checkout, "dpkg-query", installed_answer())
    done = run_in(checkout, "test")
    assert done.returncode == 1
    assert "popa3d could not be fetched" in done.stderr and "next step" in done.stderr
    unpacked = checkout[0].parents[1] / "build" / "unpacked"
    assert [path.name for path in unpacked.iterdir()] == ["popa3d.part"]
